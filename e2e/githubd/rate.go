package githubd

import (
	"net/http"
	"strconv"
	"time"
)

// GitHub's requests an hour, of a login and without one.
const (
	hourlyLimit     = 5000
	anonymousHourly = 60
)

// budget is the account that the request counts for, and its limit.
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

// limited counts the request, and is the answer to one too many.
func (c *call) limited() *answer {
	if c.route.Path == "/rate_limit" { // asking for it costs nothing
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

// exhausted is the answer to one who has used up the requests of an hour.
func (c *call) exhausted() *answer {
	whom := "your address"
	if c.token != nil {
		whom = "user ID " + strconv.FormatInt(c.token.id, 10)
	}
	a := c.fail(http.StatusForbidden, "API rate limit exceeded for "+whom+".")
	a.body.(object)["documentation_url"] = c.web + "/rest/overview/rate-limits-for-the-rest-api"
	return a
}

// secondary is the answer to one who was too fast for GitHub's taste.
func (c *call) secondary(retry time.Duration) *answer {
	a := c.fail(http.StatusForbidden, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
	a.body.(object)["documentation_url"] = c.web + "/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"
	a.header = map[string]string{"Retry-After": strconv.Itoa(int(retry.Seconds()))}
	return a
}

// rateHeaders are on every answer of the API.
func (c *call) rateHeaders(h http.Header) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	a, limit := c.budget()
	set := func(name string, value int64) {
		// What a fault says counts.
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

// rateLimit is GET /rate_limit.
func rateLimit(c *call) *answer {
	a, limit := c.budget()
	core := object{"limit": limit, "remaining": limit - a.used, "used": a.used, "reset": a.reset.Unix()}
	return ok(object{"resources": object{"core": core, "search": core}, "rate": core})
}
