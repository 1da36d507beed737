package githubd

import (
	"fmt"
	"sync"
	"time"
)

// Stage is a stage of processing a request.
type Stage string

const (
	// Received is before the request has any effect; it has been read, except for the body of
	// an upload.
	Received Stage = "received"
	// Handled is after the request took effect and before the response is sent.
	Handled Stage = "handled"
	// Answered is after the response was handed to the network or, with a fault, the
	// connection was closed.
	Answered Stage = "answered"
)

// Event is a request that reached a stage.
type Event struct {
	Stage Stage
	Request
}

// Request is a request received by the server.
type Request struct {
	Time time.Time
	// Operation is the operation as spelled in GitHub's description: "GET
	// /repos/{owner}/{repo}"; "download" for downloads by a browser or a redirected client;
	// empty if the server does not have it.
	Operation   string
	Method      string
	Path, Query string // as the client wrote them
	Login       string // of its token; empty without one
	Status      int    // as sent to the client; 0 if it got none, or none yet
	Changed     bool   // whether it changed anything
}

// journal records requests and violations.
type journal struct {
	mu         sync.Mutex
	requests   []*Request
	violations []string
	hook       func(Event)
}

// OnRequest sets a function that is called for every request to the API at every stage, in
// the goroutine of the request: if f blocks, only that request waits. nil removes it.
func (s *Server) OnRequest(f func(Event)) {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	s.journal.hook = f
}

// Requests returns the requests so far, oldest first.
func (s *Server) Requests() []Request {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	all := make([]Request, 0, len(s.journal.requests))
	for _, r := range s.journal.requests {
		all = append(all, *r)
	}
	return all
}

// Changes returns how many of Requests changed anything. A push to the bare repository is
// not a request.
func (s *Server) Changes() int {
	n := 0
	for _, r := range s.Requests() {
		if r.Changed {
			n++
		}
	}
	return n
}

// Reset clears the recorded requests and violations.
func (s *Server) Reset() {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	s.journal.requests, s.journal.violations = nil, nil
}

// Violations returns requests and responses that do not match GitHub's description, uses of
// what the server does not simulate, and tokens that were sent to the storage. A test must
// fail if there are any.
func (s *Server) Violations() []string {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return append([]string(nil), s.journal.violations...)
}

func (j *journal) violate(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.violations = append(j.violations, fmt.Sprintf(format, args...))
}

// note records a request.
func (j *journal) note(r *Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests = append(j.requests, r)
}

// set changes a recorded request.
func (j *journal) set(f func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f()
}

// reach calls the hook.
func (j *journal) reach(stage Stage, r *Request) {
	j.mu.Lock()
	hook, event := j.hook, Event{stage, *r}
	j.mu.Unlock()
	if hook != nil {
		hook(event)
	}
}
