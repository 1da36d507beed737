package githubd

import (
	"crypto/rand"
	"encoding/hex"
)

// releaseRequest is the body of creating and editing a release. nil means that a member is
// missing.
type releaseRequest struct {
	TagName    *string `json:"tag_name"`
	Target     *string `json:"target_commitish"`
	Name       *string
	Body       *string
	Draft      *bool
	Prerelease *bool
	MakeLatest *string `json:"make_latest"`

	// Not implemented by this server.
	Notes      *bool   `json:"generate_release_notes"`
	Discussion *string `json:"discussion_category_name"`
}

// read parses the body. Using what the server does not implement is a violation.
func (in *releaseRequest) read(c *call) *answer {
	if a := c.decode(in); a != nil {
		return a
	}
	if in.Notes != nil && *in.Notes || in.Discussion != nil && *in.Discussion != "" {
		c.s.journal.violate("request %s: this server has no generated notes and no discussions", c.route)
	}
	return nil
}

// createRelease handles POST /repos/{owner}/{repo}/releases.
func createRelease(c *call) *answer {
	var in releaseRequest
	if a := in.read(c); a != nil {
		return a
	}
	if in.TagName == nil {
		return c.missing("tag_name")
	}
	if c.empty() != nil {
		return c.refuse("Repository is empty.")
	}
	r := &release{draft: true, author: c.token.account, target: c.s.branch, placeholder: placeholder()}
	if in.Draft == nil {
		in.Draft = new(bool)
	}
	if a := c.apply(r, in); a != nil {
		return a
	}
	r.id = c.s.newID()
	c.s.releases = append(c.s.releases, r)
	c.change()
	return created(c.releaseObject(r))
}

// placeholder returns a random name for a draft.
func placeholder() string {
	random := make([]byte, 10)
	_, _ = rand.Read(random) // never fails
	return "untagged-" + hex.EncodeToString(random)
}

// editRelease handles PATCH /repos/{owner}/{repo}/releases/{release_id}.
func editRelease(c *call) *answer {
	var in releaseRequest
	if a := in.read(c); a != nil {
		return a
	}
	r := c.released()
	if r == nil {
		return c.notFound()
	}
	if r.immutable {
		if a := c.unalterable(r, in); a != nil {
			return a
		}
	}
	if a := c.apply(r, in); a != nil {
		return a
	}
	c.change()
	return ok(c.releaseObject(r))
}

// unalterable returns the error response for an edit of an immutable release that changes
// more than its title, its notes, and whether it is a prerelease or the latest.
func (c *call) unalterable(r *release, in releaseRequest) *answer {
	refuse := func(field string) *answer {
		return c.invalid(wrong{Resource: "Release", Code: "custom", Field: field, Message: field + " cannot be changed when release is immutable"})
	}
	switch {
	case in.TagName != nil && *in.TagName != r.tag:
		return refuse("tag_name")
	case in.Target != nil && *in.Target != r.target:
		return refuse("target_commitish")
	case in.Draft != nil && *in.Draft:
		return refuse("state")
	}
	return nil
}

// say applies the fields of a request to a release.
func (r *release) say(in releaseRequest) {
	set(&r.tag, in.TagName)
	set(&r.draft, in.Draft)
	set(&r.prerelease, in.Prerelease)
	if in.Target != nil && *in.Target != "" {
		r.target = *in.Target
	}
	if in.Name != nil {
		r.name = in.Name
	}
	if in.Body != nil {
		r.body = in.Body
	}
}

func set[T any](to *T, value *T) {
	if value != nil {
		*to = *value
	}
}
