package sign

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// How often and how long a server is asked again. A server that is down for
// longer ends the run: what was built is kept, and the next run signs it.
const (
	attempts    = 5
	firstWait   = 250 * time.Millisecond
	longestWait = 30 * time.Second
)

// newClient makes a client that asks again what may pass (no connection, 429,
// 5xx), with growing jittered waits, or exactly as long as a Retry-After asks,
// unless that is absurd. limit ends each attempt; 0 leaves that to the context.
func newClient(limit time.Duration) *http.Client {
	c := retryablehttp.NewClient()
	c.Logger = nil
	c.RetryMax = attempts - 1
	c.HTTPClient.Timeout = limit
	c.CheckRetry = retry
	c.Backoff = backoff
	c.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return c.StandardClient()
}

func retry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if resp != nil {
		if wait, ok := retryAfter(resp, time.Now()); ok && wait > longestWait {
			return false, fmt.Errorf("%s asks to come back in %s, which is too long to wait: run again then", resp.Request.URL.Host, wait.Round(time.Second))
		}
	}
	return retryablehttp.DefaultRetryPolicy(ctx, resp, err)
}

func backoff(_, _ time.Duration, attempt int, resp *http.Response) time.Duration {
	if resp != nil {
		if wait, ok := retryAfter(resp, time.Now()); ok {
			return wait
		}
	}
	wait := min(firstWait<<attempt, longestWait)
	return wait/2 + rand.N(wait)
}

// retryAfter reads the header Retry-After: seconds, or a date (RFC 9110,
// section 10.2.3).
func retryAfter(resp *http.Response, now time.Time) (time.Duration, bool) {
	value := resp.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(0, date.Sub(now)), true
	}
	return 0, false
}
