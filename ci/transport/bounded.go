package transport

import (
	"fmt"
	"io"
	"net/http"
)

// largest is the size limit in bytes of a response that can be large: above registry.MaxCrate, the
// largest crate.
const largest = 1 << 30

// Bounded is a transport whose response bodies fail with an error after Limit bytes.
type Bounded struct {
	Next  http.RoundTripper
	Limit int64
}

// RoundTrip implements [http.RoundTripper].
func (b Bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.Next.RoundTrip(req)
	if err != nil || req.Method == http.MethodHead {
		return resp, err
	}
	over := fmt.Errorf("%s answers with more than %d bytes, expected no more", req.URL.Host, b.Limit)
	if resp.ContentLength > b.Limit {
		_ = resp.Body.Close()
		return nil, over
	}
	resp.Body = &boundedBody{resp.Body, b.Limit, over}
	return resp, nil
}

type boundedBody struct {
	io.ReadCloser
	left int64
	over error
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, b.over
	}
	return n, err
}
