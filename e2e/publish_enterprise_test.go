package e2e

import (
	"testing"

	"dagger/slipway/e2e/githubd"
)

const downloadAsset = "GET /repos/{owner}/{repo}/releases/assets/{asset_id}"

// operations returns the number of requests for an operation.
func (h *fakeGitHub) operations(operation string) int {
	n := 0
	for _, r := range h.Requests() {
		if r.Operation == operation {
			n++
		}
	}
	return n
}

// TestPublishWithoutDigests releases to a GitHub that is too old to return digests of
// assets, and checks that assets are downloaded and compared.
func TestPublishWithoutDigests(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	old := func(o *githubd.Options) { o.NoDigests = true }
	source := example(t)
	h := newFakeGitHub(t, s, source, old)
	t.Run("release", func(t *testing.T) {
		w.release(t, h.published(t, s)).wantCode(t, 0)
		if up, down := h.operations(uploadAsset), h.operations(downloadAsset); up == 0 || down != 2*up {
			t.Errorf("%d assets were uploaded and %d downloaded, expected each to be compared then, and before the draft is published", up, down)
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
		h := fakeGitHubOf(t, source, old)
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

// swap replaces an asset of the draft by another file of the same size.
func (h *fakeGitHub) swap(t testing.TB, name string) {
	t.Helper()
	h.replace(t, name, make([]byte, len(h.draftAsset(t, name))))
}
