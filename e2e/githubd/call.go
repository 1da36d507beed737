package githubd

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// call is a request being processed.
type call struct {
	s      *Server
	r      *http.Request
	path   string // relative to the API's base, escaped, with a leading slash
	query  map[string][]string
	upload bool // it was sent to the upload URL

	route  route
	params map[string]string
	body   []byte // nil for an upload
	token  *token // nil without a token

	// Base URLs for the response, in the style that the client uses.
	api, uploads, web string

	entry *Request
}

// open starts processing a request to the API, whose base path is prefix.
func (s *Server) open(r *http.Request, prefix string, upload bool) *call {
	a := s.addresses()
	c := &call{
		s: s, r: r, upload: upload, query: r.URL.Query(),
		path: strings.TrimPrefix(r.URL.EscapedPath(), prefix),
		web:  a.URL, api: a.URL + "/api/v3", uploads: a.URL + "/api/uploads",
	}
	if prefix == "" {
		c.api, c.uploads = a.URL, a.Upload
	}
	return c
}

// change records that the request has changed something.
func (c *call) change() { c.s.journal.set(func() { c.entry.Changed = true }) }

// login returns the login of the request's token, "" without one.
func (c *call) login() string {
	if c.token == nil {
		return ""
	}
	return c.token.login
}

// may reports whether the request has permission p.
func (c *call) may(p Permission) bool {
	switch {
	case p == None, p == Read && !c.s.private:
		return true
	case c.token == nil:
		return false
	}
	return c.token.permission.allows(p)
}

// decode parses the body into v. It returns the error response for an invalid body,
// otherwise nil.
func (c *call) decode(v any) *answer {
	if len(c.body) == 0 {
		return nil // all members missing
	}
	err := json.Unmarshal(c.body, v)
	if err == nil {
		return nil
	}
	if _, mistyped := err.(*json.UnmarshalTypeError); mistyped {
		return c.refuse("Invalid request.\n\n" + err.Error())
	}
	return c.fail(http.StatusBadRequest, "Problems parsing JSON")
}

// id returns a numeric parameter of the path, -1 if it is not a number.
func (c *call) id(name string) int64 {
	n, err := strconv.ParseInt(c.params[name], 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// ask returns a query parameter, or other if it is missing.
func (c *call) ask(name, other string) string {
	if values := c.query[name]; len(values) > 0 {
		return values[0]
	}
	return other
}

// number returns a query parameter that is a number of at least 1, or other if it is not.
func (c *call) number(name string, other int) int {
	n, err := strconv.Atoi(c.ask(name, ""))
	if err != nil || n < 1 {
		return other
	}
	return n
}

// url returns the API URL of a path in the repository.
func (c *call) url(parts ...string) string {
	return c.api + "/repos/" + c.s.owner + "/" + c.s.repo + strings.Join(append([]string{""}, parts...), "/")
}
