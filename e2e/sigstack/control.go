package sigstack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"dagger/slipway/e2e/sigstack/fault"
)

// Control returns an HTTP interface to the stack's tokens and proxies, for tests in another
// process. SERVER is fulcio, rekor, tsa or tokens.
//
//	GET  /SERVER/requests           what Requests returns, as JSON
//	POST /SERVER/reset              Reset
//	POST /SERVER/fault              Inject, of the Fault in the body
//	POST /SERVER/delay?for=200ms    Delay
//	POST /SERVER/clear              Clear
//	POST /token                     Token, with the overrides in the body
//	POST /handout                   HandOut, of the overrides in the body
//
// A response with a status other than 200 or 204 has the error as its text.
func (s *Stack) Control() http.Handler {
	mux := http.NewServeMux()
	for name, p := range map[string]*fault.Proxy{"fulcio": s.Fulcio, "rekor": s.Rekor, "tsa": s.TSA, "tokens": s.Tokens} {
		mux.HandleFunc("GET /"+name+"/requests", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, p.Requests()) })
		post(mux, name+"/reset", func(*http.Request) error { p.Reset(); return nil })
		post(mux, name+"/clear", func(*http.Request) error { p.Clear(); return nil })
		post(mux, name+"/delay", func(r *http.Request) error {
			d, err := time.ParseDuration(r.URL.Query().Get("for"))
			if err != nil {
				return fmt.Errorf("reading the delay: %w", err)
			}
			p.Delay(d)
			return nil
		})
		post(mux, name+"/fault", func(r *http.Request) error {
			var f fault.Fault
			if err := readJSON(r, &f); err != nil {
				return fmt.Errorf("reading the fault: %w", err)
			}
			return p.Inject(f)
		})
	}
	post(mux, "handout", func(r *http.Request) error {
		var overrides Claims
		if err := readJSON(r, &overrides); err != nil {
			return fmt.Errorf("reading the claims: %w", err)
		}
		s.HandOut(overrides)
		return nil
	})
	mux.HandleFunc("POST /token", s.mintFor)
	return mux
}

// mintFor responds with a token.
func (s *Stack) mintFor(w http.ResponseWriter, r *http.Request) {
	var overrides Claims
	if err := readJSON(r, &overrides); err != nil {
		http.Error(w, fmt.Sprintf("reading the claims: %v", err), http.StatusBadRequest)
		return
	}
	token, err := s.Token(overrides)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write([]byte(token))
}

// post registers f as the handler of POST /path.
func post(mux *http.ServeMux, path string, f func(*http.Request) error) {
	mux.HandleFunc("POST /"+path, func(w http.ResponseWriter, r *http.Request) {
		if err := f(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// readJSON decodes JSON and refuses unknown members, so that a misspelt fault is not taken
// for another one.
func readJSON(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	return d.Decode(v)
}
