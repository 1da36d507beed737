package githubd

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"
)

// TestGithubdImmutable checks that the assets and tag of a published immutable release
// cannot be changed, by the API or by git, and that its title can.
func TestGithubdImmutable(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, func(o *Options) { o.Immutable = true })
	c := w.client(Write)
	draft := w.draft(c, "v1")
	asset, err := w.upload(c, draft.GetID(), "a", "content")
	if err != nil {
		t.Fatal(err)
	}
	edit := func(in github.RepositoryRelease) (*github.RepositoryRelease, error) {
		r, _, err := c.Repositories.EditRelease(ctx, owner, repo, draft.GetID(), &in)
		return r, err
	}
	if _, err := edit(github.RepositoryRelease{Draft: github.Bool(false)}); err != nil {
		t.Fatal(err)
	}
	_, err = w.upload(c, draft.GetID(), "b", "content")
	denied(t, err, 422, "Cannot upload assets to an immutable release.")
	_, err = c.Repositories.DeleteReleaseAsset(ctx, owner, repo, asset.GetID())
	denied(t, err, 422, "Cannot delete asset from an immutable release")
	_, _, err = c.Repositories.EditReleaseAsset(ctx, owner, repo, asset.GetID(), &github.ReleaseAsset{Name: github.String("b")})
	denied(t, err, 422, "immutable")
	_, err = edit(github.RepositoryRelease{Draft: github.Bool(true)})
	denied(t, err, 422, "state cannot be changed when release is immutable")
	_, err = edit(github.RepositoryRelease{TagName: github.String("v2")})
	denied(t, err, 422, "tag_name cannot be changed when release is immutable")
	if r, err := edit(github.RepositoryRelease{Name: github.String("new"), Prerelease: github.Bool(true)}); err != nil || r.GetName() != "new" {
		t.Errorf("a new title: %v, %v", r, err)
	}
	w.checkLocked(c, "v1")
	if !w.immutableRelease("v1") {
		t.Error("the release does not say that it is immutable")
	}
}

// immutableRelease reads a field that go-github's type does not have yet.
func (w *world) immutableRelease(tag string) bool {
	w.t.Helper()
	_, _, body := w.raw("GET", w.APIURL()+"repos/octo/crates/releases/tags/"+tag, "", "")
	return strings.Contains(body, `"immutable":true`)
}

// checkLocked tries to move and to delete a tag.
func (w *world) checkLocked(c *github.Client, tag string) {
	ctx, t := context.Background(), w.t
	t.Helper()
	before := w.run(w.bare, "rev-parse", "refs/tags/"+tag)
	next := w.commit("next", tag, "The next commit")
	_, _, err := c.Git.UpdateRef(ctx, owner, repo, &github.Reference{Ref: github.String("refs/tags/" + tag), Object: &github.GitObject{SHA: &next}}, true)
	denied(t, err, 422, "Cannot update this protected ref.")
	_, err = c.Git.DeleteRef(ctx, owner, repo, "tags/"+tag)
	denied(t, err, 422, "Cannot delete this protected ref.")
	for _, refspec := range []string{"+HEAD:refs/tags/" + tag, ":refs/tags/" + tag} {
		if out, err := w.git(w.clone, "push", "origin", refspec); err == nil || !strings.Contains(out, "GH013") {
			t.Errorf("pushing %q: %v, %s", refspec, err, out)
		}
	}
	if after := w.run(w.bare, "rev-parse", "refs/tags/"+tag); after != before {
		t.Errorf("the tag moved from %s to %s", before, after)
	}
}

// TestGithubdBurnedTag checks that the tag of a deleted immutable release can be deleted,
// but never created again.
func TestGithubdBurnedTag(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	w.SetImmutable(true)
	c := w.client(Write)
	r := w.release(c, "v1")
	if _, err := c.Repositories.DeleteRelease(ctx, owner, repo, r.GetID()); err != nil {
		t.Fatal(err)
	}
	draft := w.draft(c, "v1")
	_, _, err := c.Repositories.EditRelease(ctx, owner, repo, draft.GetID(), &github.RepositoryRelease{Draft: github.Bool(false)})
	denied(t, err, 422, "tag_name was used by an immutable release")
	if _, err := c.Git.DeleteRef(ctx, owner, repo, "tags/v1"); err != nil {
		t.Fatal(err)
	}
	sha := w.run(w.clone, "rev-parse", "HEAD")
	_, _, err = c.Git.CreateRef(ctx, owner, repo, &github.Reference{Ref: github.String("refs/tags/v1"), Object: &github.GitObject{SHA: &sha}})
	denied(t, err, 422, "Cannot create ref due to creations being restricted.")
	if out, err := w.git(w.clone, "push", "origin", "HEAD:refs/tags/v1"); err == nil || !strings.Contains(out, "creations being restricted") {
		t.Errorf("pushing the tag: %v, %s", err, out)
	}
	w.run(w.clone, "push", "--quiet", "origin", "HEAD:refs/tags/v2")
}

// TestGithubdImmutableSetting checks that admins may read and change the setting, and that
// earlier releases are not affected.
func TestGithubdImmutableSetting(t *testing.T) {
	w := newWorld(t)
	writer, admin := w.Token("ada", Write), w.Token("root", Admin)
	url := w.APIURL() + "repos/octo/crates/immutable-releases"
	w.release(w.with(writer), "v1")
	ask := func(method, token string, status int) {
		t.Helper()
		if got, _, body := w.raw(method, url, token, ""); got != status {
			t.Errorf("%s: %d %s, expected %d", method, got, body, status)
		}
	}
	ask("GET", writer, 403)
	ask("PUT", writer, 403)
	ask("GET", admin, 404)
	ask("PUT", admin, 204)
	ask("GET", admin, 200)
	w.release(w.with(writer), "v2")
	if w.immutableRelease("v1") || !w.immutableRelease("v2") {
		t.Error("v1 is immutable or v2 is not")
	}
	ask("DELETE", admin, 204)
	ask("GET", admin, 404)
	if !w.immutableRelease("v2") {
		t.Error("v2 is no longer immutable")
	}
}
