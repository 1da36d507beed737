package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"dagger/slipway/ci/github"
	"dagger/slipway/e2e/githubd"
)

const downloadAsset = "GET /repos/{owner}/{repo}/releases/assets/{asset_id}"

// operations is how many requests asked GitHub for an operation.
func (h *hub) operations(operation string) int {
	n := 0
	for _, r := range h.Requests() {
		if r.Operation == operation {
			n++
		}
	}
	return n
}

// TestPublishWithoutDigests releases to a GitHub that is too old to say the digests of
// assets: they are downloaded and compared.
func TestPublishWithoutDigests(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	old := func(o *githubd.Options) { o.NoDigests = true }
	source := example(t)
	h := newHub(t, s, source, old)
	t.Run("release", func(t *testing.T) {
		w.release(t, h.published(t, s)).wantCode(t, 0)
		if up, down := h.operations(uploadAsset), h.operations(downloadAsset); up == 0 || down != up {
			t.Errorf("%d assets were uploaded and %d downloaded, expected each to be compared once", up, down)
		}
		h.wantReleased(t, s)
	})
	t.Run("again", func(t *testing.T) {
		before := h.Changes()
		w.release(t, h.published(t, s)).wantCode(t, 0)
		if n := h.Changes() - before; n != 0 {
			t.Errorf("a second run changed %d things", n)
		}
		h.wantReleased(t, s)
	})
	t.Run("from a draft with another file of that size", func(t *testing.T) {
		h := hubOf(t, source, old)
		h.interrupt(t, w, s, h.when(createTag, githubd.Received))
		h.swap(t, "shim-demo-v1-x86_64-linux-musl.cdx.json")
		before := h.operations(uploadAsset)
		w.release(t, h.published(t, s)).wantCode(t, 0)
		if h.operations(uploadAsset) == before {
			t.Error("the other file stayed")
		}
		h.wantReleased(t, s)
	})
}

// swap puts another file of the same size in the place of an asset of the draft.
func (h *hub) swap(t testing.TB, name string) {
	t.Helper()
	c := h.client(t)
	drafts, err := c.Releases(t.Context(), demoTag)
	check(t, err)
	if len(drafts) != 1 || !drafts[0].Draft {
		t.Fatalf("the releases are %v, expected one draft", drafts)
	}
	list, err := c.Assets(t.Context(), drafts[0].ID)
	check(t, err)
	i := slices.IndexFunc(list, func(a github.Asset) bool { return a.Name == name })
	if i < 0 {
		t.Fatalf("the draft has no asset %q", name)
	}
	check(t, c.DeleteAsset(t.Context(), list[i]))
	file := filepath.Join(t.TempDir(), name)
	check(t, os.WriteFile(file, make([]byte, list[i].Size), 0o644))
	check(t, c.Upload(t.Context(), drafts[0].ID, name, file))
}
