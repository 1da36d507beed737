// Package transport makes the HTTP clients of a release: what may pass is asked
// again, with bounded waits, and what a server asks to wait is waited exactly.
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

// How often and how long a server is asked again. A server that is down for
// longer ends the run, and the next run continues.
const (
	attempts    = 5
	firstWait   = 250 * time.Millisecond
	longestWait = 30 * time.Second
)

// New makes a client that asks again what may pass (no connection, 429, 5xx),
// whatever the method: for servers where the same request twice is no harm.
// limit ends each attempt; 0 leaves that to the context.
func New(limit time.Duration) *http.Client {
	return client(limit, longestWait, retryablehttp.DefaultRetryPolicy)
}

// NewCareful makes a client that asks again only what changes nothing: requests
// that read, and others when the connection was refused. Whoever changes something
// must look before asking again: even an answer that denies it may come from behind
// the change. longest is the longest wait that a server may ask for.
func NewCareful(limit, longest time.Duration) *http.Client {
	return client(limit, longest, careful)
}

func client(limit, longest time.Duration, policy retryablehttp.CheckRetry) *http.Client {
	c := retryablehttp.NewClient()
	c.Logger = nil
	c.RetryMax = attempts - 1
	c.HTTPClient.Timeout = limit
	c.HTTPClient.CheckRedirect = CheckRedirect
	c.HTTPClient.Transport = whole{Bounded{c.HTTPClient.Transport, largest}}
	c.CheckRetry = func(ctx context.Context, resp *http.Response, err error) (bool, error) {
		if resp != nil {
			if wait, ok := Asked(resp, time.Now()); ok && wait > longest {
				return false, fmt.Errorf("%s asks to come back in %s, which is too long to wait: run again then", resp.Request.URL.Host, wait.Round(time.Second))
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
			return false, err // it speaks no TLS, and will not
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

// Limited reports whether an answer says that a limit of rate stopped the request:
// 429, or GitHub's 403 ("Rate limits for the REST API": a header Retry-After, or
// none remaining).
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

// Wait is how long to wait before an attempt is repeated: growing and jittered.
func Wait(attempt int) time.Duration {
	wait := min(firstWait<<min(attempt, 20), longestWait)
	return wait/2 + rand.N(wait)
}

// Asked is how long a server asks to wait: in Retry-After, or as the time at which
// GitHub's limit ends.
func Asked(resp *http.Response, now time.Time) (time.Duration, bool) {
	if wait, ok := RetryAfter(resp.Header.Get("Retry-After"), now); ok {
		return wait, true
	}
	if reset, err := strconv.ParseInt(resp.Header.Get("X-RateLimit-Reset"), 10, 64); err == nil && Limited(resp) {
		return max(0, time.Unix(reset, 0).Sub(now)) + time.Second, true
	}
	return 0, false
}

// RetryAfter reads the value of that header: seconds, or a date (RFC 9110, section
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
