package repository

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"dagger/slipway/ci/transport"
)

// Timeouts of a request. The upload of a blob may take any time as long as it makes progress.
const (
	limit       = 2 * time.Minute  // for a small request, and for the response to a blob
	stalled     = 2 * time.Minute  // for each write of a blob without progress
	longestWait = 10 * time.Minute // the longest wait that a registry may ask for
)

// newTransport returns the transport below authentication.
func newTransport() http.RoundTripper {
	return later{rewound{small: transport.NewCareful(limit, longestWait).Transport, large: newLarge(stalled, limit)}}
}

// rewound sends every request with its body from the start: go-containerregistry repeats a
// request with a new token, although its body has been consumed. Chunks of blobs (PATCH) use a
// transport of their own, because they do not fit into memory.
type rewound struct{ small, large http.RoundTripper }

func (t rewound) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		if req.Body != nil {
			_ = req.Body.Close()
		}
		req = req.WithContext(req.Context())
		req.Body = body
	}
	if req.Method == http.MethodPatch {
		return t.large.RoundTrip(req)
	}
	return t.small.RoundTrip(req)
}

// newLarge returns a transport for bodies of any size. stalled limits each write, and answer
// the wait for the response's header.
func newLarge(stalled, answer time.Duration) http.RoundTripper {
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return moving{c, stalled}, nil
		},
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: answer,
		MaxIdleConnsPerHost: jobs, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
	}
}

// moving is a connection whose writes fail if the peer stops reading.
type moving struct {
	net.Conn
	stalled time.Duration
}

func (c moving) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.stalled)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// part is how many bytes of a file are sent before the write deadline is renewed.
const part = 4 << 20

// ReadFrom lets the kernel send a file (sendfile), one part at a time.
func (c moving) ReadFrom(r io.Reader) (int64, error) {
	to, fast := c.Conn.(io.ReaderFrom)
	from, bounded := r.(*io.LimitedReader)
	if !fast || !bounded {
		return io.Copy(struct{ io.Writer }{c}, r)
	}
	var sent int64
	for from.N > 0 {
		if err := c.SetWriteDeadline(time.Now().Add(c.stalled)); err != nil {
			return sent, err
		}
		n, err := to.ReadFrom(&io.LimitedReader{R: from.R, N: min(from.N, part)})
		sent, from.N = sent+n, from.N-n
		if err != nil || n == 0 {
			return sent, err
		}
	}
	return sent, nil
}

// Later is the error for a request that the registry did not process because it asks to retry
// later.
type Later struct {
	Wait time.Duration
	what string
}

func (e *Later) Error() string { return e.what }

// later turns a response that asks to retry later into a [Later] error: go-containerregistry's
// own errors only have the status.
type later struct{ next http.RoundTripper }

func (t later) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		if resp != nil { // retryablehttp returns both when it gives up
			_ = resp.Body.Close()
		}
		return nil, err
	}
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return resp, nil
	}
	asked, ok := transport.Asked(resp, time.Now())
	if !ok {
		return resp, nil
	}
	_ = resp.Body.Close()
	what := fmt.Sprintf("%s responds with %s and asks to retry in %s", req.URL.Host, resp.Status, asked.Round(time.Second))
	if asked > longestWait {
		return nil, fmt.Errorf("%s, which is too long to wait: run again after that", what)
	}
	return nil, &Later{Wait: asked, what: what}
}
