package publish

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// signatures is the number of signatures in a release of shim-demo: two binaries, two
// statements about each, and the provenance.
const signatures = 7

// logged returns how many log entries a function makes.
func logged(s *sigstack.Stack, f func()) int {
	before := s.Rekor.Count("/api/v1/log/entries")
	f()
	return s.Rekor.Count("/api/v1/log/entries") - before
}

// TestPublishEarlier completes releases for which an earlier run already signed something:
// signatures that verify and are of the same build are reused, everything else is signed
// again.
func TestPublishEarlier(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	source := kit.Example(t)
	forge.New(t, s, source)
	t.Run("all is in the draft", func(t *testing.T) {
		h := forge.Of(t, source)
		interruptDemo(t, h, w, s, atOperation(h, createTag, githubd.Received))
		uploads := countOperations(h, uploadAsset)
		sigstore.HandOut(s, sigstack.Claims{"run_id": "2345678901"})
		defer sigstore.HandOut(s, nil)
		var got kit.Result
		if n := logged(s, func() { got = w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0) }); n != 0 {
			t.Errorf("%d signatures were made again", n)
		}
		if n := countOperations(h, uploadAsset) - uploads; n != 0 {
			t.Errorf("%d assets were uploaded again", n)
		}
		if want := "7 signatures of an earlier run"; !strings.Contains(got.Stdout, want) {
			t.Errorf("the summary does not say %q:\n%s", want, got.Stdout)
		}
		h.WantReleased(t, s)
	})
	t.Run("all is in the output directory", func(t *testing.T) {
		h := forge.Of(t, source)
		r := h.DemoRequest(t, s)
		if !kit.KillWhen(t, w.Command("release-crate", r), atOperation(h, createRelease, githubd.Received)) {
			t.Fatal("the release ended before it was to be killed")
		}
		h.OnRequest(nil)
		if n := logged(s, func() { w.Release(t, r).WantCode(t, 0) }); n != 0 {
			t.Errorf("%d signatures were made again", n)
		}
		h.WantReleased(t, s)
	})
	for name, tt := range map[string]struct {
		change func(t *testing.T, h *forge.GitHub)
		want   int
	}{
		"a statement about the other binary": {func(t *testing.T, h *forge.GitHub) {
			other := draftAsset(t, h, "shim-demo-v1-aarch64-linux-musl.cdx.sigstore.json")
			replaceAsset(t, h, "shim-demo-v1-x86_64-linux-musl.cdx.sigstore.json", other)
		}, 2}, // the statement, and the provenance with its digest
		"a statement of another kind": {func(t *testing.T, h *forge.GitHub) {
			other := draftAsset(t, h, "shim-demo-v1-x86_64-linux-musl.spdx.sigstore.json")
			replaceAsset(t, h, "shim-demo-v1-x86_64-linux-musl.cdx.sigstore.json", other)
		}, 2},
		"the tarball of the other target": {func(t *testing.T, h *forge.GitHub) {
			replaceAsset(t, h, "shim-demo-x86_64-linux-musl.tar.gz", draftAsset(t, h, "shim-demo-aarch64-linux-musl.tar.gz"))
		}, 2}, // the binary, and the provenance with its tarball's digest
		"no tarball": {func(t *testing.T, h *forge.GitHub) {
			replaceAsset(t, h, "shim-demo-x86_64-linux-musl.tar.gz", []byte("no tarball"))
		}, 2},
		"a statement in the place of the provenance": {func(t *testing.T, h *forge.GitHub) {
			replaceAsset(t, h, "shim-demo.provenance.sigstore.json", draftAsset(t, h, "shim-demo-v1-x86_64-linux-musl.cdx.sigstore.json"))
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := forge.Of(t, source)
			interruptDemo(t, h, w, s, atOperation(h, createTag, githubd.Received))
			tt.change(t, h)
			if n := logged(s, func() { w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0) }); n != tt.want {
				t.Errorf("%d signatures were made, expected %d", n, tt.want)
			}
			h.WantReleased(t, s)
		})
	}
	t.Run("of another identity", func(t *testing.T) {
		h := forge.Of(t, source)
		sigstore.HandOut(s, sigstack.Claims{"job_workflow_ref": "containerd/runwasi/.github/workflows/other.yml@refs/heads/main"})
		interruptDemo(t, h, w, s, atOperation(h, createTag, githubd.Received))
		sigstore.HandOut(s, nil)
		if n := logged(s, func() { w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0) }); n != signatures {
			t.Errorf("%d signatures were made, expected all %d", n, signatures)
		}
		h.WantReleased(t, s)
	})
	t.Run("without the timestamps that are asked for", func(t *testing.T) {
		h := forge.Of(t, source)
		interruptDemo(t, h, w, s, atOperation(h, createTag, githubd.Received))
		r := h.DemoRequest(t, s)
		r.Flags = append(slices.Clone(r.Flags), "--timestamp-url", s.TSAURL+"/api/v1/timestamp")
		w.Release(t, r).WantCode(t, 0)
		if n := s.TSA.Count(""); n != signatures {
			t.Errorf("%d timestamps, expected one for each of %d signatures", n, signatures)
		}
		h.WantReleased(t, s)
	})
	t.Run("of another commit with the same binaries", func(t *testing.T) {
		h := forge.Of(t, source)
		r := h.DemoRequest(t, s)
		dist := r
		dist.Flags = sigstore.Flags(s)
		w.Command("dist", dist).Run(t).WantCode(t, 0)
		before := binaryIn(t, r.Out)
		pushCommit(t, s, r.Source)
		if n := logged(s, func() { w.Release(t, r).WantCode(t, 0) }); n != signatures {
			t.Errorf("%d signatures were made, expected all %d", n, signatures)
		}
		if !bytes.Equal(before, binaryIn(t, r.Out)) {
			t.Error("the binaries of both commits differ: this test shows nothing")
		}
		h.WantReleased(t, s)
	})
}

// pushCommit commits and pushes a change that does not affect the build.
func pushCommit(t testing.TB, s *sigstack.Stack, clone string) {
	t.Helper()
	kit.Write(t, "Another commit.\n", clone, "NOTES")
	kit.Git(t, clone, "add", "--all")
	kit.Git(t, clone, "commit", "--quiet", "--message", "another commit")
	kit.Git(t, clone, "push", "--quiet", "origin", "main")
	sigstore.SetHead(t, clone)
	sigstore.HandOut(s, nil)
}

// binaryIn returns the binary in shim-demo's tarball.
func binaryIn(t testing.TB, out string) []byte {
	t.Helper()
	return kit.Untar(t, filepath.Join(out, "shim-demo-x86_64-linux-musl.tar.gz"))[0].Content
}
