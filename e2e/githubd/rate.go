package githubd

import (
	"net/http"
	"strconv"
	"time"
)

// GitHub's rate limits per hour, with and without a login.
const (
	hourlyLimit     = 5000
	anonymousHourly = 60
)

// budget returns the account that the request counts for, and its limit.
func (c *call) budget() (*account, int) {
	limit := c.s.options.RateLimit
	if limit == 0 {
		limit = hourlyLimit
	}
	a := c.s.anonymous
	if c.token == nil {
		limit = min(limit, anonymousHourly)
	} else {
		a = c.token.account
	}
	if now := time.Now(); !now.Before(a.reset) {
		a.used, a.reset = 0, now.Add(time.Hour)
	}
	return a, limit
}

// limited counts the request, and returns the error response if there were too many.
func (c *call) limited() *answer {
	if c.route.Path == "/rate_limit" { // not counted
		return nil
	}
	if a := c.throttled(); a != nil {
		return a
	}
	a, limit := c.budget()
	if a.used >= limit {
		return c.exhausted()
	}
	a.used++
	return nil
}

// exhausted returns the response for an exceeded primary rate limit.
func (c *call) exhausted() *answer {
	whom := "your address"
	if c.token != nil {
		whom = "user ID " + strconv.FormatInt(c.token.id, 10)
	}
	a := c.fail(http.StatusForbidden, "API rate limit exceeded for "+whom+".")
	a.body.(object)["documentation_url"] = c.web + "/rest/overview/rate-limits-for-the-rest-api"
	return a
}

// secondary returns the response for an exceeded secondary rate limit.
func (c *call) secondary(retry time.Duration) *answer {
	a := c.fail(http.StatusForbidden, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
	a.body.(object)["documentation_url"] = c.web + "/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"
	a.header = map[string]string{"Retry-After": strconv.Itoa(int(retry.Seconds()))}
	return a
}

// rateHeaders sets the rate limit headers that every response of the API has.
func (c *call) rateHeaders(h http.Header) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	a, limit := c.budget()
	set := func(name string, value int64) {
		// Headers of an injected fault take precedence.
		if h.Get("X-RateLimit-"+name) == "" {
			h.Set("X-RateLimit-"+name, strconv.FormatInt(value, 10))
		}
	}
	set("Limit", int64(limit))
	set("Remaining", int64(limit-a.used))
	set("Used", int64(a.used))
	set("Reset", a.reset.Unix())
	h.Set("X-RateLimit-Resource", "core")
}

// rateLimit handles GET /rate_limit.
func rateLimit(c *call) *answer {
	a, limit := c.budget()
	core := object{"limit": limit, "remaining": limit - a.used, "used": a.used, "reset": a.reset.Unix()}
	return ok(object{"resources": object{"core": core, "search": core}, "rate": core})
}
