package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"dagger/slipway/ci/github"
	"dagger/slipway/ci/secret"
)

// client returns slipway's own GitHub client.
func (h *fakeGitHub) client(t testing.TB) *github.Client {
	t.Helper()
	c, err := github.New(github.Options{Repository: "containerd/runwasi", Token: secret.New(h.token), API: h.URL})
	check(t, err)
	return c
}

// inDraft finds an asset in the draft of shim-demo's release.
func (h *fakeGitHub) inDraft(t testing.TB, name string) (draft int64, a github.Asset) {
	t.Helper()
	drafts, err := h.client(t).Releases(t.Context(), demoTag)
	check(t, err)
	if len(drafts) != 1 || !drafts[0].Draft {
		t.Fatalf("the releases are %v, expected one draft", drafts)
	}
	list, err := h.client(t).Assets(t.Context(), drafts[0].ID)
	check(t, err)
	i := slices.IndexFunc(list, func(a github.Asset) bool { return a.Name == name })
	if i < 0 {
		t.Fatalf("the draft has no asset %q", name)
	}
	return drafts[0].ID, list[i]
}

// draftAsset returns the content of an asset in the draft.
func (h *fakeGitHub) draftAsset(t testing.TB, name string) []byte {
	t.Helper()
	_, a := h.inDraft(t, name)
	file := filepath.Join(t.TempDir(), name)
	check(t, h.client(t).Download(t.Context(), a, file))
	return []byte(read(t, file))
}

// replace replaces an asset of the draft, as anyone with write access can.
func (h *fakeGitHub) replace(t testing.TB, name string, content []byte) {
	t.Helper()
	draft, a := h.inDraft(t, name)
	check(t, h.client(t).DeleteAsset(t.Context(), a))
	file := filepath.Join(t.TempDir(), name)
	check(t, os.WriteFile(file, content, 0o644))
	check(t, h.client(t).Upload(t.Context(), draft, name, file))
}
