package publish

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"dagger/slipway/ci/github"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
)

// inDraft finds an asset in the draft of shim-demo's release.
func inDraft(t testing.TB, h *forge.GitHub, name string) (draft int64, a github.Asset) {
	t.Helper()
	drafts, err := h.Client(t).Releases(t.Context(), forge.DemoTag)
	kit.Check(t, err)
	if len(drafts) != 1 || !drafts[0].Draft {
		t.Fatalf("the releases are %v, expected one draft", drafts)
	}
	list, err := h.Client(t).Assets(t.Context(), drafts[0].ID)
	kit.Check(t, err)
	i := slices.IndexFunc(list, func(a github.Asset) bool { return a.Name == name })
	if i < 0 {
		t.Fatalf("the draft has no asset %q", name)
	}
	return drafts[0].ID, list[i]
}

// draftAsset returns the content of an asset in the draft.
func draftAsset(t testing.TB, h *forge.GitHub, name string) []byte {
	t.Helper()
	_, a := inDraft(t, h, name)
	file := filepath.Join(t.TempDir(), name)
	kit.Check(t, h.Client(t).Download(t.Context(), a, file))
	return []byte(kit.Read(t, file))
}

// replaceAsset replaces an asset of the draft, as anyone with write access can.
func replaceAsset(t testing.TB, h *forge.GitHub, name string, content []byte) {
	t.Helper()
	draft, a := inDraft(t, h, name)
	kit.Check(t, h.Client(t).DeleteAsset(t.Context(), a))
	file := filepath.Join(t.TempDir(), name)
	kit.Check(t, os.WriteFile(file, content, 0o644))
	kit.Check(t, h.Client(t).Upload(t.Context(), draft, name, file))
}
