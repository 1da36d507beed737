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
