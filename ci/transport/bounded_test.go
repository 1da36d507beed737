package transport

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestBounded checks that responses are limited, whether or not they declare their length.
func TestBounded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		size := map[string]int{"/under": 9, "/just": 10, "/over": 11, "/far": 1 << 20}[r.URL.Path]
		if r.URL.Query().Has("chunked") {
			w.(http.Flusher).Flush()
		}
		_, _ = io.WriteString(w, strings.Repeat("x", size))
	}))
	defer server.Close()
	client := &http.Client{Transport: Bounded{http.DefaultTransport, 10}}
	for path, whole := range map[string]int{"/under": 9, "/just": 10, "/over": 0, "/far": 0} {
		for _, query := range []string{"", "?chunked"} {
			var raw []byte
			resp, err := client.Get(server.URL + path + query)
			if err == nil {
				raw, err = io.ReadAll(resp.Body)
				_ = resp.Body.Close()
			}
			if whole > 0 && (err != nil || len(raw) != whole) || whole == 0 && (err == nil || len(raw) > 10 || !strings.Contains(err.Error(), "answers with more than 10 bytes")) {
				t.Errorf("%s%s: %d bytes, %v", path, query, len(raw), err)
			}
		}
	}
}

// TestNewIsBounded checks that responses of signing services are limited to what fits into memory,
// because their clients read them whole.
func TestNewIsBounded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush() // no length
		piece := make([]byte, 1<<20)
		for range 32 {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	resp, err := New(0).Get(server.URL)
	n := 0
	if err == nil {
		var raw []byte
		raw, err = io.ReadAll(resp.Body)
		n = len(raw)
		_ = resp.Body.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "answers with more than 8388608 bytes") || n > 8<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
}
