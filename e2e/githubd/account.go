package githubd

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Permission is what a token, or its login, may do in the repository.
type Permission string

// The permissions, each including those before it.
const (
	None  Permission = "none" // what anyone may do: read, unless the repository is private
	Read  Permission = "read"
	Write Permission = "write"
	Admin Permission = "admin"
)

// allows reports whether p includes needed.
func (p Permission) allows(needed Permission) bool {
	order := []Permission{None, Read, Write, Admin}
	return slices.Index(order, p) >= slices.Index(order, needed)
}

// account is a login.
type account struct {
	id         int64
	login      string
	permission Permission // the highest of its tokens' permissions
	used       int        // requests in the hour that ends at reset
	reset      time.Time
}

// token is a credential sent in an Authorization header.
type token struct {
	*account
	permission Permission
	workflows  bool
}

// Token creates a token for a login, which is created too if it does not exist.
func (s *Server) Token(login string, p Permission) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.account(login)
	if a.permission == "" || p.allows(a.permission) {
		a.permission = p
	}
	secret := "ghs_" + rand.Text()
	s.tokens[secret] = &token{account: a, permission: p}
	return secret
}

// Revoke invalidates a token.
func (s *Server) Revoke(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, secret)
}

// AllowWorkflows gives a token the permission to change workflows, which the token of a
// GitHub Actions job never has. Without it, a release of a commit whose .github/workflows
// differs from the default branch is answered with "not found".
func (s *Server) AllowWorkflows(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tokens[secret]; t != nil {
		t.workflows = true
	}
}

// account returns the account of a login, which it creates if necessary.
func (s *Server) account(login string) *account {
	a := s.accounts[login]
	if a == nil {
		a = &account{id: s.newID(), login: login}
		s.accounts[login] = a
	}
	return a
}

// newID returns a unique number.
func (s *Server) newID() int64 {
	s.lastID++
	return s.lastID
}

// authorized returns the token of a request, nil if it has none, and whether its
// credentials are valid.
func (s *Server) authorized(r *http.Request) (*token, bool) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return nil, true
	}
	scheme, secret, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "bearer") && !strings.EqualFold(scheme, "token") {
		return nil, false
	}
	t := s.tokens[strings.TrimSpace(secret)]
	return t, t != nil
}

// user handles GET /user.
func user(c *call) *answer {
	if c.token == nil {
		return c.fail(http.StatusUnauthorized, "Requires authentication")
	}
	o := c.simpleUser(c.token.account)
	for _, unknown := range []string{"name", "company", "blog", "location", "email", "hireable", "bio"} {
		o[unknown] = nil
	}
	for _, none := range []string{"public_repos", "public_gists", "followers", "following"} {
		o[none] = 0
	}
	o["created_at"], o["updated_at"] = stamp(c.s.created), stamp(c.s.created)
	o["user_view_type"] = "public"
	return ok(o)
}

// simpleUser returns the JSON object of an account inside other objects.
func (c *call) simpleUser(a *account) object {
	url := c.api + "/users/" + a.login
	o := object{
		"login": a.login, "id": a.id, "node_id": nodeID("U", a.id), "gravatar_id": "",
		"avatar_url": c.web + "/avatars/" + a.login, "url": url, "html_url": c.web + "/" + a.login,
		"following_url": url + "/following{/other_user}", "gists_url": url + "/gists{/gist_id}",
		"starred_url": url + "/starred{/owner}{/repo}", "events_url": url + "/events{/privacy}",
		"organizations_url": url + "/orgs", "type": "User", "site_admin": false,
	}
	for _, list := range []string{"followers", "subscriptions", "repos", "received_events"} {
		o[list+"_url"] = url + "/" + list
	}
	return o
}

// permission handles GET /repos/{owner}/{repo}/collaborators/{username}/permission.
func permission(c *call) *answer {
	a := c.s.accounts[c.params["username"]]
	if a == nil {
		return c.notFound()
	}
	p := a.permission
	switch {
	case a.login == c.s.owner:
		p = Admin
	case p == None && !c.s.private:
		p = Read
	}
	o := c.simpleUser(a)
	o["role_name"] = p
	o["permissions"] = permissions(p)
	return ok(object{"permission": p, "role_name": p, "user": o})
}

// permissions returns the flags that GitHub shows for p.
func permissions(p Permission) object {
	return object{
		"pull": p.allows(Read), "triage": p.allows(Write), "push": p.allows(Write),
		"maintain": p.allows(Admin), "admin": p.allows(Admin),
	}
}
