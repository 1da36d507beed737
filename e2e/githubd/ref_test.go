package githubd

import (
	"context"
	"testing"

	"github.com/google/go-github/v60/github"
)

// TestGithubdRefs checks that references are those of the repository, whoever created them.
func TestGithubdRefs(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Write)
	first := w.run(w.clone, "rev-parse", "HEAD")
	second := w.commit("a", "a\n", "The second commit")
	w.run(w.clone, "push", "--quiet", "origin", "HEAD:refs/tags/shim/v1")
	r, _, err := c.Git.GetRef(ctx, owner, repo, "refs/tags/shim/v1")
	if err != nil || r.Object.GetSHA() != second || r.Object.GetType() != "commit" || r.GetRef() != "refs/tags/shim/v1" {
		t.Errorf("the tag that was pushed is %v, %v", r, err)
	}
	_, _, err = c.Git.GetRef(ctx, owner, repo, "tags/shim")
	denied(t, err, 404)
	refs, _, err := c.Git.ListMatchingRefs(ctx, owner, repo, &github.ReferenceListOptions{Ref: "tags/shim"})
	if err != nil || len(refs) != 1 {
		t.Errorf("references that begin so are %v, %v", refs, err)
	}
	if refs, _, err = c.Git.ListMatchingRefs(ctx, owner, repo, &github.ReferenceListOptions{Ref: "tags/x"}); err != nil || len(refs) != 0 {
		t.Errorf("references that begin otherwise are %v, %v", refs, err)
	}
	if _, _, err := c.Git.CreateRef(ctx, owner, repo, ref("refs/heads/next", first)); err != nil {
		t.Error(err)
	}
	if got := w.run(w.bare, "rev-parse", "refs/heads/next"); got != first {
		t.Errorf("the branch is on %s, expected %s", got, first)
	}
	if r, _, err = c.Git.UpdateRef(ctx, owner, repo, ref("refs/heads/next", second), false); err != nil || r.Object.GetSHA() != second {
		t.Errorf("moved to %v, %v", r, err)
	}
	_, _, err = c.Git.UpdateRef(ctx, owner, repo, ref("refs/heads/next", first), false)
	denied(t, err, 422, "Update is not a fast forward")
	if _, _, err := c.Git.UpdateRef(ctx, owner, repo, ref("refs/heads/next", first), true); err != nil {
		t.Error(err)
	}
	if _, err := c.Git.DeleteRef(ctx, owner, repo, "heads/next"); err != nil {
		t.Error(err)
	}
	_, err = c.Git.DeleteRef(ctx, owner, repo, "heads/next")
	denied(t, err, 422, "Reference does not exist")
}

// ref returns a reference to create or to move.
func ref(name, sha string) *github.Reference {
	return &github.Reference{Ref: &name, Object: &github.GitObject{SHA: &sha}}
}

// TestGithubdRefusedRefs checks references that GitHub refuses to create, move or delete.
func TestGithubdRefusedRefs(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Write)
	first := w.run(w.clone, "rev-parse", "HEAD")
	w.run(w.clone, "push", "--quiet", "origin", "HEAD:refs/tags/shim/v1")
	const nothing = "0123456789012345678901234567890123456789"
	for name, in := range map[string]*github.Reference{
		"Reference already exists":       ref("refs/tags/shim/v1", first),
		"Object does not exist":          ref("refs/tags/x", nothing),
		"three slash-separated":          ref("refs/x", first),
		"is not a valid ref name":        ref("refs/tags/a..b", first),
		"Reference update failed":        ref("refs/tags/shim", first), // shim is a directory
		"refs/heads/x y is not a valid ": ref("refs/heads/x y", first),
	} {
		_, _, err := c.Git.CreateRef(ctx, owner, repo, in)
		denied(t, err, 422, name)
	}
	_, _, err := c.Git.UpdateRef(ctx, owner, repo, ref("refs/tags/none", first), true)
	denied(t, err, 422, "Reference does not exist")
	_, _, err = c.Git.UpdateRef(ctx, owner, repo, ref("refs/tags/shim/v1", nothing), true)
	denied(t, err, 422, "Object does not exist")
	_, err = c.Git.DeleteRef(ctx, owner, repo, "heads/main")
	denied(t, err, 422)
}

// TestGithubdEscapedRef checks that "%2F" is refused in a reference, as go-github's authors
// observed, but accepted in the tag of a release.
func TestGithubdEscapedRef(t *testing.T) {
	w := newWorld(t)
	c := w.client(Write)
	w.release(c, "shim/v1")
	base := w.APIURL() + "repos/octo/crates"
	for url, want := range map[string]int{
		"/git/ref/tags/shim/v1": 200, "/git/ref/tags%2Fshim%2Fv1": 404,
		"/releases/tags/shim/v1": 200, "/releases/tags/shim%2Fv1": 200, "/commits/shim%2fv1": 200,
	} {
		if status, _, _ := w.raw("GET", base+url, "", ""); status != want {
			t.Errorf("GET %s: %d, expected %d", url, status, want)
		}
	}
	w.violated("no such operation")
}

// TestGithubdEmpty checks a repository without commits.
func TestGithubdEmpty(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Write)
	w.run(w.bare, "update-ref", "-d", "refs/heads/main")
	_, _, err := c.Git.GetRef(ctx, owner, repo, "heads/main")
	denied(t, err, 409, "Git Repository is empty.")
	_, _, err = c.Repositories.GetCommit(ctx, owner, repo, "main", nil)
	denied(t, err, 409)
	_, _, err = c.Repositories.CreateRelease(ctx, owner, repo, &github.RepositoryRelease{TagName: github.String("v1")})
	denied(t, err, 422, "Repository is empty.")
}

// TestGithubdCommits checks that commits are found by the names GitHub accepts, and by no
// other git revisions.
func TestGithubdCommits(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Read)
	sha := w.commit("dir/a b", "1\n2\n", "The second commit\n\nWith a body.")
	w.run(w.clone, "tag", "--annotate", "--message", "signed off", "v1")
	w.run(w.clone, "push", "--quiet", "origin", "v1")
	for _, ref := range []string{"main", "heads/main", "v1", "tags/v1", "refs/tags/v1", sha, sha[:8], "HEAD"} {
		got, _, err := c.Repositories.GetCommit(ctx, owner, repo, ref, nil)
		if err != nil || got.GetSHA() != sha || got.Commit.GetMessage() != "The second commit\n\nWith a body." {
			t.Errorf("by %q: %v, %v", ref, got, err)
			continue
		}
		f := got.Files[0]
		if f.GetFilename() != "dir/a b" || f.GetStatus() != "added" || f.GetAdditions() != 2 || got.GetStats().GetTotal() != 2 || len(got.Parents) != 1 {
			t.Errorf("by %q, the commit is %v", ref, got)
		}
	}
	for _, ref := range []string{"main~1", "main^", "@{upstream}", "nope", ":/second", "main:dir", "-v"} {
		_, _, err := c.Repositories.GetCommit(ctx, owner, repo, ref, nil)
		denied(t, err, 422, "No commit found for SHA")
	}
	got, _, err := c.Repositories.GetCommitSHA1(ctx, owner, repo, "v1", "")
	if err != nil || got != sha {
		t.Errorf("the hash alone is %q, %v", got, err)
	}
	b, _, err := c.Repositories.GetBranch(ctx, owner, repo, "main", 1)
	if err != nil || b.GetCommit().GetSHA() != sha || b.GetProtected() {
		t.Errorf("the branch is %v, %v", b, err)
	}
	_, _, err = c.Repositories.GetBranch(ctx, owner, repo, "v1", 1)
	if err == nil {
		t.Error("a tag is found as a branch")
	}
}

// TestGithubdCompare checks how commits are compared.
func TestGithubdCompare(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Read)
	first := w.run(w.clone, "rev-parse", "HEAD")
	w.commit("a", "1\n2\n3\n4\n5\n6\n", "a")
	second := w.commit("b", "b\n", "b")
	w.run(w.clone, "checkout", "--quiet", "-b", "side", first)
	w.run(w.clone, "mv", "README.md", "MOVED.md")
	w.commit("bin", "\x00\x01", "moved, and binary")
	for _, want := range []struct {
		base, head, status   string
		ahead, behind, files int
	}{
		{first, second, "ahead", 2, 0, 2},
		{"main", first, "behind", 0, 2, 0},
		{"main", "main", "identical", 0, 0, 0},
		{"main", "octo:side", "diverged", 1, 2, 2},
	} {
		got, _, err := c.Repositories.CompareCommits(ctx, owner, repo, want.base, want.head, nil)
		if err != nil {
			t.Errorf("%s...%s: %v", want.base, want.head, err)
			continue
		}
		if got.GetStatus() != want.status || got.GetAheadBy() != want.ahead || got.GetBehindBy() != want.behind || len(got.Commits) != want.ahead || len(got.Files) != want.files {
			t.Errorf("%s...%s: %s, %d ahead with %d commits, %d behind, %d files; expected %+v", want.base, want.head, got.GetStatus(), got.GetAheadBy(), len(got.Commits), got.GetBehindBy(), len(got.Files), want)
		}
		if want.status == "diverged" && (got.Files[0].GetStatus() != "renamed" || got.Files[0].GetPreviousFilename() != "README.md" || got.GetMergeBaseCommit().GetSHA() != first) {
			t.Errorf("the files are %v", got.Files)
		}
	}
	_, _, err := c.Repositories.CompareCommits(ctx, owner, repo, "main", "nope", nil)
	denied(t, err, 404)
}
