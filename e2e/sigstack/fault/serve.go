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

// ServeHTTP hands r on to the server, or lets it meet a fault.
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
		_, _ = io.Copy(io.Discard, r.Body) // else the server never sees that the client goes
		untilGone(r, cleared)
	}
	// net/http closes the connection without an answer, and logs nothing.
	panic(http.ErrAbortHandler)
}

// pass hands r on and its answer back. When somebody watches, the answer is held until
// all of it is there, so that its stages are apart.
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

// handOn has the server handle a request to its end, whether or not the client is
// still there: some servers give up what they have half done when it goes. A
// request that never arrived whole is not handed on.
func handOn(to http.Handler, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	whole := r.Clone(context.WithoutCancel(r.Context()))
	whole.Body = io.NopCloser(bytes.NewReader(body))
	to.ServeHTTP(newRecorder(), whole)
}

// recorder keeps an answer, without the interim ones that come before it: a client that
// uploads may ask to be told to continue.
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

// truncate sends the first half of the server's answer under the length of all.
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

// wait waits for d, and fails when the client goes away before. Clear ends the
// waiting.
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

// statusWriter tells note the status that is written.
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

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
