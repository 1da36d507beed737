// Package publish performs the effects of a release: changes that are visible to others. Each
// effect looks at the remote state, decides, acts and looks again, so that running an
// interrupted release again finishes it, and nothing is done twice. No state is kept locally.
package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dagger/slipway/ci/transport"
)

// Verdict is the outcome of a look at the remote state.
type Verdict int

// The possible verdicts.
const (
	// Done means that the remote state is what the effect would produce.
	Done Verdict = iota
	// Do means that the effect has to be performed.
	Do
)

// Effect is one change that is visible to others.
type Effect struct {
	// Kind and About are as listed in the plan, and Crate or Image is what the effect is about.
	Kind, About  string
	Crate, Image string
	// Look reads the remote state and decides. It returns a *Conflict for a state that a
	// release must not change.
	Look func(context.Context) (Verdict, error)
	// Act performs the effect once. The effect may have taken place even if Act returns an
	// error.
	Act func(context.Context) error
	// Patience is how long the change may take to become visible. At least 30 seconds are
	// allowed.
	Patience time.Duration
	// Where returns where to find the result once the effect is done. It may be nil.
	Where func() string
	// Tell informs the user of a wait and its reason, and of the outcome. It may be nil.
	Tell func(string)
	// Parallel means that the effect may be performed side by side with others that are marked so.
	Parallel bool
}

// ErrThere is returned by Act when the remote side says that the change has already been
// made, by another run or by a request whose response was lost. It is not retried: Perform
// looks until the change is visible.
var ErrThere = errors.New("the remote side says that it already exists")

// Transient reports whether an error of Act is transient, and the minimum time to wait before
// the next attempt.
type Transient func(error) (time.Duration, bool)

// Conflict is the error for a remote state that a release must not change and that a person
// has to resolve.
type Conflict struct {
	What string // what was found, and what was expected
	Next string // what to do
}

func (c *Conflict) Error() string { return c.What + ": " + c.Next }

// Outcome is the result of one effect.
type Outcome struct {
	Kind    string  `json:"kind"`
	Crate   string  `json:"crate,omitempty"`
	Image   string  `json:"image,omitempty"`
	About   string  `json:"about"`
	State   string  `json:"state"` // "unchanged", "done", "failed" or "not begun"
	URL     string  `json:"url,omitempty"`
	Seconds float64 `json:"seconds"`
}

// Performed reports whether the effect is done, by this run or an earlier one.
func (o Outcome) Performed() bool { return o.State == WasDone || o.State == Unchanged }

// The states of an outcome.
const (
	Unchanged = "unchanged"
	WasDone   = "done"
	Failed    = "failed"
	NotBegun  = "not begun"
)

// attempts is how many times an effect is attempted on transient errors.
const attempts = 5

// patience is the minimum time allowed for a change to become visible.
const patience = 30 * time.Second

// Perform performs the effect unless it is already done, and retries on transient errors.
// When ctx is cancelled, the call in progress is completed first: an abandoned request may
// still be carried out by the server.
func (e Effect) Perform(ctx context.Context, transient Transient) (Outcome, error) {
	begin := time.Now()
	state, err := e.perform(ctx, transient)
	o := e.outcome(state)
	o.Seconds = time.Since(begin).Seconds()
	if err != nil {
		return o, fmt.Errorf("performing %q: %w", e.About, err)
	}
	if e.Where != nil {
		o.URL = e.Where()
	}
	return o, nil
}

func (e Effect) outcome(state string) Outcome {
	return Outcome{Kind: e.Kind, Crate: e.Crate, Image: e.Image, About: e.About, State: state}
}

func (e Effect) perform(ctx context.Context, transient Transient) (string, error) {
	working := context.WithoutCancel(ctx)
	limit := max(e.Patience, patience)
	var acted time.Time
	var failed error
	lagging := false
	for attempt := 0; ; attempt++ {
		wait := transport.Wait(attempt)
		if ctx.Err() != nil {
			return Failed, errors.Join(context.Cause(ctx), failed)
		}
		verdict, err := e.Look(working)
		switch {
		case err != nil:
			return Failed, errors.Join(err, failed)
		case verdict == Done && acted.IsZero() && failed == nil:
			return Unchanged, nil
		case verdict == Done:
			return WasDone, nil
		case !acted.IsZero():
			// Done but not visible yet: the remote side may be eventually consistent.
			if time.Since(acted) > limit {
				return Failed, errors.Join(fmt.Errorf("it was done, but did not become visible within %s: run again later", limit), failed)
			}
			if !lagging {
				lagging = true
				e.tell(fmt.Sprintf("done; waiting at most %s until it is visible: %s", limit, e.About))
			}
		default:
			if attempt >= attempts {
				return Failed, failed
			}
			if failed = e.Act(working); failed == nil || errors.Is(failed, ErrThere) {
				acted = time.Now()
				continue
			}
			asked, retryable := transient(failed)
			if !retryable {
				return Failed, failed
			}
			if asked > 0 && attempt+1 < attempts { // after the last attempt it only looks again
				wait = max(wait, asked)
				until := time.Now().Add(asked).UTC().Format("15:04:05 MST")
				e.tell(fmt.Sprintf("waiting %s, until %s, before retrying: %s", asked.Round(time.Second), until, e.About))
			}
		}
		pause(ctx, wait)
	}
}

func (e Effect) tell(what string) {
	if e.Tell != nil {
		e.Tell(what)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
