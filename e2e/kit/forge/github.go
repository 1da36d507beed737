// Package forge publishes to a simulated GitHub on loopback and verifies what is there.
package forge

import (
	"path/filepath"
	"testing"

	"dagger/slipway/ci/github"
	"dagger/slipway/ci/secret"
	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// GitHub is a simulated GitHub with one repository, containerd/runwasi.
type GitHub struct {
	*githubd.Server
	Bare            string // the directory of its git repository
	MaintainerToken string // may write
}

// New makes a workspace a git repository, as sigstore.Commit does, and returns a GitHub
// with a copy of it.
func New(t testing.TB, s *sigstack.Stack, source string, change ...func(*githubd.Options)) *GitHub {
	t.Helper()
	sigstore.Commit(t, s, source)
	return Of(t, source, change...)
}

// Of returns a GitHub with a copy of a git repository. When the test ends it fails if a
// response was not as GitHub describes its API.
func Of(t testing.TB, source string, change ...func(*githubd.Options)) *GitHub {
	t.Helper()
	h := &GitHub{Bare: filepath.Join(t.TempDir(), "bare.git")}
	kit.Git(t, source, "clone", "--quiet", "--bare", source, h.Bare)
	o := githubd.Options{Dir: t.TempDir(), Git: h.Bare, Owner: "containerd", Repo: "runwasi"}
	for _, f := range change {
		f(&o)
	}
	var err error
	h.Server, err = githubd.Start(o)
	kit.Check(t, err)
	h.MaintainerToken = h.Token("maintainer", githubd.Write)
	t.Cleanup(func() {
		for _, v := range h.Violations() {
			t.Errorf("GitHub's description does not allow it: %s", v)
		}
		kit.Check(t, h.Close())
	})
	return h
}

// Clone returns a fresh clone of the repository on GitHub.
func (h *GitHub) Clone(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "clone")
	kit.Git(t, t.TempDir(), "clone", "--quiet", h.Bare, dir)
	return dir
}

// Client returns slipway's own GitHub client, with the maintainer's token.
func (h *GitHub) Client(t testing.TB) *github.Client {
	t.Helper()
	c, err := github.New(github.Options{Repository: "containerd/runwasi", Token: secret.New(h.MaintainerToken), API: h.URL})
	kit.Check(t, err)
	return c
}
