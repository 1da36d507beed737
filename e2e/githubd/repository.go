package githubd

import (
	"fmt"
	"strings"
	"time"
)

// repository is the state of the server's repository outside the bare repository.
type repository struct {
	id          int64
	owner, repo string
	former      []string // former names, OWNER/REPO
	private     bool
	created     time.Time
	branch      string   // the default branch
	anonymous   *account // shared by requests without a token

	immutable bool // for releases published from now on
	releases  []*release
	latest    *release        // the release marked as latest; nil if none is
	burned    map[string]bool // tags once used by an immutable release, which cannot be reused

	pulls  []*pull
	labels []*label

	environments map[string]Environment
}

// open initialises the repository.
func (r *repository) open(s *Server, o Options) error {
	branch, err := s.git.head()
	if err != nil {
		return fmt.Errorf("reading the default branch of %q: %w", o.Git, err)
	}
	*r = repository{
		id: s.newID(), owner: o.Owner, repo: o.Repo, private: o.Private, immutable: o.Immutable,
		created: time.Now(), branch: branch, burned: map[string]bool{}, anonymous: &account{},
	}
	s.account(o.Owner).permission = Admin
	return s.git.hook()
}

// Rename renames the repository. Requests for the old name are redirected: GET with 301,
// others with 307.
func (s *Server) Rename(owner, repo string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.former = append(s.former, s.owner+"/"+s.repo)
	s.owner, s.repo = owner, repo
	s.account(owner).permission = Admin
}

// SetImmutable turns immutable releases on or off for releases published from now on, like
// the repository's setting.
func (s *Server) SetImmutable(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.immutable = on
}

// getRepository handles GET /repos/{owner}/{repo}.
func getRepository(c *call) *answer {
	o := c.repositoryObject()
	o["network_count"], o["subscribers_count"] = 0, 0
	if c.token != nil {
		p := c.token.permission
		if p == None {
			p = Read
		}
		o["permissions"] = permissions(p)
	}
	return ok(o)
}

// repositoryObject returns the JSON object of the repository.
func (c *call) repositoryObject() object {
	s, url, page := c.s, c.url(), c.webURL()
	_, address, _ := strings.Cut(page, ":")
	visibility := "public"
	if s.private {
		visibility = "private"
	}
	o := object{
		"id": s.id, "node_id": nodeID("R", s.id), "name": s.repo, "full_name": s.owner + "/" + s.repo,
		"owner": c.simpleUser(s.account(s.owner)), "private": s.private, "visibility": visibility,
		"url": url, "html_url": page, "clone_url": page + ".git", "svn_url": page,
		"git_url": "git:" + address + ".git", "ssh_url": "ssh:" + address + ".git",
		"description": nil, "homepage": nil, "language": nil, "license": nil, "mirror_url": nil,
		"default_branch": s.branch, "created_at": stamp(s.created), "updated_at": stamp(s.created), "pushed_at": stamp(s.created),
	}
	for _, no := range []string{"fork", "has_pages", "has_wiki", "has_discussions", "archived", "disabled"} {
		o[no] = false
	}
	for _, yes := range []string{"has_issues", "has_projects", "has_downloads"} {
		o[yes] = true
	}
	for _, none := range []string{"forks", "forks_count", "stargazers_count", "watchers", "watchers_count", "size", "open_issues", "open_issues_count"} {
		o[none] = 0
	}
	for member, path := range repositoryURLs {
		o[member+"_url"] = url + "/" + path
	}
	return o
}

// repositoryURLs maps the resources below the repository's URL to their paths. The server
// does not have most of them.
var repositoryURLs = map[string]string{
	"archive": "{archive_format}{/ref}", "assignees": "assignees{/user}", "blobs": "git/blobs{/sha}",
	"branches": "branches{/branch}", "collaborators": "collaborators{/collaborator}", "comments": "comments{/number}",
	"commits": "commits{/sha}", "compare": "compare/{base}...{head}", "contents": "contents/{+path}",
	"contributors": "contributors", "deployments": "deployments", "downloads": "downloads", "events": "events",
	"forks": "forks", "git_commits": "git/commits{/sha}", "git_refs": "git/refs{/sha}", "git_tags": "git/tags{/sha}",
	"hooks": "hooks", "issue_comment": "issues/comments{/number}", "issue_events": "issues/events{/number}",
	"issues": "issues{/number}", "keys": "keys{/key_id}", "labels": "labels{/name}", "languages": "languages",
	"merges": "merges", "milestones": "milestones{/number}", "notifications": "notifications{?since,all,participating}",
	"pulls": "pulls{/number}", "releases": "releases{/id}", "stargazers": "stargazers", "statuses": "statuses/{sha}",
	"subscribers": "subscribers", "subscription": "subscription", "tags": "tags", "teams": "teams", "trees": "git/trees{/sha}",
}

// webURL returns the URL of a web page of the repository.
func (c *call) webURL(parts ...string) string {
	url := c.web + "/" + c.s.owner + "/" + c.s.repo
	for _, part := range parts {
		url += "/" + part
	}
	return url
}

// getImmutable handles GET /repos/{owner}/{repo}/immutable-releases. It returns an error if
// the setting is off.
func getImmutable(c *call) *answer {
	if !c.s.immutable {
		return c.notFound()
	}
	return ok(object{"enabled": true, "enforced_by_owner": false})
}

// putImmutable handles PUT /repos/{owner}/{repo}/immutable-releases.
func putImmutable(c *call) *answer {
	c.s.immutable = true
	c.change()
	return noContent()
}

// deleteImmutable handles DELETE /repos/{owner}/{repo}/immutable-releases.
func deleteImmutable(c *call) *answer {
	c.s.immutable = false
	c.change()
	return noContent()
}
