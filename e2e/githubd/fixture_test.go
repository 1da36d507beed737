package githubd

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"
)

const (
	owner = "octo"
	repo  = "crates"
)

// world is a server, its bare repository and a clone of that.
type world struct {
	*Server
	t     *testing.T
	bare  string
	clone string
}

// newWorld starts a server for a test, which fails on any violation not checked by
// violated.
func newWorld(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, bare: filepath.Join(t.TempDir(), "bare.git"), clone: filepath.Join(t.TempDir(), "clone")}
	w.run("", "init", "--quiet", "--bare", "--initial-branch=main", w.bare)
	w.run("", "clone", "--quiet", w.bare, w.clone)
	w.commit("README.md", "crates\n", "The first commit")
	o := Options{Dir: t.TempDir(), Git: w.bare, Owner: owner, Repo: repo}
	for _, f := range change {
		f(&o)
	}
	var err error
	if w.Server, err = Start(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, v := range w.Violations() {
			t.Errorf("violation: %s", v)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// git runs a git command in a directory and returns its output.
func (w *world) git(dir string, args ...string) (string, error) {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@test.invalid", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@test.invalid")
	out, err := cmd.CombinedOutput()
	return string(bytes.TrimSpace(out)), err
}

// run is like git, but ends the test on errors.
func (w *world) run(dir string, args ...string) string {
	w.t.Helper()
	out, err := w.git(dir, args...)
	if err != nil {
		w.t.Fatalf("git %q: %v: %s", args, err, out)
	}
	return out
}

// commit writes a file, commits it to the current branch, pushes it and returns the commit.
func (w *world) commit(name, content, message string) string {
	w.t.Helper()
	path := filepath.Join(w.clone, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		w.t.Fatal(err)
	}
	w.run(w.clone, "add", "--all")
	w.run(w.clone, "commit", "--quiet", "--message", message)
	w.run(w.clone, "push", "--quiet", "origin", "HEAD")
	return w.run(w.clone, "rev-parse", "HEAD")
}

// client returns a go-github client with a new token, used as with GitHub itself.
func (w *world) client(p Permission) *github.Client {
	w.t.Helper()
	return w.with(w.Token("ada", p))
}

// with returns a client with a token, or without one.
func (w *world) with(token string) *github.Client {
	w.t.Helper()
	c := github.NewClient(&http.Client{Transport: &http.Transport{}})
	if token != "" {
		c = c.WithAuthToken(token)
	}
	var err error
	if c.BaseURL, err = c.BaseURL.Parse(w.APIURL()); err != nil {
		w.t.Fatal(err)
	}
	if c.UploadURL, err = c.UploadURL.Parse(w.UploadURL()); err != nil {
		w.t.Fatal(err)
	}
	return c
}

// violated checks and clears the violations so far: each must contain one of the texts, and
// each text must be in one.
func (w *world) violated(texts ...string) {
	w.t.Helper()
	got := w.Violations()
	w.journal.set(func() { w.journal.violations = nil })
	for _, text := range texts {
		i := slices.IndexFunc(got, func(v string) bool { return strings.Contains(v, text) })
		if i < 0 {
			w.t.Errorf("violations are %q; expected one with %q", got, text)
			continue
		}
		got = slices.Delete(got, i, i+1)
	}
	if len(got) > 0 {
		w.t.Errorf("unexpected violations: %q", got)
	}
}

// draft creates a draft.
func (w *world) draft(c *github.Client, tag string) *github.RepositoryRelease {
	w.t.Helper()
	r, _, err := c.Repositories.CreateRelease(context.Background(), owner, repo, &github.RepositoryRelease{TagName: &tag, Name: &tag, Draft: github.Bool(true)})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// release creates a published release.
func (w *world) release(c *github.Client, tag string) *github.RepositoryRelease {
	w.t.Helper()
	r, _, err := c.Repositories.CreateRelease(context.Background(), owner, repo, &github.RepositoryRelease{TagName: &tag, Name: &tag})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// upload uploads an asset with go-github, which requires a file.
func (w *world) upload(c *github.Client, release int64, name, content string) (*github.ReleaseAsset, error) {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "asset")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		w.t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	a, _, err := c.Repositories.UploadReleaseAsset(context.Background(), owner, repo, release, &github.UploadOptions{Name: name}, f)
	return a, err
}

// denied checks that err is a response from GitHub with the status that contains each text.
func denied(t *testing.T, err error, status int, texts ...string) {
	t.Helper()
	var failure *github.ErrorResponse
	if !errors.As(err, &failure) || failure.Response.StatusCode != status {
		t.Errorf("the error is %v; expected status %d", err, status)
		return
	}
	for _, text := range texts {
		if !strings.Contains(failure.Error(), text) {
			t.Errorf("the error is %v; expected %q in it", failure, text)
		}
	}
}
