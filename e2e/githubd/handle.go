package githubd

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// largestBody is the largest JSON body that GitHub accepts; a blob may be 100 MB.
const largestBody = 160 << 20

// api serves the API below prefix: either uploads or everything else.
func (s *Server) api(prefix string, upload bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := s.open(r, prefix, upload)
		a, lost := c.serve()
		if lost {
			s.journal.reach(Answered, c.entry)
			panic(http.ErrAbortHandler) // closes the connection without logging
		}
		if err := c.write(w, a); err != nil {
			s.journal.violate("answering %s %s: %v", r.Method, r.URL.Path, err)
		}
		s.journal.reach(Answered, c.entry)
	})
}

// serve returns the response, and whether it is lost.
func (c *call) serve() (a *answer, lost bool) {
	s := c.s
	s.mu.Lock()
	found := c.find()
	c.token, _ = s.authorized(c.r)
	s.mu.Unlock()
	c.entry = &Request{Time: time.Now(), Method: c.r.Method, Path: c.r.URL.EscapedPath(), Query: c.r.URL.RawQuery, Login: c.login()}
	if found {
		c.entry.Operation = c.route.String()
	}
	s.journal.note(c.entry)
	var bad *answer
	if c.entry.Operation != uploadOperation {
		bad = c.readBody()
	}
	s.journal.reach(Received, c.entry)
	switch {
	case bad != nil:
		a = bad
	case found:
		for _, violation := range s.rules.Request(c.route.Operation, c.r, c.params, c.body) {
			s.journal.violate("%s", violation)
		}
		if !c.acceptable() {
			s.journal.violate("request %s: this server does not answer with %q", c.route, c.r.Header.Get("Accept"))
		}
		a = c.answer()
	default:
		s.journal.violate("request %s %s: this server has no such operation", c.r.Method, c.r.URL.Path)
		a = c.notFound()
	}
	a, lost = s.spoil(c, a)
	if found && !lost {
		c.check(a)
	}
	status := a.status
	if lost {
		status = 0
	}
	s.journal.set(func() { c.entry.Status = status })
	s.journal.reach(Handled, c.entry)
	return a, lost
}

// acceptable reports whether the client accepts a format that the server has: JSON, the
// content of an asset, the hash of a commit.
func (c *call) acceptable() bool {
	accept := c.r.Header.Get("Accept")
	for _, served := range []string{"json", "*/*", "application/octet-stream", ".sha"} {
		if strings.Contains(accept, served) {
			return true
		}
	}
	return accept == ""
}

// readBody reads the body. It returns the error response if that is too large.
func (c *call) readBody() *answer {
	body, err := io.ReadAll(http.MaxBytesReader(nil, c.r.Body, largestBody))
	c.body = body
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return c.fail(http.StatusRequestEntityTooLarge, "Payload too large")
	}
	if err != nil { // the client closed the connection, so it does not see this
		return c.fail(http.StatusBadRequest, "Problems parsing JSON")
	}
	return nil
}

// answer checks the caller's permission and returns the operation's response, in the order
// in which GitHub checks.
func (c *call) answer() *answer {
	s := c.s
	s.mu.Lock()
	streams := c.route.String() == uploadOperation
	a := c.admit()
	if a == nil && !streams {
		a = c.route.handle(c)
	}
	s.mu.Unlock()
	if streams {
		if a == nil {
			a = c.route.handle(c)
		}
		// A client that is still sending would not see the response, unless it waits for "100
		// Continue".
		if c.r.Header.Get("Expect") == "" {
			_, _ = io.Copy(io.Discard, c.r.Body)
		}
	}
	return a
}

// admit returns the error response for a caller without permission, nil otherwise.
func (c *call) admit() *answer {
	if c.r.UserAgent() == "" {
		return c.fail(http.StatusForbidden, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.")
	}
	token, known := c.s.authorized(c.r)
	if !known {
		return c.fail(http.StatusUnauthorized, "Bad credentials")
	}
	c.token = token
	if a := c.limited(); a != nil {
		return a
	}
	if _, ok := c.params["repo"]; !ok {
		return nil
	}
	if !c.may(Read) { // the repository's existence is hidden
		return c.notFound()
	}
	if a := c.moved(); a != nil {
		return a
	}
	switch {
	case c.may(c.route.needs):
		return nil
	case c.token == nil:
		return c.fail(http.StatusUnauthorized, "Requires authentication")
	}
	return c.fail(http.StatusForbidden, "Resource not accessible by integration")
}

// moved returns the response to a request for another repository: a redirect if it is a
// former name of this one.
func (c *call) moved() *answer {
	name := c.params["owner"] + "/" + c.params["repo"]
	if strings.EqualFold(name, c.s.owner+"/"+c.s.repo) {
		return nil
	}
	if !slices.ContainsFunc(c.s.former, func(f string) bool { return strings.EqualFold(f, name) }) {
		return c.notFound()
	}
	base := c.api
	if c.upload {
		base = c.uploads
	}
	location := base + "/repositories/" + strconv.FormatInt(c.s.id, 10)
	if parts := strings.SplitN(c.path, "/", 5); len(parts) == 5 {
		location += "/" + parts[4]
	}
	if c.r.URL.RawQuery != "" {
		location += "?" + c.r.URL.RawQuery
	}
	// Clients change redirected requests to GET after a 301.
	status := http.StatusTemporaryRedirect
	if c.r.Method == http.MethodGet {
		status = http.StatusMovedPermanently
	}
	a := c.fail(status, "Moved Permanently")
	delete(a.body.(object), "status")
	a.body.(object)["url"] = location
	a.header = map[string]string{"Location": location}
	return a
}

// check checks the response against the description.
func (c *call) check(a *answer) {
	if c.s.answered != nil {
		c.s.answered(c.route, a)
	}
	body, kind, err := a.bytes()
	if err != nil {
		c.s.journal.violate("writing the answer to %s: %v", c.route, err)
		return
	}
	for _, violation := range c.s.rules.Answer(c.route.Operation, a.status, http.Header{"Content-Type": {kind}}, body) {
		c.s.journal.violate("%s", violation)
	}
}

// write sends the response and flushes it.
func (c *call) write(w http.ResponseWriter, a *answer) error {
	body, kind, err := a.bytes()
	if err == nil && c.s.options.NoDigests {
		body, err = withoutDigests(body, kind)
	}
	if err != nil {
		return err
	}
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	if kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	w.Header().Set("X-GitHub-Media-Type", "github.v3; format=json")
	c.rateHeaders(w.Header())
	if a.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(body) // errors of the client are ignored
	_ = http.NewResponseController(w).Flush()
	return nil
}
