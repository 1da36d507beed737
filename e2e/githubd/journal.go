package githubd

import (
	"fmt"
	"sync"
	"time"
)

// Stage is where a request is.
type Stage string

const (
	// Received is before anything is done about it; all of it has come, but for the
	// body of an upload.
	Received Stage = "received"
	// Handled is after the state has changed and before the answer is sent.
	Handled Stage = "handled"
	// Answered is after the answer was handed to the network, or, with a fault, the
	// connection was given up.
	Answered Stage = "answered"
)

// Event is a request reaching a stage.
type Event struct {
	Stage Stage
	Request
}

// Request is a request that the server got.
type Request struct {
	Time time.Time
	// Operation is how GitHub's description writes it, say
	// "GET /repos/{owner}/{repo}"; "download" for what a browser or a redirected
	// client asks for; empty for what the server does not have.
	Operation   string
	Method      string
	Path, Query string // as the client wrote them
	Login       string // whose token it came with; empty without one
	Status      int    // as the client got it; 0 when it got none, or none yet
	Changed     bool   // whether anything is different since
}

// journal is what a server notes.
type journal struct {
	mu         sync.Mutex
	requests   []*Request
	violations []string
	hook       func(Event)
}

// OnRequest has f called for every request to the API, at every stage, by the
// goroutine that handles it: while f blocks, nothing goes on with that request,
// and everything with others. The last f counts; nil ends it.
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

// Changes is how many of Requests changed anything. What is pushed to the bare
// repository is no request.
func (s *Server) Changes() int {
	n := 0
	for _, r := range s.Requests() {
		if r.Changed {
			n++
		}
	}
	return n
}

// Reset forgets the requests and violations so far.
func (s *Server) Reset() {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	s.journal.requests, s.journal.violations = nil, nil
}

// Violations returns what did not fit GitHub's description, in a request or in an
// answer, what the server does not simulate, and tokens that were sent to the
// storage. A test fails on any.
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

// note adds a request.
func (j *journal) note(r *Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests = append(j.requests, r)
}

// set changes a request that is noted.
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
