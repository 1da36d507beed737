package githubd

import (
	"errors"
	"strings"
	"time"
)

// apply applies a request to a release. If it returns an error response, the release is
// unchanged.
func (c *call) apply(r *release, in releaseRequest) *answer {
	next := *r
	next.say(in)
	// GitHub forgets the tag of a draft if an edit that keeps it a draft does not repeat the
	// tag; publishing alone does not need it.
	if r.draft && next.draft && (in.TagName == nil || *in.TagName == "") {
		next.tag = next.placeholder
	}
	sha, a := c.targeted(&next)
	publishing := r.draft && !next.draft
	// An existing release may be edited after its target branch was deleted.
	if a != nil && (r.id == 0 || in.Target != nil || publishing) {
		return a
	}
	makeLatest := ""
	set(&makeLatest, in.MakeLatest)
	if a := c.latestable(&next, makeLatest, r.id != 0); a != nil {
		return a
	}
	if !next.draft && (publishing || next.tag != r.tag) {
		if a := c.publish(&next, sha, publishing); a != nil {
			return a
		}
	}
	if next.draft { // including one that was published before
		next.published = time.Time{}
	}
	next.updated = time.Now()
	if err := c.s.date(&next, sha); err != nil {
		return c.broken(err)
	}
	*r = next
	c.choose(r, makeLatest, publishing)
	if err := c.s.protect(); err != nil {
		return c.broken(err)
	}
	return nil
}

// targeted returns the commit of the release's target, or the error response for a target
// that is neither a branch nor a commit, or that the token may not release. GitHub checks
// the target of a new release even if the tag exists and the target is ignored.
func (c *call) targeted(r *release) (string, *answer) {
	sha, kind, err := c.s.git.reference("refs/heads/" + r.target)
	if errors.Is(err, errNoObject) {
		sha = r.target
		kind, err = c.s.git.kind(sha)
	}
	switch {
	case errors.Is(err, errNoObject), err == nil && kind != "commit":
		return "", c.invalid(wrong{Resource: "Release", Code: "invalid", Field: "target_commitish"})
	case err != nil:
		return "", c.broken(err)
	case r.target == c.s.branch:
		return sha, nil
	}
	return sha, c.workflows(sha)
}

// publish publishes the release. It creates its tag at a commit if there is none.
func (c *call) publish(r *release, sha string, first bool) *answer {
	invalidTag := wrong{Resource: "Release", Code: "custom", Message: "Published releases must have a valid tag"}
	exists := c.s.publishedAs(r.tag)
	switch {
	case !c.s.git.valid("refs/tags/" + r.tag):
		return c.invalid(wrong{Resource: "Release", Code: "custom", Field: "tag_name", Message: "tag_name is not a valid tag"}, invalidTag)
	case exists != nil && exists.id != r.id:
		return c.invalid(wrong{Resource: "Release", Code: "already_exists", Field: "tag_name"})
	case c.s.burned[r.tag]:
		return c.invalid(wrong{Resource: "Release", Code: "custom", Field: "pre_receive", Message: "pre_receive " + cannotCreate},
			wrong{Resource: "Release", Code: "custom", Field: "tag_name", Message: "tag_name was used by an immutable release"}, invalidTag)
	}
	if a := c.makeTag(r, sha); a != nil {
		return a
	}
	if !first {
		return nil
	}
	r.published = time.Now()
	if r.immutable = c.s.immutable; r.immutable {
		c.s.burned[r.tag] = true
	}
	return nil
}

// makeTag makes the tag of a release at a commit, unless there is one.
func (c *call) makeTag(r *release, sha string) *answer {
	_, _, err := c.s.git.reference("refs/tags/" + r.tag)
	// GitHub publishes a release named by a placeholder without creating a tag.
	if err == nil || r.untagged() {
		return nil
	}
	if !errors.Is(err, errNoObject) {
		return c.broken(err)
	}
	if _, err := c.s.git.run("update-ref", "refs/tags/"+r.tag, sha, strings.Repeat("0", 40)); err != nil {
		return c.invalid(wrong{Resource: "Release", Code: "custom", Message: "Published releases must have a valid tag"})
	}
	return nil
}

// workflows returns the error response for a token without the permission for workflows
// that releases a commit with workflows added or changed relative to the default branch, as
// documented for the operation.
func (c *call) workflows(sha string) *answer {
	if c.token.workflows {
		return nil
	}
	out, err := c.s.git.run("diff", "--name-only", "--diff-filter=AM", "refs/heads/"+c.s.branch, sha, "--", ".github/workflows")
	switch {
	case err != nil:
		return c.broken(err)
	case out != "":
		return c.notFound()
	}
	return nil
}
