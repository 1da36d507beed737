package githubd

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// call is a request being answered.
type call struct {
	s      *Server
	r      *http.Request
	path   string // below the base of the API, escaped, with a slash before it
	query  map[string][]string
	upload bool // it came to where uploads go

	route  route
	params map[string]string
	body   []byte // of an upload, nil
	token  *token // nil for nobody's

	// The bases of URLs in the answer, in the style that the client uses.
	api, uploads, web string

	entry *Request
}

// open returns a request to the API, whose base is at prefix.
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

// change notes that something is different from now on.
func (c *call) change() { c.s.journal.set(func() { c.entry.Changed = true }) }

// login is whose token the request came with.
func (c *call) login() string {
	if c.token == nil {
		return ""
	}
	return c.token.login
}

// may reports whether the request is allowed what p allows.
func (c *call) may(p Permission) bool {
	switch {
	case p == None, p == Read && !c.s.private:
		return true
	case c.token == nil:
		return false
	}
	return c.token.permission.allows(p)
}

// decode reads the body into v. It returns the answer to a body that is none.
func (c *call) decode(v any) *answer {
	if len(c.body) == 0 {
		return nil // every member missing
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

// id returns a parameter of the path that is a number.
func (c *call) id(name string) int64 {
	n, err := strconv.ParseInt(c.params[name], 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// ask returns a parameter of the query, or other when it is missing.
func (c *call) ask(name, other string) string {
	if values := c.query[name]; len(values) > 0 {
		return values[0]
	}
	return other
}

// number is ask for a number of at least 1.
func (c *call) number(name string, other int) int {
	n, err := strconv.Atoi(c.ask(name, ""))
	if err != nil || n < 1 {
		return other
	}
	return n
}

// url is that of something in the repository, by the parts of its path.
func (c *call) url(parts ...string) string {
	return c.api + "/repos/" + c.s.owner + "/" + c.s.repo + strings.Join(append([]string{""}, parts...), "/")
}
