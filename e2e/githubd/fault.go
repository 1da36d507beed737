package githubd

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault is something that GitHub does to requests now and then, beyond what a
// proxy in front of it can do.
type Fault struct {
	// Operation chooses the requests, as GitHub's description writes it, say
	// "POST /repos/{owner}/{repo}/releases". Empty means all that Kind is for.
	Operation string
	Kind      FaultKind
	// Times is how many requests it meets; 0 means every one until ClearFaults.
	Times int
	// After is how long the limits ask to wait: Retry-After, or the time until the
	// reset. It is in whole seconds.
	After time.Duration
}

// FaultKind is a way to fail.
type FaultKind string

const (
	// PrimaryLimit answers 403 with no requests remaining, and does nothing.
	PrimaryLimit FaultKind = "primary limit"
	// SecondaryLimit answers 403 with Retry-After, and does nothing.
	SecondaryLimit FaultKind = "secondary limit"
	// SecondaryLimitDone answers as SecondaryLimit does to a request that has changed
	// something: what was asked for is done, though the answer denies it.
	SecondaryLimitDone FaultKind = "secondary limit, done"
	// LoseAnswer closes the connection instead of answering a request that has
	// changed something.
	LoseAnswer FaultKind = "lose answer"
	// StarterAsset answers an upload 502, and leaves an empty asset of state starter.
	StarterAsset FaultKind = "starter asset"
	// StaleList has a list of releases lack the newest one: GitHub's lags behind.
	StaleList FaultKind = "stale list"
)

// Inject adds a fault. Of several that a request meets, the one that was added
// first and is not used up happens.
func (s *Server) Inject(f Fault) error {
	kinds := []FaultKind{PrimaryLimit, SecondaryLimit, SecondaryLimitDone, LoseAnswer, StarterAsset, StaleList}
	switch {
	case !slices.Contains(kinds, f.Kind):
		return fmt.Errorf("injecting fault: unknown kind %q; expected one of %q", f.Kind, kinds)
	case f.Times < 0:
		return fmt.Errorf("injecting fault: %d times; expected 1 or more, or 0 for ever", f.Times)
	case f.Operation != "" && !slices.ContainsFunc(s.routes, func(r route) bool { return r.String() == f.Operation }):
		return fmt.Errorf("injecting fault: unknown operation %q; expected one as GitHub's description writes it", f.Operation)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
	return nil
}

// ClearFaults ends all faults.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// meet returns the first fault of these kinds that the request meets, and counts
// it.
func (c *call) meet(kinds ...FaultKind) *Fault {
	i := slices.IndexFunc(c.s.faults, func(f Fault) bool {
		return slices.Contains(kinds, f.Kind) && (f.Operation == "" || f.Operation == c.route.String())
	})
	if i < 0 {
		return nil
	}
	f := c.s.faults[i]
	if f.Times > 1 {
		c.s.faults[i].Times--
	} else if f.Times == 1 {
		c.s.faults = slices.Delete(c.s.faults, i, i+1)
	}
	return &f
}

// throttled is the answer to a request that a limit keeps from being done.
func (c *call) throttled() *answer {
	f := c.meet(PrimaryLimit, SecondaryLimit)
	if f == nil {
		return nil
	}
	if f.Kind == SecondaryLimit {
		return c.secondary(f.After)
	}
	a := c.exhausted()
	a.header = map[string]string{
		"X-RateLimit-Remaining": "0",
		"X-RateLimit-Reset":     strconv.FormatInt(time.Now().Add(f.After).Unix(), 10),
	}
	return a
}

// spoil is what becomes of the answer to a request that is done, and whether it
// gets lost.
func (s *Server) spoil(c *call, a *answer) (*answer, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := false
	s.journal.set(func() { changed = c.entry.Changed })
	if !changed || a.status >= http.StatusBadRequest {
		return a, false
	}
	f := c.meet(LoseAnswer, SecondaryLimitDone)
	switch {
	case f == nil:
		return a, false
	case f.Kind == LoseAnswer:
		return a, true
	}
	return c.secondary(f.After), false
}
