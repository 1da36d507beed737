package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var (
	errTransient = errors.New("502")
	errStays     = errors.New("403")
	errThere     = fmt.Errorf("500: %w", ErrThere)
)

func isTransient(err error) (time.Duration, bool) { return 0, errors.Is(err, errTransient) }

// remote is the fake remote state that an effect changes.
type remote struct {
	done       bool
	lag        int // how many looks do not show the change yet
	fail       []error
	carriedOut bool // a failing action takes effect all the same
	looks      int
	acts       int
	conflict   error
}

func (r *remote) effect() Effect {
	return Effect{
		Kind: "test", About: "change something",
		Look: func(context.Context) (Verdict, error) {
			r.looks++
			if r.conflict != nil {
				return Do, r.conflict
			}
			if r.done && r.lag > 0 {
				r.lag--
				return Do, nil
			}
			if r.done {
				return Done, nil
			}
			return Do, nil
		},
		Act: func(context.Context) error {
			r.acts++
			if len(r.fail) > 0 {
				err := r.fail[0]
				r.fail = r.fail[1:]
				r.done = r.carriedOut
				return err
			}
			r.done = true
			return nil
		},
	}
}

func TestPerform(t *testing.T) {
	tests := []struct {
		name   string
		remote remote
		state  string
		acts   int
		want   string
	}{
		{"unchanged", remote{done: true}, Unchanged, 0, ""},
		{"done", remote{}, WasDone, 1, ""},
		{"seen late: never done twice", remote{lag: 3}, WasDone, 1, ""},
		{"fails once and passes", remote{fail: []error{errTransient}}, WasDone, 2, ""},
		{"the answer is lost", remote{fail: []error{errTransient}, carriedOut: true}, WasDone, 1, ""},
		{"there already, and seen late: never done twice", remote{fail: []error{errThere}, carriedOut: true, lag: 3}, WasDone, 1, ""},
		{"refused", remote{fail: []error{errStays}}, Failed, 1, "403"},
		{"a conflict", remote{conflict: &Conflict{"it is there", "look"}}, Failed, 0, "it is there: look"},
		{"down", remote{fail: []error{errTransient, errTransient, errTransient, errTransient, errTransient, errTransient}}, Failed, 5, "502"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, err := tt.remote.effect().Perform(t.Context(), isTransient)
			if o.State != tt.state || tt.remote.acts != tt.acts {
				t.Errorf("%q after %d acts, want %q after %d: %v", o.State, tt.remote.acts, tt.state, tt.acts, err)
			}
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// TestPerformTells checks that the user is told about each long wait: for exactly as long as
// the remote side asks, and until a change becomes visible.
func TestPerformTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &remote{fail: []error{errTransient}, lag: 5}
		e := r.effect()
		var told []string
		e.Tell = func(what string) { told = append(told, what) }
		begin := time.Now()
		if _, err := e.Perform(t.Context(), func(error) (time.Duration, bool) { return 10 * time.Minute, true }); err != nil {
			t.Fatal(err)
		}
		want := []string{
			"waiting 10m0s, until " + begin.Add(10*time.Minute).UTC().Format("15:04:05 MST") + ", before retrying: change something",
			"done; waiting at most 30s until it is visible: change something",
		}
		if !slices.Equal(told, want) || r.acts != 2 {
			t.Errorf("%d acts, and told\n%q\nwant\n%q", r.acts, told, want)
		}
		if took := time.Since(begin); took < 10*time.Minute || took > 11*time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

// TestPerformInterrupted checks that a cancelled context lets the effect in progress finish
// and starts no other.
func TestPerformInterrupted(t *testing.T) {
	why := errors.New("a person ended it")
	ctx, cancel := context.WithCancelCause(t.Context())
	r := &remote{}
	e := r.effect()
	act := e.Act
	e.Act = func(inner context.Context) error {
		cancel(why)
		if inner.Err() != nil {
			t.Error("the effect was interrupted")
		}
		return act(inner)
	}
	if _, err := e.Perform(ctx, isTransient); !errors.Is(err, why) || !r.done {
		t.Errorf("error %v, done %t", err, r.done)
	}
	next := &remote{}
	if o, err := next.effect().Perform(ctx, isTransient); !errors.Is(err, why) || next.acts+next.looks > 0 || o.State != Failed {
		t.Errorf("error %v, %d acts, %d looks", err, next.acts, next.looks)
	}
}
