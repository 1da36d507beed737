// Package transport provides the HTTP clients of a release. They retry on transient errors with
// bounded waits, and wait exactly as long as a server asks.
package transport

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Limits of retries. A longer outage ends the run, and the next run continues.
const (
	attempts    = 5
	firstWait   = 250 * time.Millisecond
	longestWait = 30 * time.Second
)

// New returns a client that retries on transient errors (no connection, 429, 5xx) whatever the
// method, for servers to which the same request can safely be sent twice. limit is the timeout
// of each attempt; 0 leaves it to the context. Responses are limited to 8 MiB, because the callers
// (of Fulcio, Rekor, timestamp and token services) read them into memory, and a certificate or
// a log entry has some kilobytes.
func New(limit time.Duration) *http.Client {
	return client(limit, longestWait, small, retryablehttp.DefaultRetryPolicy)
}

// NewCareful returns a client that retries only requests without side effects: GET and HEAD,
// and any request that could not connect. The caller of a request that changes something must
// look before repeating it: even a request answered with an error may have been carried out.
// limit is the timeout of each attempt, and longest the longest wait that a server may ask for.
// Responses are limited to 1 GiB: callers that keep them in memory have limits of their own.
func NewCareful(limit, longest time.Duration) *http.Client {
	return client(limit, longest, largest, careful)
}

// client returns a client whose responses have at most bytes bytes.
func client(limit, longest time.Duration, bytes int64, policy retryablehttp.CheckRetry) *http.Client {
	c := retryablehttp.NewClient()
	c.Logger = nil
	c.RetryMax = attempts - 1
	c.HTTPClient.Timeout = limit
	c.HTTPClient.CheckRedirect = CheckRedirect
	c.HTTPClient.Transport = whole{Bounded{c.HTTPClient.Transport, bytes}}
	c.CheckRetry = func(ctx context.Context, resp *http.Response, err error) (bool, error) {
		if resp != nil {
			if wait, ok := Asked(resp, time.Now()); ok && wait > longest {
				return false, fmt.Errorf("%s asks to retry in %s, which is too long to wait: run again after that", resp.Request.URL.Host, wait.Round(time.Second))
			}
		}
		return policy(ctx, resp, err)
	}
	c.Backoff = backoff
	c.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return c.StandardClient()
}

func careful(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if resp == nil {
		var dial *net.OpError
		var read *url.Error
		switch {
		case errors.Is(err, http.ErrSchemeMismatch):
			return false, err // the server speaks no TLS, so a retry is pointless
		case errors.As(err, &dial) && dial.Op == "dial":
			return true, nil // nothing was sent
		case errors.As(err, &read) && (read.Op == "Get" || read.Op == "Head"):
			return retryablehttp.DefaultRetryPolicy(ctx, resp, err)
		}
		return false, err
	}
	if resp.Request.Method == http.MethodGet || resp.Request.Method == http.MethodHead {
		if Limited(resp) {
			return true, nil
		}
		return retryablehttp.DefaultRetryPolicy(ctx, resp, err)
	}
	return false, nil
}

// Limited reports whether a response was caused by rate limiting: 429, or GitHub's 403 (GitHub
// Docs, "Rate limits for the REST API": a Retry-After header, or no remaining requests).
func Limited(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusTooManyRequests:
		return true
	case http.StatusForbidden:
		return resp.Header.Get("Retry-After") != "" || resp.Header.Get("X-RateLimit-Remaining") == "0"
	}
	return false
}

func backoff(_, _ time.Duration, attempt int, resp *http.Response) time.Duration {
	if resp != nil {
		if wait, ok := Asked(resp, time.Now()); ok {
			return wait
		}
	}
	return Wait(attempt)
}

// Wait returns how long to wait before attempt is repeated: exponential backoff with jitter.
func Wait(attempt int) time.Duration {
	wait := min(firstWait<<min(attempt, 20), longestWait)
	return wait/2 + rand.N(wait)
}

// Asked returns how long a server asks to wait, from Retry-After or from the reset time of
// GitHub's rate limit. It reports false if the server does not say.
func Asked(resp *http.Response, now time.Time) (time.Duration, bool) {
	if wait, ok := RetryAfter(resp.Header.Get("Retry-After"), now); ok {
		return wait, true
	}
	if reset, err := strconv.ParseInt(resp.Header.Get("X-RateLimit-Reset"), 10, 64); err == nil && Limited(resp) {
		return max(0, time.Unix(reset, 0).Sub(now)) + time.Second, true
	}
	return 0, false
}

// RetryAfter parses the value of a Retry-After header: seconds or a date (RFC 9110, section
// 10.2.3).
func RetryAfter(value string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(0, date.Sub(now)), true
	}
	return 0, false
}
