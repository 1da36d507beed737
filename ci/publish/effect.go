// Package publish performs the effects of a release: changes to something that
// others see. Each looks at the remote state, decides, acts and looks again, so
// that a release that ended anywhere is finished by running it again, and nothing
// is done twice. State comes from the remote side alone.
package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dagger/slipway/ci/transport"
)

// Verdict is what a look at the remote state comes to.
type Verdict int

// The verdicts.
const (
	// Done: the remote side is as the effect would leave it.
	Done Verdict = iota
	// Do: the effect has to be performed.
	Do
)

// Effect is one change to something that others see.
type Effect struct {
	// Kind and About are as the plan lists the effect.
	Kind, About string
	// Look reads the remote state and decides. A state that a release must not
	// change is a *Conflict.
	Look func(context.Context) (Verdict, error)
	// Act performs the effect once. It may have been performed although an error
	// comes back.
	Act func(context.Context) error
	// Patience is how long the remote side may take to show what was done.
	Patience time.Duration
	// Where tells a person where to see it, once it is done; may be nil.
	Where func() string
	// Tell tells a person that it waits, and for what; may be nil.
	Tell func(string)
}

// ErrThere is what acting fails with when the remote side says that it has been done
// already: by a run whose answer was lost, or by another one. What is there is looked
// at, once it shows; acting again would bring the same answer.
var ErrThere = errors.New("the remote side says that it is there already")

// Transient judges an error of acting: whether it may pass, and how long to wait.
type Transient func(error) (time.Duration, bool)

// Conflict is the error of a remote state that a release must not change: a person
// has to decide.
type Conflict struct {
	What string // what was found, and what was expected
	Next string // what to do
}

func (c *Conflict) Error() string { return c.What + ": " + c.Next }

// Outcome is what became of an effect.
type Outcome struct {
	Kind    string  `json:"kind"`
	About   string  `json:"about"`
	State   string  `json:"state"` // found done, done, failed, not begun
	URL     string  `json:"url,omitempty"`
	Seconds float64 `json:"seconds"`
}

// The states of an outcome.
const (
	FoundDone = "found done"
	WasDone   = "done"
	Failed    = "failed"
	NotBegun  = "not begun"
)

// attempts is how often an effect is tried that fails with what may pass.
const attempts = 5

// patience is how long what was done may take to be seen where nothing else is said.
const patience = 30 * time.Second

// Perform performs one effect, unless it finds it done. transient reports whether
// an error may pass, and how long to wait for that at least. When ctx ends, what
// has begun is finished first: a request whose answer nobody waits for may have
// been carried out.
func (e Effect) Perform(ctx context.Context, transient Transient) (Outcome, error) {
	begin := time.Now()
	state, err := e.perform(ctx, transient)
	o := Outcome{Kind: e.Kind, About: e.About, State: state, Seconds: time.Since(begin).Seconds()}
	if err != nil {
		return o, fmt.Errorf("performing %q: %w", e.About, err)
	}
	if e.Where != nil {
		o.URL = e.Where()
	}
	return o, nil
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
			return FoundDone, nil
		case verdict == Done:
			return WasDone, nil
		case !acted.IsZero():
			// Done, and not seen: the remote side may lag behind itself.
			if time.Since(acted) > limit {
				return Failed, errors.Join(fmt.Errorf("it was done, and in %s nothing shows it: run again later", limit), failed)
			}
			if !lagging {
				lagging = true
				e.tell(fmt.Sprintf("done, and waiting until it shows, for %s at most: %s", limit, e.About))
			}
		default:
			if attempt >= attempts {
				return Failed, failed
			}
			if failed = e.Act(working); failed == nil || errors.Is(failed, ErrThere) {
				acted = time.Now()
				continue
			}
			asked, passes := transient(failed)
			if !passes {
				return Failed, failed
			}
			if asked > 0 && attempt+1 < attempts { // after the last one it only looks once more
				wait = max(wait, asked)
				until := time.Now().Add(asked).UTC().Format("15:04:05 MST")
				e.tell(fmt.Sprintf("waiting %s, until %s, before another try: %s", asked.Round(time.Second), until, e.About))
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
