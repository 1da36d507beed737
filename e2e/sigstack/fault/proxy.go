package fault

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Proxy is a reverse proxy in front of one server. It is safe for concurrent use.
type Proxy struct {
	// URL is where clients reach it, without a trailing slash.
	URL string

	server  *http.Server
	forward *httputil.ReverseProxy

	mu       sync.Mutex
	delay    time.Duration
	target   *url.URL
	hook     func(Event)
	faults   []Fault
	requests []*Request
	cleared  chan struct{} // closed to release stalled requests
}

// NewProxy listens on a free port of 127.0.0.1 and forwards to the server at target until
// Close.
func NewProxy(target string) (*Proxy, error) {
	p := &Proxy{cleared: make(chan struct{})}
	if err := p.Aim(target); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("starting proxy of %q: %w", target, err)
	}
	p.URL = "http://" + l.Addr().String()
	p.forward = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			p.mu.Lock()
			defer p.mu.Unlock()
			r.SetURL(p.target)
			// A server that refuses a request without reading its body resets the connection, and the
			// answer is lost if the body is being sent.
			if r.Out.ContentLength != 0 {
				r.Out.Header.Set("Expect", "100-continue")
			}
		},
		// Ignore proxies set in the environment.
		Transport: &http.Transport{ExpectContinueTimeout: time.Second},
	}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	go func() { _ = p.server.Serve(l) }()
	return p, nil
}

// Aim makes the proxy forward to another target from now on.
func (p *Proxy) Aim(target string) error {
	u, err := url.Parse(target)
	if err != nil {
		return fmt.Errorf("aiming a proxy: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = u
	return nil
}

// Close stops the proxy and closes all connections.
func (p *Proxy) Close() error {
	p.Clear()
	return p.server.Close()
}

// Delay delays every response by d. Zero ends that.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Inject adds a fault. If several apply to a request, the first added that is not used up
// is used.
func (p *Proxy) Inject(f Fault) error {
	kinds := []Kind{Refuse, Drop, Lose, Hold, Truncate, Stall}
	switch {
	case !slices.Contains(kinds, f.Kind):
		return fmt.Errorf("injecting fault: unknown kind %q; expected one of %q", f.Kind, kinds)
	case f.Times < 0 || f.Skip < 0:
		return fmt.Errorf("injecting fault: %d times after %d; expected 1 or more, or 0 for ever, after 0 or more", f.Times, f.Skip)
	case f.Kind == Refuse && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("injecting fault: status %d; expected 200 to 599", f.Status)
	case f.Kind != Refuse && (f.Status != 0 || f.Header != nil || f.Body != ""):
		return fmt.Errorf("injecting fault: an answer with kind %q; only %q gives one", f.Kind, Refuse)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, f)
	return nil
}

// Clear removes all faults and the delay; stalled requests lose their connection.
func (p *Proxy) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults, p.delay = nil, 0
	close(p.cleared)
	p.cleared = make(chan struct{})
}

// Reset clears the recorded requests.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = nil
}

// Requests returns the requests since the start or the last Reset, oldest first, including
// failed ones.
func (p *Proxy) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]Request, 0, len(p.requests))
	for _, r := range p.requests {
		all = append(all, *r)
	}
	return all
}

// Count returns how many of Requests have a path with the prefix.
func (p *Proxy) Count(prefix string) int {
	n := 0
	for _, r := range p.Requests() {
		if strings.HasPrefix(r.Path, prefix) {
			n++
		}
	}
	return n
}

// take records r. It returns its record, the delay, the fault that applies, nil if none,
// and the channel that Clear closes.
func (p *Proxy) take(r *http.Request) (*Request, time.Duration, *Fault, chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	note := &Request{Time: time.Now(), Method: r.Method, Path: r.URL.Path}
	p.requests = append(p.requests, note)
	i := p.meet(r)
	if i < 0 {
		return note, p.delay, nil, p.cleared
	}
	f := p.faults[i]
	note.Fault = f.Kind
	if f.Times > 1 {
		p.faults[i].Times--
	} else if f.Times == 1 {
		p.faults = slices.Delete(p.faults, i, i+1)
	}
	return note, p.delay, &f, p.cleared
}

// meet returns the index of the fault that applies to a request, -1 if none, and counts
// requests that faults skip.
func (p *Proxy) meet(r *http.Request) int {
	for i := range p.faults {
		f := &p.faults[i]
		switch {
		case !f.meets(r):
		case f.Skip > 0:
			f.Skip--
		default:
			return i
		}
	}
	return -1
}

// answered records the status of a response.
func (p *Proxy) answered(note *Request, status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	note.Status = status
}
