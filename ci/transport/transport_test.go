package transport

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// server answers the first requests with the handlers in order, and later ones with "whole".
func server(t *testing.T, first ...http.HandlerFunc) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	var n atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i := int(n.Add(1)); i <= len(first) {
			first[i-1](w, r)
			return
		}
		_, _ = io.WriteString(w, "whole")
	}))
	t.Cleanup(s.Close)
	return s, &n
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

// cut sends part of a response and closes the connection.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "5")
	_, _ = io.WriteString(w, "wh")
}

func drop(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// ask sends one request and returns the response's body.
func ask(t *testing.T, c *http.Client, method, address string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		err = errors.Join(err, fmt.Errorf("status %d", resp.StatusCode))
	}
	return string(raw), err
}

func TestClients(t *testing.T) {
	soon, day := time.Now().Add(time.Second).UTC().Format(http.TimeFormat), "86400"
	reset := fmt.Sprint(time.Now().Add(time.Second).Unix())
	tests := []struct {
		name   string
		first  []http.HandlerFunc
		method string
		// number of requests sent by the clients of New and NewCareful; 0 for one that fails at
		// once
		eager, careful int
		fails          bool // both clients return an error
	}{
		{"503 to one that reads", []http.HandlerFunc{status(503)}, "GET", 2, 2, false},
		{"503 to one that changes", []http.HandlerFunc{status(503)}, "POST", 2, 1, false},
		{"cut off, to one that reads", []http.HandlerFunc{cut, cut}, "GET", 3, 3, false},
		{"cut off, to one that changes", []http.HandlerFunc{cut}, "POST", 2, 1, false},
		{"no answer to one that reads", []http.HandlerFunc{drop}, "GET", 2, 2, false},
		{"no answer to one that changes", []http.HandlerFunc{drop}, "POST", 2, 1, false},
		{"429 with seconds", []http.HandlerFunc{status(429, "Retry-After", "1")}, "GET", 2, 2, false},
		{"429 with a date", []http.HandlerFunc{status(429, "Retry-After", soon)}, "GET", 2, 2, false},
		{"GitHub's hourly rate limit", []http.HandlerFunc{status(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", reset)}, "GET", 1, 2, false},
		{"429 with a day", []http.HandlerFunc{status(429, "Retry-After", day)}, "GET", 1, 1, true},
		{"404", []http.HandlerFunc{status(404)}, "GET", 1, 1, true},
		{"down", []http.HandlerFunc{status(502), status(502), status(502), status(502), status(502)}, "GET", 5, 5, true},
	}
	for _, tt := range tests {
		for kind, want := range map[string]int{"eager": tt.eager, "careful": tt.careful} {
			t.Run(tt.name+" "+kind, func(t *testing.T) {
				t.Parallel()
				s, n := server(t, tt.first...)
				c := New(10 * time.Second)
				if kind == "careful" {
					c = NewCareful(10*time.Second, time.Minute)
				}
				body, err := ask(t, c, tt.method, s.URL)
				if got := int(n.Load()); got != want {
					t.Errorf("%d requests, want %d: %v", got, want, err)
				}
				if good := want > len(tt.first); good == (err != nil) || good && body != "whole" {
					t.Errorf("answer %q, %v", body, err)
				}
			})
		}
	}
}

func TestNobodyListens(t *testing.T) {
	s, _ := server(t)
	address := s.URL
	s.Close()
	begin := time.Now()
	if _, err := ask(t, NewCareful(time.Second, time.Minute), "POST", address); err == nil {
		t.Error("an answer from nobody")
	}
	if time.Since(begin) < firstWait/2 {
		t.Error("a refused connection was not tried again")
	}
}

// TestNoTLS checks that a server without TLS is asked once: go-containerregistry tries https
// first to find out.
func TestNoTLS(t *testing.T) {
	s, _ := server(t)
	begin := time.Now()
	if _, err := ask(t, NewCareful(time.Second, time.Minute), "GET", strings.Replace(s.URL, "http:", "https:", 1)); !errors.Is(err, http.ErrSchemeMismatch) {
		t.Errorf("the error is %v", err)
	}
	if took := time.Since(begin); took > firstWait/2 {
		t.Errorf("it took %s", took)
	}
}
