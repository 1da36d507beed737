package publish

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
)

// TestPublishDemo releases a crate with binaries to GitHub, and repeats that.
func TestPublishDemo(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	h := forge.New(t, s, kit.Example(t))
	t.Run("dry run", func(t *testing.T) {
		r := h.DemoRequest(t, s)
		r.Flags, r.Env = nil, []string{"GITHUB_TOKEN=" + h.MaintainerToken}
		w.Release(t, r).WantCode(t, 0)
		if n := len(h.Requests()); n != 0 {
			t.Errorf("a dry run sent GitHub %d requests", n)
		}
	})
	summary := filepath.Join(t.TempDir(), "summary.md")
	r := h.DemoRequest(t, s)
	r.Env = append(r.Env, "GITHUB_STEP_SUMMARY="+summary)
	first := w.Release(t, r).WantCode(t, 0)
	if text := kit.Read(t, summary); !strings.Contains(text, "## Released "+forge.DemoTag) || !strings.Contains(text, "| done | publish the draft as a release |") {
		t.Errorf("the job summary says\n%s", text)
	}
	for _, want := range []string{"Released " + forge.DemoTag + ": " + h.URL, "done        create a draft of GitHub release", "done        upload SHA256SUMS", "done        create tag", "done        publish the draft as a release"} {
		if !strings.Contains(first.Stdout, want) {
			t.Errorf("the summary does not say %q:\n%s", want, first.Stdout)
		}
	}
	h.WantReleased(t, s)
	t.Run("again", func(t *testing.T) {
		before, logged := h.Changes(), s.Rekor.Count("")
		again := w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
		if n := h.Changes() - before; n != 0 {
			t.Errorf("a second run changed %d things", n)
		}
		if n := s.Rekor.Count("") - logged; n != 0 {
			t.Errorf("a second run asked the log %d times", n)
		}
		if strings.Contains(again.Stdout, "\n  done ") || !strings.Contains(again.Stdout, "unchanged   publish the draft as a release") {
			t.Errorf("the summary says\n%s", again.Stdout)
		}
		h.WantReleased(t, s)
	})
	t.Run("notes", func(t *testing.T) {
		body := h.Body(forge.DemoTag)
		for _, want := range []string{
			"cosign verify-blob", "--certificate-identity " + sigstore.Identity[1], "--certificate-oidc-issuer " + sigstore.Identity[3], "shim-demo-v1.pem",
			"--certificate-github-workflow-repository containerd/runwasi", "--certificate-github-workflow-ref refs/heads/main", "--certificate-github-workflow-sha " + sigstore.Head(),
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
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	h := forge.New(t, s, kit.Example(t))
	good := h.DemoRequest(t, s)
	tests := []struct {
		name   string
		change func(t *testing.T, r *kit.Release)
		want   []string
	}{
		{"a token that may only read", func(_ *testing.T, r *kit.Release) {
			r.Env = append(slices.Clone(r.Env), "GITHUB_TOKEN="+h.Token("reader", githubd.Read))
		}, []string{"has no write access", "contents: write"}},
		{"no token", func(_ *testing.T, r *kit.Release) { r.Env = append(slices.Clone(r.Env), "GITHUB_TOKEN=") }, []string{"contents: write"}},
		{"a token of nobody", func(_ *testing.T, r *kit.Release) { r.Env = append(slices.Clone(r.Env), "GITHUB_TOKEN=bad") }, []string{"401"}},
		{"no repository", func(_ *testing.T, r *kit.Release) {
			r.Flags, r.Env = kit.WithoutFlag(r.Flags, "--repository"), append(slices.Clone(r.Env), "GITHUB_REPOSITORY=")
		}, []string{"owner/name"}},
		{"the tag is elsewhere", func(t *testing.T, _ *kit.Release) {
			other := kit.Git(t, good.Source, "commit-tree", "-m", "other", "HEAD^{tree}")
			kit.Git(t, good.Source, "push", "--quiet", "origin", other+":refs/tags/"+forge.DemoTag)
			t.Cleanup(func() {
				kit.Check(t, os.Remove(filepath.Join(h.Bare, "refs", "tags", filepath.FromSlash(forge.DemoTag))))
			})
		}, []string{"tag \"" + forge.DemoTag + "\" is at commit", "never moved"}},
		{"a commit that GitHub does not have", func(t *testing.T, r *kit.Release) {
			kit.Write(t, "more\n", r.Source, "more.txt")
			kit.Git(t, r.Source, "add", "--all")
			kit.Git(t, r.Source, "commit", "--quiet", "--message", "more")
		}, []string{"branch \"main\" on GitHub does not contain it"}},
		{"files that are in no commit", func(t *testing.T, r *kit.Release) { kit.Write(t, "more\n", r.Source, "more.txt") }, []string{"files differ from commit"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := good
			r.Source, r.Out = h.Clone(t), filepath.Join(t.TempDir(), "out")
			tt.change(t, &r)
			before := h.Changes()
			got := w.Release(t, r).WantCode(t, 1)
			got.WantError(t, tt.want...)
			if strings.Contains(got.Stderr, "build ") || h.Changes() != before {
				t.Errorf("something was built, or %d things changed:\n%s", h.Changes()-before, got.Stderr)
			}
			if _, err := os.Stat(r.Out); err == nil {
				t.Errorf("%q was made", r.Out)
			}
		})
	}
}
