package githubd

import (
	"errors"
	"strings"
	"time"
)

// apply does to a release what a request says, or nothing: then it returns the
// answer that says why.
func (c *call) apply(r *release, in releaseRequest) *answer {
	next := *r
	next.say(in)
	// GitHub forgets the tag of a draft when an edit that leaves it one does not
	// repeat it; publishing alone does not need it.
	if r.draft && next.draft && (in.TagName == nil || *in.TagName == "") {
		next.tag = next.placeholder
	}
	sha, a := c.targeted(&next)
	publishing := r.draft && !next.draft
	// A release that is there may be edited when its branch is there no more.
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
	if next.draft { // also one that was published
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

// targeted returns the commit of the release's target, or the answer to a target
// that is no branch and no commit, or that the token may not release. GitHub looks
// at the target of a new release even when the tag exists and it counts for
// nothing.
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

// publish makes the release's tag at a commit, if there is none, and makes the
// release a published one.
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
	// GitHub publishes what is called by a placeholder, and makes no tag for it.
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

// workflows is the answer to a token without the permission for workflows that
// releases a commit which adds or changes one, against the default branch: the
// description of the operation has it.
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
