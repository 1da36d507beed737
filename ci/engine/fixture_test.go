package engine

import (
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"dagger.io/dagger"

	"dagger/slipway/ci/step"
)

const rust = "registry.example/rust@sha256:0123"

// connect returns a client that is connected to a fake engine, which has an image.
func connect(t *testing.T) (*dagger.Client, *fakeEngine) {
	t.Helper()
	e := &fakeEngine{images: map[string][]string{rust: {"PATH=/usr/local/bin:/usr/bin", "RUST_VERSION=1.90"}}, commands: map[string]command{}}
	client, err := dagger.Connect(t.Context(), dagger.WithConn(e))
	if err != nil {
		t.Fatal(err)
	}
	return client, e
}

// newRunner returns a runner on a fake engine.
func newRunner(t *testing.T, opts Options) (*Runner, *fakeEngine) {
	t.Helper()
	client, e := connect(t)
	opts.Client, opts.Work = client, t.TempDir()
	opts.Source = client.Host().Directory("/workspace")
	return New(opts), e
}

// run runs steps, which must succeed, and returns the container after the last one's command.
func run(t *testing.T, r *Runner, e *fakeEngine, steps ...step.Step) chain {
	t.Helper()
	for _, s := range steps {
		if _, err := r.Run(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	return e.last(t)
}

// last returns the container after the command whose exit code was asked for last.
func (e *fakeEngine) last(t *testing.T) chain {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := len(e.asked) - 1; i >= 0; i-- {
		if c := e.asked[i]; c[len(c)-1].name == "exitCode" {
			return c[:len(c)-1]
		}
	}
	t.Fatal("no command has run")
	return nil
}

// command returns the parts of the last command line, as [call.command].
func (c chain) command(t *testing.T) (script string, sandbox, own []string) {
	t.Helper()
	if len(c) == 0 || c[len(c)-1].name != "withExec" {
		t.Fatalf("%v does not end with a command", c)
	}
	return c[len(c)-1].command()
}

// made returns the calls that make an object of the engine.
func made(t *testing.T, e *fakeEngine, id dagger.ID, err error) chain {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.object(string(id))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var random = regexp.MustCompile(`\b[A-Z2-7]{26}\b|(tree-|export-)[0-9]+`)

// masked replaces what differs between two runs of a test: random text and its directory.
func masked(r *Runner, text string) string {
	return random.ReplaceAllString(strings.ReplaceAll(text, r.opts.Work, "WORK"), "${1}RANDOM")
}

// noGoroutineLeft fails the test if more goroutines are running at its end than now.
func noGoroutineLeft(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for range 200 {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
	})
}
