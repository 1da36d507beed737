package githubd

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault is a failure of GitHub that a proxy in front of it cannot simulate.
type Fault struct {
	// Operation selects requests, as spelled in GitHub's description: "POST
	// /repos/{owner}/{repo}/releases". Empty selects all to which Kind applies.
	Operation string
	Kind      FaultKind
	// Times is how many requests fail; 0 means every one until ClearFaults.
	Times int
	// After is how long a rate limit asks to wait: Retry-After, or the time until the reset.
	// It must be whole seconds.
	After time.Duration
}

// FaultKind is a kind of failure.
type FaultKind string

const (
	// PrimaryLimit answers 403 with no requests remaining. The request has no effect.
	PrimaryLimit FaultKind = "primary limit"
	// SecondaryLimit answers 403 with Retry-After. The request has no effect.
	SecondaryLimit FaultKind = "secondary limit"
	// SecondaryLimitDone answers like SecondaryLimit, but after the request took effect.
	SecondaryLimitDone FaultKind = "secondary limit, done"
	// LoseAnswer closes the connection instead of answering a request that took effect.
	LoseAnswer FaultKind = "lose answer"
	// StarterAsset answers an upload with 502, and leaves an empty asset in state starter.
	StarterAsset FaultKind = "starter asset"
	// StaleList leaves the newest release out of a list: GitHub's lists can lag behind.
	StaleList FaultKind = "stale list"
)

// Inject adds a fault. If several apply to a request, the first added that is not used up
// is used.
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

// ClearFaults removes all faults.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// meet returns the first fault of the given kinds that applies to the request, and counts
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

// throttled returns the response of an injected rate limit, nil if there is none.
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

// spoil applies faults to the response of a request that took effect. It returns the
// response, and whether that is lost.
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
