package transport

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// small is the size in bytes up to which a response is read before it is returned.
const small = 8 << 20

// whole is a transport that reads small responses completely before returning them, so that a
// truncated one counts as a failed connection and can be retried.
type whole struct{ next http.RoundTripper }

func (w whole) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(req)
	if err != nil || resp.ContentLength > small || req.Method == http.MethodHead {
		return resp, err
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, small+1))
	if err != nil {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("reading the response: %w", err)
	}
	rest := resp.Body
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(raw), rest), rest}
	return resp, nil
}
