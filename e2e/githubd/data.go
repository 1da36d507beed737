package githubd

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// tagObject returns the JSON object of an annotated tag.
func (c *call) tagObject(t commit) object {
	return object{
		"node_id": "TA_" + t.sha, "sha": t.sha, "url": c.url("git", "tags", t.sha), "tag": t.tag, "message": t.message,
		"tagger": t.committer.object(), "verification": t.verification(),
		"object": object{"sha": t.object, "type": t.kind, "url": c.url("git", t.kind+"s", t.object)},
	}
}

// readObject returns the commit or tag named in the path, or an error response if there is
// none of that kind.
func (c *call) readObject(sha, kind string) (commit, *answer) {
	got, err := c.s.git.kind(sha)
	switch {
	case errors.Is(err, errNoObject), err == nil && got != kind:
		return commit{}, c.notFound()
	case err != nil:
		return commit{}, c.broken(err)
	}
	all, err := c.s.git.commits(sha)
	if err != nil {
		return commit{}, c.broken(err)
	}
	return all[0], nil
}

// getTag handles GET /repos/{owner}/{repo}/git/tags/{tag_sha}.
func getTag(c *call) *answer {
	t, a := c.readObject(c.params["tag_sha"], "tag")
	if a != nil {
		return a
	}
	return ok(c.tagObject(t))
}

// identity is an author or committer in a request.
type identity struct {
	Name, Email string
	Date        time.Time
}

// signature returns the identity with missing fields set: the login, and the current time.
func (i *identity) signature(c *call) signature {
	s := signature{c.login(), c.login() + "@users.noreply.invalid", time.Now()}
	if i == nil {
		return s
	}
	s.name, s.email = i.Name, i.Email
	if !i.Date.IsZero() {
		s.date = i.Date
	}
	return s
}

// createTag handles POST /repos/{owner}/{repo}/git/tags. It creates only the object,
// without a reference.
func createTag(c *call) *answer {
	var in struct {
		Tag, Message, Object, Type string
		Tagger                     *identity
	}
	if a := c.decode(&in); a != nil {
		return a
	}
	kind, err := c.s.git.kind(in.Object)
	switch {
	case in.Tag == "":
		return c.missing("tag")
	case errors.Is(err, errNoObject):
		return c.refuse("Could not verify object")
	case err != nil:
		return c.broken(err)
	case kind != in.Type:
		return c.invalid(wrong{Resource: "Tag", Code: "invalid", Field: "type"})
	}
	text := fmt.Sprintf("object %s\ntype %s\ntag %s\ntagger %s\n\n%s", in.Object, kind, in.Tag, in.Tagger.signature(c), in.Message)
	sha, a := c.store("tag", text)
	if a != nil {
		return a
	}
	return created(c.tagObject(parseCommit(sha, text)))
}

// store writes an object. git refuses malformed ones.
func (c *call) store(kind, text string) (string, *answer) {
	sha, err := c.s.git.with(text, nil, "hash-object", "-w", "--stdin", "-t", kind)
	if err != nil {
		return "", c.refuse("Invalid " + kind)
	}
	c.change()
	return strings.TrimSpace(sha), nil
}

// gitCommit returns the JSON object of a commit in the git database API.
func (c *call) gitCommit(o commit) object {
	full := c.commitObject(o)
	inner := full["commit"].(object)
	return object{
		"sha": o.sha, "node_id": full["node_id"], "url": inner["url"], "html_url": full["html_url"],
		"author": inner["author"], "committer": inner["committer"], "message": o.message, "tree": inner["tree"],
		"parents": full["parents"], "verification": inner["verification"],
	}
}

// getGitCommit handles GET /repos/{owner}/{repo}/git/commits/{commit_sha}.
func getGitCommit(c *call) *answer {
	o, a := c.readObject(c.params["commit_sha"], "commit")
	if a != nil {
		return a
	}
	return ok(c.gitCommit(o))
}

// createCommit handles POST /repos/{owner}/{repo}/git/commits.
func createCommit(c *call) *answer {
	var in struct {
		Message, Tree, Signature string
		Parents                  []string
		Author, Committer        *identity
	}
	if a := c.decode(&in); a != nil {
		return a
	}
	if kind, err := c.s.git.kind(in.Tree); err != nil || kind != "tree" {
		return c.refuse("Tree SHA does not exist")
	}
	text := "tree " + in.Tree + "\n"
	for _, parent := range in.Parents {
		if kind, err := c.s.git.kind(parent); err != nil || kind != "commit" {
			return c.refuse("Parent SHA does not exist or is not a commit object")
		}
		text += "parent " + parent + "\n"
	}
	if in.Committer == nil {
		in.Committer = in.Author
	}
	text += fmt.Sprintf("author %s\ncommitter %s\n", in.Author.signature(c), in.Committer.signature(c))
	if in.Signature != "" {
		text += "gpgsig " + strings.ReplaceAll(strings.TrimSuffix(in.Signature, "\n"), "\n", "\n ") + "\n"
	}
	text += "\n" + in.Message
	sha, a := c.store("commit", text)
	if a != nil {
		return a
	}
	return created(c.gitCommit(parseCommit(sha, text)))
}
