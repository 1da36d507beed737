package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/sigstack"
)

// fakeGitHub is a fake GitHub with one repository, whose main branch has the example workspace.
type fakeGitHub struct {
	*githubd.Server
	bare, token string
}

// newFakeGitHub commits the workspace and returns a fake GitHub with its repository.
func newFakeGitHub(t testing.TB, s *sigstack.Stack, source string, change ...func(*githubd.Options)) *fakeGitHub {
	t.Helper()
	commit(t, s, source)
	return fakeGitHubOf(t, source, change...)
}

// fakeGitHubOf returns a fake GitHub with a copy of a repository.
func fakeGitHubOf(t testing.TB, source string, change ...func(*githubd.Options)) *fakeGitHub {
	t.Helper()
	h := &fakeGitHub{bare: filepath.Join(t.TempDir(), "bare.git")}
	git(t, source, "clone", "--quiet", "--bare", source, h.bare)
	o := githubd.Options{Dir: t.TempDir(), Git: h.bare, Owner: "containerd", Repo: "runwasi"}
	for _, f := range change {
		f(&o)
	}
	var err error
	h.Server, err = githubd.Start(o)
	check(t, err)
	h.token = h.Token("maintainer", githubd.Write)
	t.Cleanup(func() {
		for _, v := range h.Violations() {
			t.Errorf("GitHub's description does not allow it: %s", v)
		}
		check(t, h.Close())
	})
	return h
}

// clone returns a fresh clone of the repository on GitHub.
func (h *fakeGitHub) clone(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "clone")
	git(t, t.TempDir(), "clone", "--quiet", h.bare, dir)
	return dir
}

// published returns the request for a real release of shim-demo from a fresh clone.
func (h *fakeGitHub) published(t testing.TB, s *sigstack.Stack) release {
	t.Helper()
	return release{
		source: h.clone(t), crate: "shim-demo", version: "0.1.0", out: filepath.Join(t.TempDir(), "out"),
		flags: append(stackFlags(s), "--dry-run=false", "--repository", "containerd/runwasi", "--github-api", h.URL),
		env:   append(s.ActionsEnv(), "GITHUB_TOKEN="+h.token, "CARGO_REGISTRY_TOKEN=", "GITHUB_ACTOR="),
	}
}

// verifyTag runs `slipway verify` on a release on GitHub without a token.
func (h *fakeGitHub) verifyTag(t testing.TB, s *sigstack.Stack, tag string) result {
	t.Helper()
	args := []string{slipway, "verify", "--repository", "containerd/runwasi", "--trusted-root", s.TrustedRoot, "--tag", tag, "--github-api", h.URL}
	return command{args: args, env: []string{"GITHUB_TOKEN="}}.run(t)
}

const demoTag = "shim-demo/v0.1.0"

// wantReleased checks that the release exists once, is complete, and can be verified by its
// users.
func (h *fakeGitHub) wantReleased(t testing.TB, s *sigstack.Stack) {
	t.Helper()
	if got := git(t, h.bare, "rev-parse", "refs/tags/"+demoTag+"^{commit}"); got != head {
		t.Errorf("the tag is at %s, expected %s", got, head)
	}
	if drafts, published := h.Releases(demoTag); drafts != 0 || published != 1 {
		t.Errorf("%d drafts and %d releases, expected one release", drafts, published)
	}
	got := h.verifyTag(t, s, demoTag).wantCode(t, 0)
	for _, want := range []string{"shim-demo-x86_64-linux-musl.tar.gz: as SHA256SUMS says", "shim-demo-aarch64-linux-musl.tar.gz: as SHA256SUMS says", "built by " + identity[1] + " from commit " + head, "Good: all of it was signed as expected"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("slipway verify does not say %q:\n%s", want, got.stdout)
		}
	}
}

// TestPublishDemo releases a crate with binaries to GitHub, and repeats that.
func TestPublishDemo(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	h := newFakeGitHub(t, s, example(t))
	t.Run("dry run", func(t *testing.T) {
		r := h.published(t, s)
		r.flags, r.env = nil, []string{"GITHUB_TOKEN=" + h.token}
		w.release(t, r).wantCode(t, 0)
		if n := len(h.Requests()); n != 0 {
			t.Errorf("a dry run sent GitHub %d requests", n)
		}
	})
	summary := filepath.Join(t.TempDir(), "summary.md")
	r := h.published(t, s)
	r.env = append(r.env, "GITHUB_STEP_SUMMARY="+summary)
	first := w.release(t, r).wantCode(t, 0)
	if text := read(t, summary); !strings.Contains(text, "## Released "+demoTag) || !strings.Contains(text, "| done | publish the draft as a release |") {
		t.Errorf("the job summary says\n%s", text)
	}
	for _, want := range []string{"Released " + demoTag + ": " + h.URL, "done        create a draft of GitHub release", "done        upload SHA256SUMS", "done        create tag", "done        publish the draft as a release"} {
		if !strings.Contains(first.stdout, want) {
			t.Errorf("the summary does not say %q:\n%s", want, first.stdout)
		}
	}
	h.wantReleased(t, s)
	t.Run("again", func(t *testing.T) {
		before, logged := h.Changes(), s.Rekor.Count("")
		again := w.release(t, h.published(t, s)).wantCode(t, 0)
		if n := h.Changes() - before; n != 0 {
			t.Errorf("a second run changed %d things", n)
		}
		if n := s.Rekor.Count("") - logged; n != 0 {
			t.Errorf("a second run asked the log %d times", n)
		}
		if strings.Contains(again.stdout, "\n  done ") || !strings.Contains(again.stdout, "unchanged   publish the draft as a release") {
			t.Errorf("the summary says\n%s", again.stdout)
		}
		h.wantReleased(t, s)
	})
	t.Run("notes", func(t *testing.T) {
		body := h.Body(demoTag)
		for _, want := range []string{
			"cosign verify-blob", "--certificate-identity " + identity[1], "--certificate-oidc-issuer " + identity[3], "shim-demo-v1.pem",
			"--certificate-github-workflow-repository containerd/runwasi", "--certificate-github-workflow-ref refs/heads/main", "--certificate-github-workflow-sha " + head,
		} {
			if !strings.Contains(body, want) {
				t.Errorf("the notes do not say %q:\n%s", want, body)
			}
		}
	})
}

// TestPublishRefused checks that problems which the user must fix end a release before
// anything is built or changed.
func TestPublishRefused(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	h := newFakeGitHub(t, s, example(t))
	good := h.published(t, s)
	tests := []struct {
		name   string
		change func(t *testing.T, r *release)
		want   []string
	}{
		{"a token that may only read", func(_ *testing.T, r *release) {
			r.env = append(slices.Clone(r.env), "GITHUB_TOKEN="+h.Token("reader", githubd.Read))
		}, []string{"has no write access", "contents: write"}},
		{"no token", func(_ *testing.T, r *release) { r.env = append(slices.Clone(r.env), "GITHUB_TOKEN=") }, []string{"contents: write"}},
		{"a token of nobody", func(_ *testing.T, r *release) { r.env = append(slices.Clone(r.env), "GITHUB_TOKEN=bad") }, []string{"401"}},
		{"no repository", func(_ *testing.T, r *release) {
			r.flags, r.env = without(r.flags, "--repository"), append(slices.Clone(r.env), "GITHUB_REPOSITORY=")
		}, []string{"owner/name"}},
		{"the tag is elsewhere", func(t *testing.T, _ *release) {
			other := git(t, good.source, "commit-tree", "-m", "other", "HEAD^{tree}")
			git(t, good.source, "push", "--quiet", "origin", other+":refs/tags/"+demoTag)
			t.Cleanup(func() { check(t, os.Remove(filepath.Join(h.bare, "refs", "tags", filepath.FromSlash(demoTag)))) })
		}, []string{"tag \"" + demoTag + "\" is at commit", "never moved"}},
		{"a commit that GitHub does not have", func(t *testing.T, r *release) {
			write(t, "more\n", r.source, "more.txt")
			git(t, r.source, "add", "--all")
			git(t, r.source, "commit", "--quiet", "--message", "more")
		}, []string{"branch \"main\" on GitHub does not contain it"}},
		{"files that are in no commit", func(t *testing.T, r *release) { write(t, "more\n", r.source, "more.txt") }, []string{"files differ from commit"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := good
			r.source, r.out = h.clone(t), filepath.Join(t.TempDir(), "out")
			tt.change(t, &r)
			before := h.Changes()
			got := w.release(t, r).wantCode(t, 1)
			got.wantError(t, tt.want...)
			if strings.Contains(got.stderr, "build ") || h.Changes() != before {
				t.Errorf("something was built, or %d things changed:\n%s", h.Changes()-before, got.stderr)
			}
			if _, err := os.Stat(r.out); err == nil {
				t.Errorf("%q was made", r.out)
			}
		})
	}
}
