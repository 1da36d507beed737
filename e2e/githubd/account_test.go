package githubd

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"
)

// TestGithubdPermissions checks who may do what in a public and in a private repository.
func TestGithubdPermissions(t *testing.T) {
	for _, c := range []struct {
		private                        bool
		permission                     Permission // empty without a token
		get, post, upload, collaborate int
	}{
		{false, "", 200, 401, 401, 401},
		{false, None, 200, 403, 403, 403},
		{false, Read, 200, 403, 403, 403},
		{false, Write, 200, 201, 201, 200},
		{false, Admin, 200, 201, 201, 200},
		{true, "", 404, 404, 404, 404},
		{true, None, 404, 404, 404, 404},
		{true, Read, 200, 403, 403, 403},
		{true, Write, 200, 201, 201, 200},
	} {
		w := newWorld(t, func(o *Options) { o.Private = c.private })
		draft := w.draft(w.client(Write), "v0")
		token := ""
		if c.permission != "" {
			token = w.Token("eve", c.permission)
		}
		base := w.APIURL() + "repos/octo/crates"
		for url, want := range map[string]int{
			"GET " + base:               c.get,
			"GET " + base + "/releases": c.get,
			"GET " + base + "/collaborators/ada/permission": c.collaborate,
			"POST " + base + "/releases":                    c.post,
			"POST " + w.UploadURL() + "repos/octo/crates/releases/" + number(draft.GetID()) + "/assets?name=a": c.upload,
		} {
			method, url, _ := strings.Cut(url, " ")
			body := ""
			if method == "POST" {
				body = `{"tag_name": "v1", "draft": true}`
			}
			status, header, answer := w.raw(method, url, token, body)
			if status != want {
				t.Errorf("private %t, permission %q, %s %s: %d %s, expected %d", c.private, c.permission, method, url, status, answer, want)
			}
			if header.Get("X-RateLimit-Limit") == "" {
				t.Errorf("%s %s: no limit in %v", method, url, header)
			}
		}
	}
}

// TestGithubdWho checks the responses about a token's user and about the repository.
func TestGithubdWho(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	token := w.Token("ada", Write)
	c := w.with(token)
	u, _, err := c.Users.Get(ctx, "")
	if err != nil || u.GetLogin() != "ada" {
		t.Errorf("the user is %v, %v", u, err)
	}
	r, _, err := c.Repositories.Get(ctx, owner, repo)
	if err != nil || !r.GetPermissions()["push"] || r.GetPermissions()["admin"] || r.GetDefaultBranch() != "main" {
		t.Errorf("the repository is %v, %v", r, err)
	}
	for login, want := range map[string]string{"ada": "write", owner: "admin", "eve": "read"} {
		w.Token("eve", None)
		p, _, err := c.Repositories.GetPermissionLevel(ctx, owner, repo, login)
		if err != nil || p.GetPermission() != want || p.GetUser().GetLogin() != login {
			t.Errorf("the permission of %q is %v, %v; expected %q", login, p, err, want)
		}
	}
	_, _, err = c.Repositories.GetPermissionLevel(ctx, owner, repo, "nobody")
	denied(t, err, 404)
	_, _, err = w.with("").Users.Get(ctx, "")
	denied(t, err, 401, "Requires authentication")
	w.Revoke(token)
	_, _, err = c.Users.Get(ctx, "")
	denied(t, err, 401, "Bad credentials")
}

// TestGithubdWorkflows checks that a token without the permission for workflows cannot
// release a commit whose workflows differ from the default branch.
func TestGithubdWorkflows(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	token := w.Token("ada", Write)
	c := w.with(token)
	old := w.commit(".github/workflows/ci.yml", "on: push\n", "CI")
	w.commit(".github/workflows/ci.yml", "on: pull_request\n", "CI again")
	in := &github.RepositoryRelease{TagName: github.String("v1"), TargetCommitish: &old}
	_, _, err := c.Repositories.CreateRelease(ctx, owner, repo, in)
	denied(t, err, 404)
	w.AllowWorkflows(token)
	if _, _, err := c.Repositories.CreateRelease(ctx, owner, repo, in); err != nil {
		t.Error(err)
	}
}

// TestGithubdRateLimit checks that a login's rate limit is enforced, and that every
// response shows it.
func TestGithubdRateLimit(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, func(o *Options) { o.RateLimit = 2 })
	token := w.Token("ada", Write)
	for remaining := 1; remaining >= 0; remaining-- {
		_, answer, err := w.with(token).Repositories.Get(ctx, owner, repo)
		if err != nil || answer.Rate.Remaining != remaining || answer.Rate.Limit != 2 {
			t.Errorf("the rate is %v, %v; expected %d remaining", answer.Rate, err, remaining)
		}
	}
	_, _, err := w.with(token).Repositories.Get(ctx, owner, repo)
	var limit *github.RateLimitError
	if !errors.As(err, &limit) || time.Until(limit.Rate.Reset.Time) < 59*time.Minute {
		t.Errorf("beyond the limit: %v", err)
	}
	limits, _, err := w.with(token).RateLimit.Get(ctx)
	if err != nil || limits.Core.Remaining != 0 || limits.Core.Limit != 2 {
		t.Errorf("the limits are %v, %v", limits, err)
	}
	if _, _, err := w.with(w.Token("eve", Read)).Repositories.Get(ctx, owner, repo); err != nil {
		t.Errorf("another login: %v", err)
	}
}

// TestGithubdLimitFaults checks that go-github recognises injected rate limits.
func TestGithubdLimitFaults(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	token := w.Token("ada", Write)
	inject := func(f Fault) {
		t.Helper()
		if err := w.Inject(f); err != nil {
			t.Fatal(err)
		}
	}
	inject(Fault{Kind: PrimaryLimit, Times: 1, After: time.Hour})
	_, _, err := w.with(token).Repositories.Get(ctx, owner, repo)
	var primary *github.RateLimitError
	if !errors.As(err, &primary) || primary.Rate.Remaining != 0 || time.Until(primary.Rate.Reset.Time) < 59*time.Minute {
		t.Errorf("with the primary limit: %v", err)
	}
	const create = "POST /repos/{owner}/{repo}/releases"
	inject(Fault{Kind: SecondaryLimit, Operation: create, Times: 1, After: 7 * time.Second})
	if _, _, err := w.with(token).Repositories.Get(ctx, owner, repo); err != nil {
		t.Errorf("another operation: %v", err)
	}
	in := &github.RepositoryRelease{TagName: github.String("v1")}
	var secondary *github.AbuseRateLimitError
	_, _, err = w.with(token).Repositories.CreateRelease(ctx, owner, repo, in)
	if !errors.As(err, &secondary) || secondary.GetRetryAfter() != 7*time.Second || w.Changes() != 0 {
		t.Errorf("with the secondary limit: %v, after %d changes", err, w.Changes())
	}
	inject(Fault{Kind: SecondaryLimitDone, Times: 1, After: time.Second})
	_, _, err = w.with(token).Repositories.CreateRelease(ctx, owner, repo, in)
	if !errors.As(err, &secondary) || w.Changes() != 1 {
		t.Errorf("with the secondary limit, done: %v, after %d changes", err, w.Changes())
	}
	_, _, err = w.with(token).Repositories.CreateRelease(ctx, owner, repo, in)
	denied(t, err, 422, "already_exists")
	inject(Fault{Kind: SecondaryLimit})
	w.ClearFaults()
	if _, _, err := w.with(token).Repositories.Get(ctx, owner, repo); err != nil {
		t.Errorf("after all faults: %v", err)
	}
	for _, f := range []Fault{{Kind: "x"}, {Kind: LoseAnswer, Times: -1}, {Kind: LoseAnswer, Operation: "POST /releases"}} {
		if err := w.Inject(f); err == nil {
			t.Errorf("fault %+v was taken", f)
		}
	}
}

// TestGithubdRename checks that requests for a repository's old name are redirected, and
// that clients follow.
func TestGithubdRename(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	token := w.Token("ada", Write)
	c := w.with(token)
	w.release(c, "v1")
	w.Rename("octo", "boxes")
	r, _, err := c.Repositories.GetReleaseByTag(ctx, owner, repo, "v1")
	if err != nil || !strings.Contains(r.GetURL(), "/repos/octo/boxes/releases/") {
		t.Errorf("by the old name: %v, %v", r.GetURL(), err)
	}
	status, header, _ := w.raw("GET", w.APIURL()+"repos/octo/crates/releases?page=1", token, "")
	if status != http.StatusMovedPermanently || !strings.HasSuffix(header.Get("Location"), "/releases?page=1") {
		t.Errorf("GET: %d to %q", status, header.Get("Location"))
	}
	status, header, _ = w.raw("POST", w.APIURL()+"repos/octo/crates/releases", token, `{"tag_name": "v2"}`)
	if status != http.StatusTemporaryRedirect || !strings.Contains(header.Get("Location"), "/repositories/") {
		t.Errorf("POST: %d to %q", status, header.Get("Location"))
	}
	if _, _, err := c.Repositories.CreateRelease(ctx, owner, repo, &github.RepositoryRelease{TagName: github.String("v2")}); err != nil {
		t.Errorf("POST by the old name: %v", err)
	}
	if _, _, err := c.Repositories.GetReleaseByTag(ctx, owner, "boxes", "v2"); err != nil {
		t.Errorf("by the new name: %v", err)
	}
	_, _, err = c.Repositories.Get(ctx, owner, "other")
	denied(t, err, 404)
}
