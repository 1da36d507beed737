// Package fault makes a server fail on demand: a reverse proxy that counts the
// requests it gets, delays them, refuses them, loses them or their answers.
package fault

import (
	"net/http"
	"strings"
	"time"
)

// Fault is what happens to a request instead of its being answered. It is JSON so
// that a test can set it in another process.
type Fault struct {
	// Method and Path choose the requests: those of this method, on a path that
	// begins so. Empty means all.
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`
	// Skip is how many requests that it is for it lets pass first.
	Skip int `json:"skip,omitempty"`
	// Larger leaves out requests whose body has no more bytes than that; 0 none.
	Larger int64 `json:"larger,omitempty"`
	// Times is how many requests it meets; 0 means every one until Clear.
	Times int  `json:"times,omitempty"`
	Kind  Kind `json:"kind"`
	// Status, Header and Body are the answer of Refuse.
	Status int               `json:"status,omitempty"`
	Header map[string]string `json:"header,omitempty"`
	Body   string            `json:"body,omitempty"`
}

// Kind is a way to fail.
type Kind string

const (
	// Refuse answers with Fault.Status; the server does not see the request.
	Refuse Kind = "refuse"
	// Drop closes the connection; the server does not see the request.
	Drop Kind = "drop"
	// Lose hands the request on, then closes the connection instead of answering:
	// what the server did is done, and the client cannot know.
	Lose Kind = "lose"
	// Hold hands the request on and never answers, until the client goes away, or
	// Clear or Close is called. What the server did is done, though the client goes.
	Hold Kind = "hold"
	// Truncate hands the request on and breaks off in the middle of the answer.
	Truncate Kind = "truncate"
	// Stall reads the request and never answers, until the client goes away, or
	// Clear or Close is called.
	Stall Kind = "stall"
)

// Status is the fault of a server that answers with status, n times or, when n is
// 0, for ever. A 429 comes with "Retry-After: 1".
func Status(status, n int) Fault {
	f := Fault{Kind: Refuse, Status: status, Times: n}
	if status == http.StatusTooManyRequests {
		f.Header = map[string]string{"Retry-After": "1"}
	}
	return f
}

// meets reports whether r is a request that f is for.
func (f Fault) meets(r *http.Request) bool {
	return (f.Method == "" || f.Method == r.Method) && strings.HasPrefix(r.URL.Path, f.Path) && (f.Larger == 0 || r.ContentLength > f.Larger)
}

// Request is a request that a Proxy got.
type Request struct {
	Time   time.Time `json:"time"`
	Method string    `json:"method"`
	Path   string    `json:"path"`            // without its query
	Status int       `json:"status"`          // as the client got it; 0 when it got none, or none yet
	Fault  Kind      `json:"fault,omitempty"` // the one it met, if any
}
