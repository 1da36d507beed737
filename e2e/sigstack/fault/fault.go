// Package fault makes a server fail on demand: a reverse proxy that counts requests, delays
// them, refuses them, or loses them or their responses.
package fault

import (
	"net/http"
	"strings"
	"time"
)

// Fault says how a request fails. It can be encoded as JSON, so that a test can inject it
// in another process.
type Fault struct {
	// Method and Path select requests: those with this method, and a path with this prefix.
	// Empty selects all.
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`
	// Skip is how many matching requests pass first.
	Skip int `json:"skip,omitempty"`
	// Larger selects requests whose body has more bytes than that; 0 selects all.
	Larger int64 `json:"larger,omitempty"`
	// Times is how many requests fail; 0 means every one until Clear.
	Times int  `json:"times,omitempty"`
	Kind  Kind `json:"kind"`
	// Status, Header and Body are the response of Refuse.
	Status int               `json:"status,omitempty"`
	Header map[string]string `json:"header,omitempty"`
	Body   string            `json:"body,omitempty"`
}

// Kind is a kind of failure.
type Kind string

const (
	// Refuse responds with Fault.Status; the server does not see the request.
	Refuse Kind = "refuse"
	// Drop closes the connection; the server does not see the request.
	Drop Kind = "drop"
	// Lose forwards the request, then closes the connection instead of responding: the request
	// took effect, but the client cannot know.
	Lose Kind = "lose"
	// Hold forwards the request and does not respond until the client disconnects, or Clear or
	// Close is called. The request takes effect even if the client disconnects.
	Hold Kind = "hold"
	// Truncate forwards the request and breaks off in the middle of the response.
	Truncate Kind = "truncate"
	// Stall reads the request and does not respond until the client disconnects, or Clear or
	// Close is called.
	Stall Kind = "stall"
)

// Status returns the fault of a server that responds with status, n times or, if n is 0,
// always. A 429 has "Retry-After: 1".
func Status(status, n int) Fault {
	f := Fault{Kind: Refuse, Status: status, Times: n}
	if status == http.StatusTooManyRequests {
		f.Header = map[string]string{"Retry-After": "1"}
	}
	return f
}

// meets reports whether the fault applies to r.
func (f Fault) meets(r *http.Request) bool {
	return (f.Method == "" || f.Method == r.Method) && strings.HasPrefix(r.URL.Path, f.Path) && (f.Larger == 0 || r.ContentLength > f.Larger)
}

// Request is a request received by a Proxy.
type Request struct {
	Time   time.Time `json:"time"`
	Method string    `json:"method"`
	Path   string    `json:"path"`            // without its query
	Status int       `json:"status"`          // as sent to the client; 0 if it got none, or none yet
	Fault  Kind      `json:"fault,omitempty"` // the fault applied, if any
}
