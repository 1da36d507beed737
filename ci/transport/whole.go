package transport

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// small is the size up to which an answer is read before it counts as one.
const small = 8 << 20

// whole is a transport whose small answers have come whole: one that was cut off on
// its way is a connection that failed, and may be asked for again.
type whole struct{ next http.RoundTripper }

func (w whole) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(req)
	if err != nil || resp.ContentLength > small || req.Method == http.MethodHead {
		return resp, err
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, small+1))
	if err != nil {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	rest := resp.Body
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(raw), rest), rest}
	return resp, nil
}
