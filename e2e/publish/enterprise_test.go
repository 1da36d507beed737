package publish

import (
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
)

const downloadAsset = "GET /repos/{owner}/{repo}/releases/assets/{asset_id}"

// countOperations returns the number of requests for an operation.
func countOperations(h *forge.GitHub, operation string) int {
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
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	old := func(o *githubd.Options) { o.NoDigests = true }
	source := kit.Example(t)
	h := forge.New(t, s, source, old)
	t.Run("release", func(t *testing.T) {
		w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
		if up, down := countOperations(h, uploadAsset), countOperations(h, downloadAsset); up == 0 || down != 2*up {
			t.Errorf("%d assets were uploaded and %d downloaded, expected each to be compared then, and before the draft is published", up, down)
		}
		h.WantReleased(t, s)
	})
	t.Run("again", func(t *testing.T) {
		before := h.Changes()
		w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
		if n := h.Changes() - before; n != 0 {
			t.Errorf("a second run changed %d things", n)
		}
		h.WantReleased(t, s)
	})
	t.Run("from a draft with another file of that size", func(t *testing.T) {
		h := forge.Of(t, source, old)
		interruptDemo(t, h, w, s, atOperation(h, createTag, githubd.Received))
		swapAsset(t, h, "shim-demo-v1-x86_64-linux-musl.cdx.json")
		before := countOperations(h, uploadAsset)
		w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
		if countOperations(h, uploadAsset) == before {
			t.Error("the other file stayed")
		}
		h.WantReleased(t, s)
	})
}

// swapAsset replaces an asset of the draft by another file of the same size.
func swapAsset(t testing.TB, h *forge.GitHub, name string) {
	t.Helper()
	replaceAsset(t, h, name, make([]byte, len(draftAsset(t, h, name))))
}
