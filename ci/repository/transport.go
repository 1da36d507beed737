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

// Limits of a request. A blob may take long, and is given up only when nothing of
// it moves.
const (
	limit       = 2 * time.Minute  // of a small request, and of the answer to a blob
	stalled     = 2 * time.Minute  // without a byte of a blob that the other side takes
	longestWait = 10 * time.Minute // that a registry may ask for
)

// newTransport makes what everything goes through before it has credentials.
func newTransport() http.RoundTripper {
	return later{rewound{small: transport.NewCareful(limit, longestWait).Transport, large: newLarge(stalled, limit)}}
}

// rewound sends every request with its body from the start: go-containerregistry
// sends one again, with another token, whose body is used up. Pieces of blobs go
// another way than what fits into memory.
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

// newLarge makes a transport for bodies of any size. Each write may take as long as
// stalled, and the answer as long as answer.
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

// moving is a connection that ends when the other side takes nothing more.
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

// part is how much of a file is sent before the clock starts anew.
const part = 4 << 20

// ReadFrom leaves it to the kernel to send a file, a part at a time.
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

// Later is the error of a request that the registry did not handle: it asks to
// come back.
type Later struct {
	Wait time.Duration
	what string
}

func (e *Later) Error() string { return e.what }

// later makes an error of an answer that says when to come back: an error of
// go-containerregistry has the status alone.
type later struct{ next http.RoundTripper }

func (t later) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		if resp != nil { // a client that has had enough gives both
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
	what := fmt.Sprintf("%s answers %s and asks to come back in %s", req.URL.Host, resp.Status, asked.Round(time.Second))
	if asked > longestWait {
		return nil, fmt.Errorf("%s, which is too long to wait: run again then", what)
	}
	return nil, &Later{Wait: asked, what: what}
}
