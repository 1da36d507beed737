package step

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// steps returns steps made from "name: need need", each with one output.
func steps(lines ...string) []Step {
	var list []Step
	for _, line := range lines {
		name, needs, _ := strings.Cut(line, ":")
		s := Step{Name: name, Mounts: []Mount{{Path: "/out"}}, Outputs: []Output{{Name: "o", Path: "/out"}}}
		for _, n := range strings.Fields(needs) {
			s.Mounts = append(s.Mounts, Mount{Path: "/" + n, Step: n, Output: "o"})
		}
		list = append(list, s)
	}
	return list
}

// noGoroutineLeft fails the test if more goroutines are running at its end than now.
func noGoroutineLeft(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for range 100 {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
	})
}

func TestRunAllOrder(t *testing.T) {
	noGoroutineLeft(t)
	list := steps("early", "fetch: early", "deps: fetch", "build: deps", "test: build", "package: fetch")
	for range 50 {
		var mu sync.Mutex
		ended := map[string]bool{}
		results, err := RunAll(t.Context(), list, func(_ context.Context, s Step) (Result, error) {
			mu.Lock()
			defer mu.Unlock()
			for _, n := range s.Needs() {
				if !ended[n] {
					t.Errorf("%q began before %q had ended", s.Name, n)
				}
			}
			ended[s.Name] = true
			return Result{Stdout: "of " + s.Name}, nil
		})
		if err != nil || len(results) != len(list) || results["test"].Stdout != "of test" {
			t.Fatalf("RunAll = %v, %v", results, err)
		}
	}
	results, err := RunAll(t.Context(), list[1:], func(context.Context, Step) (Result, error) { return Result{}, nil })
	if err != nil || len(results) != len(list)-1 {
		t.Errorf("with an early step that ran before: %v, %v", results, err)
	}
}

// TestRunAllConcurrent checks that steps that do not need each other run concurrently: each of
// two waits until the other has started.
func TestRunAllConcurrent(t *testing.T) {
	noGoroutineLeft(t)
	var both sync.WaitGroup
	both.Add(2)
	_, err := RunAll(t.Context(), steps("a", "b", "c: a b"), func(ctx context.Context, s Step) (Result, error) {
		if s.Name == "c" {
			return Result{}, nil
		}
		both.Done()
		met := make(chan struct{})
		go func() { both.Wait(); close(met) }()
		select {
		case <-met:
			return Result{}, nil
		case <-time.After(10 * time.Second):
			both.Add(-1) // release the waiting goroutine
			return Result{}, errors.New("it runs alone")
		}
	})
	if err != nil {
		t.Error(err)
	}
}

func TestRunAllFailure(t *testing.T) {
	noGoroutineLeft(t)
	boom := errors.New("boom")
	var mu sync.Mutex
	var began, cancelled []string
	results, err := RunAll(t.Context(), steps("slow", "bad", "after: bad", "last: slow"), func(ctx context.Context, s Step) (Result, error) {
		mu.Lock()
		began = append(began, s.Name)
		mu.Unlock()
		if s.Name == "bad" {
			return Result{}, boom
		}
		<-ctx.Done()
		mu.Lock()
		cancelled = append(cancelled, s.Name)
		mu.Unlock()
		return Result{}, ctx.Err()
	})
	if !errors.Is(err, boom) || len(results) != 0 {
		t.Errorf("RunAll = %v, %v, want the first failure", results, err)
	}
	if slices.Contains(began, "after") || slices.Contains(began, "last") {
		t.Errorf("began %q", began)
	}
	if slices.Contains(began, "slow") != slices.Contains(cancelled, "slow") {
		t.Errorf("began %q, cancelled %q", began, cancelled)
	}
}

func TestRunAllCancelled(t *testing.T) {
	noGoroutineLeft(t)
	why := errors.New("a person ended it")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := RunAll(ctx, steps("a", "b: a"), func(ctx context.Context, s Step) (Result, error) {
		cancel(why)
		<-ctx.Done()
		return Result{}, context.Cause(ctx)
	})
	if !errors.Is(err, why) {
		t.Errorf("RunAll = %v, want %v", err, why)
	}
}

// TestRunAllAlreadyCancelled checks that no step starts once the run is cancelled.
func TestRunAllAlreadyCancelled(t *testing.T) {
	noGoroutineLeft(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := RunAll(ctx, steps("a"), func(ctx context.Context, s Step) (Result, error) {
		t.Errorf("%q began", s.Name)
		return Result{}, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("RunAll = %v", err)
	}
}

func TestNeeded(t *testing.T) {
	list := steps("toolchain", "fetch", "deps: fetch", "build-a: deps", "test-a: build-a", "build-b: deps", "package: fetch")
	tests := []struct{ names, want string }{
		{"test-a", "fetch, deps, build-a, test-a"},
		{"build-a|build-b", "fetch, deps, build-a, build-b"},
		{"package|toolchain", "toolchain, fetch, package"},
		{"none", ""},
	}
	for _, tt := range tests {
		var got []string
		wanted := strings.Split(tt.names, "|")
		for _, s := range Needed(list, wanted) {
			got = append(got, s.Name)
		}
		if s := strings.Join(got, ", "); s != tt.want {
			t.Errorf("Needed(%s) = %s, want %s", tt.names, s, tt.want)
		}
		if !slices.Equal(wanted, strings.Split(tt.names, "|")) {
			t.Errorf("Needed changed its argument to %q", wanted)
		}
	}
	names := make([]string, 1, 8)
	names[0] = "test-a"
	Needed(list, names)
	if rest := names[:8]; rest[1] != "" {
		t.Errorf("Needed wrote behind its argument: %q", rest)
	}
}
