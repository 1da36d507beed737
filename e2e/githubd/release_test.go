package githubd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"
)

// TestGithubdReleaseFlow makes a release in the recommended order: a draft, its assets, and
// then its publication, which creates the tag.
func TestGithubdReleaseFlow(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Write)
	const tag, content = "shim/v1.0.0", "a tarball"
	first := w.run(w.clone, "rev-parse", "HEAD")
	w.commit("later", "later\n", "After the release")
	draft, _, err := c.Repositories.CreateRelease(ctx, owner, repo, &github.RepositoryRelease{
		TagName: github.String(tag), TargetCommitish: &first, Name: github.String("shim 1.0.0"), Body: github.String("notes"), Draft: github.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(draft.GetHTMLURL(), "/releases/tag/untagged-") || draft.GetTagName() != tag || draft.PublishedAt != nil {
		t.Errorf("the draft is at %s, has tag %q and was published at %v", draft.GetHTMLURL(), draft.GetTagName(), draft.PublishedAt)
	}
	asset, err := w.upload(c, draft.GetID(), "shim.tar.gz", content)
	if err != nil {
		t.Fatal(err)
	}
	if asset.GetState() != "uploaded" || asset.GetSize() != len(content) {
		t.Errorf("the asset is %v", asset)
	}
	if _, err := w.upload(c, draft.GetID(), "shim.tar.gz", content); err == nil {
		t.Error("a second asset of that name was taken")
	} else {
		denied(t, err, 422, "ReleaseAsset", "already_exists", "name")
	}
	if sha, _ := w.git(w.bare, "rev-parse", "--verify", "--quiet", "refs/tags/"+tag); sha != "" {
		t.Errorf("the draft has made tag %s", sha)
	}
	published, _, err := c.Repositories.EditRelease(ctx, owner, repo, draft.GetID(), &github.RepositoryRelease{Draft: github.Bool(false), TagName: github.String(tag)})
	if err != nil {
		t.Fatal(err)
	}
	if sha := w.run(w.bare, "rev-parse", "refs/tags/"+tag); sha != first {
		t.Errorf("the tag is on %s, expected %s", sha, first)
	}
	if !strings.HasSuffix(published.GetHTMLURL(), "/octo/crates/releases/tag/shim%2Fv1.0.0") || published.GetBody() != "notes" {
		t.Errorf("the release is %v", published)
	}
	found, _, err := c.Repositories.GetReleaseByTag(ctx, owner, repo, tag)
	if err != nil || found.GetID() != draft.GetID() {
		t.Fatalf("by its tag, the release is %v, %v", found, err)
	}
	downloads(t, found.Assets[0].GetBrowserDownloadURL(), content)
	if n := w.Changes(); n != 3 {
		t.Errorf("%d requests changed something, expected 3", n)
	}
}

// downloads checks what a client without a token downloads.
func downloads(t *testing.T, url, content string) {
	t.Helper()
	answer, err := (&http.Client{Transport: &http.Transport{}}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 200 || string(raw) != content {
		t.Errorf("GET %s: %s, %q, %v; expected %q", url, answer.Status, raw, err, content)
	}
}

// TestGithubdDigest checks that assets have their SHA-256, which go-github's type does not
// have yet.
func TestGithubdDigest(t *testing.T) {
	w := newWorld(t)
	c := w.client(Write)
	if _, err := w.upload(c, w.draft(c, "v1").GetID(), "a", "abc"); err != nil {
		t.Fatal(err)
	}
	r, err := c.NewRequest("GET", "repos/octo/crates/releases", nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []struct{ Assets []struct{ Digest string } }
	if _, err := c.Do(context.Background(), r, &all); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("abc"))
	if want := "sha256:" + hex.EncodeToString(sum[:]); all[0].Assets[0].Digest != want {
		t.Errorf("the digest is %q, expected %q", all[0].Assets[0].Digest, want)
	}
}

// TestGithubdDrafts checks that drafts are visible only with push permission and never by
// tag, and that several can have the same tag.
func TestGithubdDrafts(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Write)
	one, two := w.draft(c, "v1"), w.draft(c, "v1")
	for _, p := range []Permission{None, Read, Write} {
		seen, _, err := w.client(p).Repositories.ListReleases(ctx, owner, repo, nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := map[Permission]int{Write: 2}[p]; len(seen) != want {
			t.Errorf("with permission %q, %d drafts are seen, expected %d", p, len(seen), want)
		}
	}
	_, _, err := w.with("").Repositories.GetRelease(ctx, owner, repo, one.GetID())
	denied(t, err, 404)
	_, _, err = c.Repositories.GetReleaseByTag(ctx, owner, repo, "v1")
	denied(t, err, 404)
	publish := &github.RepositoryRelease{TagName: github.String("v1"), Draft: github.Bool(false)}
	if _, _, err = c.Repositories.EditRelease(ctx, owner, repo, two.GetID(), publish); err != nil {
		t.Fatal(err)
	}
	_, _, err = c.Repositories.EditRelease(ctx, owner, repo, one.GetID(), publish)
	denied(t, err, 422, "Release", "already_exists", "tag_name")
	_, _, err = c.Repositories.CreateRelease(ctx, owner, repo, publish)
	denied(t, err, 422, "already_exists")
	w.draft(c, "v1") // still allowed
	if _, err := c.Repositories.DeleteRelease(ctx, owner, repo, one.GetID()); err != nil {
		t.Error(err)
	}
	if tags := w.run(w.bare, "tag"); tags != "v1" {
		t.Errorf("the tags are %q", tags)
	}
}

// TestGithubdDraftLosesItsTag checks that an edit that keeps a draft and does not repeat
// its tag makes it untagged, but publishing does not.
func TestGithubdDraftLosesItsTag(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Write)
	draft := w.draft(c, "v1")
	edit := func(in github.RepositoryRelease) *github.RepositoryRelease {
		t.Helper()
		r, _, err := c.Repositories.EditRelease(ctx, owner, repo, draft.GetID(), &in)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := edit(github.RepositoryRelease{Body: github.String("notes")}); !strings.HasPrefix(r.GetTagName(), "untagged-") {
		t.Errorf("the tag is %q, expected it to be lost", r.GetTagName())
	}
	if r := edit(github.RepositoryRelease{TagName: github.String("v2")}); r.GetTagName() != "v2" {
		t.Errorf("the tag is %q, expected v2", r.GetTagName())
	}
	if r := edit(github.RepositoryRelease{Draft: github.Bool(false)}); r.GetTagName() != "v2" || r.GetBody() != "notes" {
		t.Errorf("published as %q with notes %q, expected v2", r.GetTagName(), r.GetBody())
	}
}

// TestGithubdRefusedReleases checks releases that GitHub refuses.
func TestGithubdRefusedReleases(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Write)
	w.run(w.clone, "push", "--quiet", "origin", "HEAD:refs/tags/v0")
	for name, in := range map[string]github.RepositoryRelease{
		"target_commitish":            {TagName: github.String("v1"), TargetCommitish: github.String("v0")}, // a tag is not a valid target
		"invalid":                     {TagName: github.String("v1"), TargetCommitish: github.String(strings.Repeat("a", 40))},
		"tag_name is not a valid tag": {TagName: github.String("a..b")},
		"Latest release cannot be":    {TagName: github.String("v1"), Prerelease: github.Bool(true), MakeLatest: github.String("true")},
	} {
		_, _, err := c.Repositories.CreateRelease(ctx, owner, repo, &in)
		denied(t, err, 422, name)
	}
	if w.Changes() != 0 {
		t.Errorf("%d requests changed something", w.Changes())
	}
	if tags := w.run(w.bare, "tag"); tags != "v0" {
		t.Errorf("the tags are %q", tags)
	}
}

// TestGithubdTargetGone checks that a release outlives its target branch.
func TestGithubdTargetGone(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Write)
	w.run(w.clone, "push", "--quiet", "origin", "HEAD:refs/heads/side")
	create := func(tag string, draft bool) int64 {
		t.Helper()
		r, _, err := c.Repositories.CreateRelease(ctx, owner, repo, &github.RepositoryRelease{TagName: &tag, TargetCommitish: github.String("side"), Draft: &draft})
		if err != nil {
			t.Fatal(err)
		}
		return r.GetID()
	}
	published, draft := create("v1", false), create("v2", true)
	w.run(w.clone, "push", "--quiet", "origin", ":refs/heads/side")
	r, _, err := c.Repositories.EditRelease(ctx, owner, repo, published, &github.RepositoryRelease{Body: github.String("notes")})
	if err != nil || r.GetBody() != "notes" || r.GetTargetCommitish() != "side" {
		t.Errorf("the published one is %v, %v", r, err)
	}
	_, _, err = c.Repositories.EditRelease(ctx, owner, repo, draft, &github.RepositoryRelease{Draft: github.Bool(false)})
	denied(t, err, 422, "target_commitish")
}
