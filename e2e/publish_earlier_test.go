package e2e

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/githubd"
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
	w, _ := local(t)
	s := stack(t)
	source := example(t)
	newFakeGitHub(t, s, source)
	t.Run("all is in the draft", func(t *testing.T) {
		h := fakeGitHubOf(t, source)
		h.interrupt(t, w, s, h.when(createTag, githubd.Received))
		uploads := h.operations(uploadAsset)
		handOut(s, sigstack.Claims{"run_id": "2345678901"})
		defer handOut(s, nil)
		var got result
		if n := logged(s, func() { got = w.release(t, h.published(t, s)).wantCode(t, 0) }); n != 0 {
			t.Errorf("%d signatures were made again", n)
		}
		if n := h.operations(uploadAsset) - uploads; n != 0 {
			t.Errorf("%d assets were uploaded again", n)
		}
		if want := "7 signatures of an earlier run"; !strings.Contains(got.stdout, want) {
			t.Errorf("the summary does not say %q:\n%s", want, got.stdout)
		}
		h.wantReleased(t, s)
	})
	t.Run("all is in the output directory", func(t *testing.T) {
		h := fakeGitHubOf(t, source)
		r := h.published(t, s)
		if !killWhen(t, w.command("release-crate", r), h.when(createRelease, githubd.Received)) {
			t.Fatal("the release ended before it was to be killed")
		}
		h.OnRequest(nil)
		if n := logged(s, func() { w.release(t, r).wantCode(t, 0) }); n != 0 {
			t.Errorf("%d signatures were made again", n)
		}
		h.wantReleased(t, s)
	})
	for name, tt := range map[string]struct {
		change func(t *testing.T, h *fakeGitHub)
		want   int
	}{
		"a statement about the other binary": {func(t *testing.T, h *fakeGitHub) {
			other := h.draftAsset(t, "shim-demo-v1-aarch64-linux-musl.cdx.sigstore.json")
			h.replace(t, "shim-demo-v1-x86_64-linux-musl.cdx.sigstore.json", other)
		}, 2}, // the statement, and the provenance with its digest
		"a statement of another kind": {func(t *testing.T, h *fakeGitHub) {
			other := h.draftAsset(t, "shim-demo-v1-x86_64-linux-musl.spdx.sigstore.json")
			h.replace(t, "shim-demo-v1-x86_64-linux-musl.cdx.sigstore.json", other)
		}, 2},
		"the tarball of the other target": {func(t *testing.T, h *fakeGitHub) {
			h.replace(t, "shim-demo-x86_64-linux-musl.tar.gz", h.draftAsset(t, "shim-demo-aarch64-linux-musl.tar.gz"))
		}, 2}, // the binary, and the provenance with its tarball's digest
		"no tarball": {func(t *testing.T, h *fakeGitHub) {
			h.replace(t, "shim-demo-x86_64-linux-musl.tar.gz", []byte("no tarball"))
		}, 2},
		"a statement in the place of the provenance": {func(t *testing.T, h *fakeGitHub) {
			h.replace(t, "shim-demo.provenance.sigstore.json", h.draftAsset(t, "shim-demo-v1-x86_64-linux-musl.cdx.sigstore.json"))
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := fakeGitHubOf(t, source)
			h.interrupt(t, w, s, h.when(createTag, githubd.Received))
			tt.change(t, h)
			if n := logged(s, func() { w.release(t, h.published(t, s)).wantCode(t, 0) }); n != tt.want {
				t.Errorf("%d signatures were made, expected %d", n, tt.want)
			}
			h.wantReleased(t, s)
		})
	}
	t.Run("of another identity", func(t *testing.T) {
		h := fakeGitHubOf(t, source)
		handOut(s, sigstack.Claims{"job_workflow_ref": "containerd/runwasi/.github/workflows/other.yml@refs/heads/main"})
		h.interrupt(t, w, s, h.when(createTag, githubd.Received))
		handOut(s, nil)
		if n := logged(s, func() { w.release(t, h.published(t, s)).wantCode(t, 0) }); n != signatures {
			t.Errorf("%d signatures were made, expected all %d", n, signatures)
		}
		h.wantReleased(t, s)
	})
	t.Run("without the timestamps that are asked for", func(t *testing.T) {
		h := fakeGitHubOf(t, source)
		h.interrupt(t, w, s, h.when(createTag, githubd.Received))
		r := h.published(t, s)
		r.flags = append(slices.Clone(r.flags), "--timestamp-url", s.TSAURL+"/api/v1/timestamp")
		w.release(t, r).wantCode(t, 0)
		if n := s.TSA.Count(""); n != signatures {
			t.Errorf("%d timestamps, expected one for each of %d signatures", n, signatures)
		}
		h.wantReleased(t, s)
	})
	t.Run("of another commit with the same binaries", func(t *testing.T) {
		h := fakeGitHubOf(t, source)
		r := h.published(t, s)
		dist := r
		dist.flags = stackFlags(s)
		w.command("dist", dist).run(t).wantCode(t, 0)
		before := h.binary(t, r.out)
		h.push(t, s, r.source)
		if n := logged(s, func() { w.release(t, r).wantCode(t, 0) }); n != signatures {
			t.Errorf("%d signatures were made, expected all %d", n, signatures)
		}
		if !bytes.Equal(before, h.binary(t, r.out)) {
			t.Error("the binaries of both commits differ: this test shows nothing")
		}
		h.wantReleased(t, s)
	})
}

// push commits and pushes a change that does not affect the build.
func (h *fakeGitHub) push(t testing.TB, s *sigstack.Stack, clone string) {
	t.Helper()
	write(t, "Another commit.\n", clone, "NOTES")
	git(t, clone, "add", "--all")
	git(t, clone, "commit", "--quiet", "--message", "another commit")
	git(t, clone, "push", "--quiet", "origin", "main")
	head = git(t, clone, "rev-parse", "HEAD")
	handOut(s, nil)
}

// binary returns the binary in shim-demo's tarball.
func (h *fakeGitHub) binary(t testing.TB, out string) []byte {
	t.Helper()
	return untar(t, filepath.Join(out, "shim-demo-x86_64-linux-musl.tar.gz"))[0].content
}
