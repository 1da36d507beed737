package githubd

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// commit is a commit or an annotated tag of the repository.
type commit struct {
	sha               string
	tree              string
	parents           []string
	author, committer signature
	message           string
	signed            string // the signature, if any
	object, kind, tag string // of a tag: the object it points to, that object's type, the tag's name
}

// signature is an author or committer, with a time.
type signature struct {
	name, email string
	date        time.Time
}

func (s signature) object() object {
	return object{"name": s.name, "email": s.email, "date": stamp(s.date)}
}

// String returns the signature as stored in a git object.
func (s signature) String() string {
	return fmt.Sprintf("%s <%s> %d +0000", s.name, s.email, s.date.Unix())
}

// parseSignature parses NAME <EMAIL> SECONDS ZONE.
func parseSignature(s string) signature {
	name, rest, _ := strings.Cut(s, " <")
	email, rest, _ := strings.Cut(rest, "> ")
	seconds, _, _ := strings.Cut(rest, " ")
	at, _ := strconv.ParseInt(seconds, 10, 64)
	return signature{name, email, time.Unix(at, 0)}
}

// commits reads commits or annotated tags.
func (g git) commits(hashes ...string) ([]commit, error) {
	out, err := g.with(strings.Join(hashes, "\n")+"\n", nil, "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	var all []commit
	for _, sha := range hashes {
		head, rest, _ := strings.Cut(out, "\n")
		f := strings.Fields(head)
		if len(f) != 3 {
			return nil, fmt.Errorf("reading object %q: %w", sha, errNoObject)
		}
		size, err := strconv.Atoi(f[2])
		if err != nil || size >= len(rest) {
			return nil, fmt.Errorf("reading object %q: git says %q", sha, head)
		}
		all = append(all, parseCommit(f[0], rest[:size]))
		out = rest[size+1:]
	}
	return all, nil
}

// parseCommit parses the text of an object.
func parseCommit(sha, text string) commit {
	head, message, _ := strings.Cut(text, "\n\n")
	c := commit{sha: sha, message: strings.TrimSuffix(message, "\n")}
	key := ""
	for line := range strings.Lines(head) {
		line = strings.TrimSuffix(line, "\n")
		if more, ok := strings.CutPrefix(line, " "); ok { // continues the previous line
			if key == "gpgsig" {
				c.signed += "\n" + more
			}
			continue
		}
		var value string
		key, value, _ = strings.Cut(line, " ")
		switch key {
		case "tree":
			c.tree = value
		case "parent":
			c.parents = append(c.parents, value)
		case "author":
			c.author = parseSignature(value)
		case "committer", "tagger":
			c.committer = parseSignature(value)
		case "gpgsig":
			c.signed = value
		case "object":
			c.object = value
		case "type":
			c.kind = value
		case "tag":
			c.tag = value
		}
	}
	return c
}

// verification returns GitHub's object about a signature. This server verifies none.
func (o commit) verification() object {
	v := object{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil}
	if o.signed != "" {
		v["reason"], v["signature"] = "unknown_key", o.signed
	}
	return v
}

// commitObject returns the JSON object of a commit.
func (c *call) commitObject(o commit) object {
	url := c.url("commits", o.sha)
	parents := []object{}
	for _, parent := range o.parents {
		parents = append(parents, object{"sha": parent, "url": c.url("commits", parent), "html_url": c.webURL("commit", parent)})
	}
	return object{
		"sha": o.sha, "node_id": "C_" + o.sha, "url": url, "html_url": c.webURL("commit", o.sha), "comments_url": url + "/comments",
		"commit": object{
			"url": c.url("git", "commits", o.sha), "author": o.author.object(), "committer": o.committer.object(),
			"message": o.message, "comment_count": 0, "verification": o.verification(),
			"tree": object{"sha": o.tree, "url": c.url("git", "trees", o.tree)},
		},
		"author": nil, "committer": nil, "parents": parents,
	}
}

// getCommit handles GET /repos/{owner}/{repo}/commits/{ref}.
func getCommit(c *call) *answer {
	if a := c.empty(); a != nil {
		return a
	}
	sha, err := c.s.git.commit(c.params["ref"])
	switch {
	case errors.Is(err, errNoObject):
		return c.refuse("No commit found for SHA: " + c.params["ref"])
	case err != nil:
		return c.broken(err)
	}
	// Media types with and without ".v3" are equivalent.
	if accept := c.r.Header.Get("Accept"); strings.HasSuffix(accept, ".sha") {
		return &answer{status: http.StatusOK, text: sha, header: map[string]string{"Content-Type": "application/vnd.github.sha; charset=utf-8"}}
	}
	commits, err := c.s.git.commits(sha)
	if err != nil {
		return c.broken(err)
	}
	before := emptyTree
	if len(commits[0].parents) > 0 {
		before = commits[0].parents[0]
	}
	files, err := c.s.git.diff(before, sha)
	if err != nil {
		return c.broken(err)
	}
	o, added, deleted := c.commitObject(commits[0]), 0, 0
	for _, f := range files {
		added, deleted = added+f.added, deleted+f.deleted
	}
	o["stats"] = object{"additions": added, "deletions": deleted, "total": added + deleted}
	o["files"] = c.files(files, sha)
	return ok(o)
}
