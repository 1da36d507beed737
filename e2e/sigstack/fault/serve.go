package fault

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"
)

// ServeHTTP forwards r to the server, or applies a fault.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	note, delay, f, cleared := p.take(r)
	if err := wait(r, delay, cleared); err != nil {
		panic(http.ErrAbortHandler)
	}
	p.reach(Received, note)
	if f == nil {
		p.pass(w, r, note)
		return
	}
	switch f.Kind {
	case Refuse:
		_, _ = io.Copy(io.Discard, r.Body)
		for k, v := range f.Header {
			w.Header().Set(k, v)
		}
		p.answered(note, f.Status)
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.Body)
		return
	case Lose:
		handOn(p.forward, r)
		p.reach(Handled, note)
	case Hold:
		handOn(p.forward, r)
		p.reach(Handled, note)
		untilGone(r, cleared)
	case Truncate:
		p.truncate(w, r, note)
	case Stall:
		_, _ = io.Copy(io.Discard, r.Body) // otherwise the server does not notice that the client disconnects
		untilGone(r, cleared)
	}
	// net/http closes the connection without a response, and logs nothing.
	panic(http.ErrAbortHandler)
}

// pass forwards r and returns the response. If there is a hook, the response is held until
// it is complete, so that the stages are distinct.
func (p *Proxy) pass(w http.ResponseWriter, r *http.Request, note *Request) {
	if !p.watched() {
		sw := &statusWriter{ResponseWriter: w, note: func(status int) { p.answered(note, status) }}
		p.forward.ServeHTTP(sw, r)
		return
	}
	whole := newRecorder()
	p.forward.ServeHTTP(whole, r)
	p.reach(Handled, note)
	maps.Copy(w.Header(), whole.Header())
	w.Header().Set("Content-Length", strconv.Itoa(whole.Body.Len()))
	p.answered(note, whole.Code)
	w.WriteHeader(whole.Code)
	_, _ = w.Write(whole.Body.Bytes())
	_ = http.NewResponseController(w).Flush()
	p.reach(Answered, note)
}

// handOn has the server handle a request completely, even if the client disconnects,
// because some servers then abort halfway. An incomplete request is not forwarded.
func handOn(to http.Handler, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	whole := r.Clone(context.WithoutCancel(r.Context()))
	whole.Body = io.NopCloser(bytes.NewReader(body))
	to.ServeHTTP(newRecorder(), whole)
}

// recorder records a response and drops interim responses before it: a client that uploads
// may ask for "100 Continue".
type recorder struct{ *httptest.ResponseRecorder }

func newRecorder() recorder { return recorder{httptest.NewRecorder()} }

func (r recorder) WriteHeader(status int) {
	if status >= 200 {
		r.ResponseRecorder.WriteHeader(status)
	}
}

func untilGone(r *http.Request, cleared chan struct{}) {
	select {
	case <-cleared:
	case <-r.Context().Done():
	}
}

// truncate sends the first half of the server's response with the full Content-Length.
func (p *Proxy) truncate(w http.ResponseWriter, r *http.Request, note *Request) {
	r.Header.Del("Accept-Encoding")
	whole := newRecorder()
	p.forward.ServeHTTP(whole, r)
	maps.Copy(w.Header(), whole.Header())
	body := whole.Body.Bytes()
	p.answered(note, whole.Code)
	w.WriteHeader(whole.Code)
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
}

// wait waits for d. It returns an error if the client disconnects first. Clear ends the
// wait.
func wait(r *http.Request, d time.Duration, cleared chan struct{}) error {
	if d == 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-cleared:
	case <-r.Context().Done():
		return r.Context().Err()
	}
	return nil
}

// statusWriter reports the status to note.
type statusWriter struct {
	http.ResponseWriter
	note func(int)
	done bool
}

func (w *statusWriter) WriteHeader(status int) {
	if !w.done && status >= 200 {
		w.done = true
		w.note(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap supports http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
