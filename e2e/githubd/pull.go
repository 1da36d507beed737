package githubd

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// pull is a pull request between branches of the repository. This server never merges or
// closes one.
type pull struct {
	id, number         int64
	title              string
	body               *string
	head, base, commit string // commit is the head of base at creation
	draft, modifiable  bool
	author             *account
	created            time.Time
	labels             []*label
}

// label is a label of the repository.
type label struct {
	id   int64
	name string
}

// pullObject returns the JSON object of a pull request in a list.
func (c *call) pullObject(p *pull) object {
	n := number(p.number)
	self, issue, page := c.url("pulls", n), c.url("issues", n), c.webURL("pull", n)
	head, _, _ := c.s.git.reference("refs/heads/" + p.head)
	side := func(ref, sha string) object {
		return object{
			"label": c.s.owner + ":" + ref, "ref": ref, "sha": sha,
			"user": c.simpleUser(c.s.account(c.s.owner)), "repo": c.repositoryObject(),
		}
	}
	o := object{
		"url": self, "id": p.id, "node_id": nodeID("PR", p.id), "number": p.number,
		"html_url": page, "diff_url": page + ".diff", "patch_url": page + ".patch", "issue_url": issue,
		"commits_url": self + "/commits", "review_comments_url": self + "/comments", "review_comment_url": c.url("pulls", "comments{/number}"),
		"comments_url": issue + "/comments", "statuses_url": c.url("statuses", head),
		"state": "open", "locked": false, "title": p.title, "body": p.body, "draft": p.draft, "user": c.simpleUser(p.author),
		"created_at": stamp(p.created), "updated_at": stamp(p.created),
		"assignees": []object{}, "requested_reviewers": []object{}, "requested_teams": []object{}, "labels": c.labelObjects(p),
		"head": side(p.head, head), "base": side(p.base, p.commit), "author_association": "COLLABORATOR",
	}
	for _, none := range []string{"milestone", "closed_at", "merged_at", "merge_commit_sha", "assignee", "auto_merge"} {
		o[none] = nil
	}
	links := object{}
	for member, url := range map[string]any{
		"self": self, "html": page, "issue": issue, "comments": o["comments_url"], "review_comments": o["review_comments_url"],
		"review_comment": o["review_comment_url"], "commits": o["commits_url"], "statuses": o["statuses_url"],
	} {
		links[member] = object{"href": url}
	}
	o["_links"] = links
	return o
}

// fullPull returns the complete JSON object of a pull request.
func (c *call) fullPull(p *pull) (object, error) {
	o := c.pullObject(p)
	commits, err := c.s.git.between("refs/heads/"+p.base, "refs/heads/"+p.head)
	if err != nil {
		return nil, err
	}
	fork, err := c.s.git.line("merge-base", "refs/heads/"+p.base, "refs/heads/"+p.head)
	if err != nil {
		return nil, err
	}
	files, err := c.s.git.diff(fork, "refs/heads/"+p.head)
	if err != nil {
		return nil, err
	}
	added, deleted := 0, 0
	for _, f := range files {
		added, deleted = added+f.added, deleted+f.deleted
	}
	for member, value := range (object{
		"merged": false, "mergeable": nil, "mergeable_state": "unknown", "merged_by": nil, "maintainer_can_modify": p.modifiable,
		"comments": 0, "review_comments": 0, "commits": len(commits), "additions": added, "deletions": deleted, "changed_files": len(files),
	}) {
		o[member] = value
	}
	return o, nil
}

// listPulls handles GET /repos/{owner}/{repo}/pulls, newest first.
func listPulls(c *call) *answer {
	base, head := c.ask("base", ""), c.ask("head", "")
	var shown []*pull
	for _, p := range slices.Backward(c.s.pulls) {
		// GitHub ignores a head without its owner.
		fits := (base == "" || p.base == base) && (!strings.Contains(head, ":") || head == c.s.owner+":"+p.head)
		if fits && c.ask("state", "open") != "closed" {
			shown = append(shown, p)
		}
	}
	return page(c, shown, c.pullObject)
}

// pullRequest is the body of createPull.
type pullRequest struct {
	Title, Head, Base   string
	Body                *string
	Draft               bool
	MaintainerCanModify bool `json:"maintainer_can_modify"`

	// Not implemented by this server.
	HeadRepo string `json:"head_repo"`
	Issue    int64
}

// createPull handles POST /repos/{owner}/{repo}/pulls.
func createPull(c *call) *answer {
	var in pullRequest
	if a := c.decode(&in); a != nil {
		return a
	}
	if in.HeadRepo != "" || in.Issue != 0 {
		c.s.journal.violate("request %s: this server makes pull requests neither from forks nor from issues", c.route)
	}
	in.Head = strings.TrimPrefix(in.Head, c.s.owner+":")
	if a := c.pullable(in); a != nil {
		return a
	}
	commit, _, err := c.s.git.reference("refs/heads/" + in.Base)
	if err != nil {
		return c.broken(err)
	}
	p := &pull{
		id: c.s.newID(), number: int64(len(c.s.pulls) + 1), title: in.Title, body: in.Body, head: in.Head, base: in.Base, commit: commit,
		draft: in.Draft, modifiable: in.MaintainerCanModify, author: c.token.account, created: time.Now(),
	}
	o, err := c.fullPull(p)
	if err != nil {
		return c.broken(err)
	}
	c.s.pulls = append(c.s.pulls, p)
	c.change()
	return created(o)
}

// pullable returns the error response for a pull request that GitHub would refuse.
func (c *call) pullable(in pullRequest) *answer {
	bad := func(code, field, message string) *answer {
		return c.invalid(wrong{Resource: "PullRequest", Code: code, Field: field, Message: message})
	}
	_, _, headErr := c.s.git.reference("refs/heads/" + in.Head)
	_, _, baseErr := c.s.git.reference("refs/heads/" + in.Base)
	switch {
	case in.Title == "":
		return bad("missing_field", "title", "")
	case errors.Is(headErr, errNoObject):
		return bad("invalid", "head", "")
	case errors.Is(baseErr, errNoObject):
		return bad("invalid", "base", "")
	case errors.Join(headErr, baseErr) != nil:
		return c.broken(errors.Join(headErr, baseErr))
	case slices.ContainsFunc(c.s.pulls, func(p *pull) bool { return p.head == in.Head && p.base == in.Base }):
		return bad("custom", "", fmt.Sprintf("A pull request already exists for %s:%s.", c.s.owner, in.Head))
	}
	commits, err := c.s.git.between("refs/heads/"+in.Base, "refs/heads/"+in.Head)
	switch {
	case err != nil:
		return c.broken(err)
	case len(commits) == 0:
		return bad("custom", "", fmt.Sprintf("No commits between %s and %s", in.Base, in.Head))
	}
	return nil
}

// pulled returns the pull request whose number is in the path, or nil.
func (c *call) pulled(parameter string) *pull {
	n := c.id(parameter)
	if n < 1 || n > int64(len(c.s.pulls)) {
		return nil
	}
	return c.s.pulls[n-1]
}

// getPull handles GET /repos/{owner}/{repo}/pulls/{pull_number}.
func getPull(c *call) *answer {
	p := c.pulled("pull_number")
	if p == nil {
		return c.notFound()
	}
	o, err := c.fullPull(p)
	if err != nil {
		return c.broken(err)
	}
	return ok(o)
}
