package publish

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
)

// TestPublishGiven publishes what another job built and signed: nothing is built or signed
// again, and publishing needs no identity.
func TestPublishGiven(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	h := forge.New(t, s, kit.Example(t))
	dist, p := forge.SignedDist(t, w, s, h)
	want := kit.Digests(t, dist)
	s.Rekor.Reset()
	t.Run("dry run", func(t *testing.T) {
		r := p
		r.Flags = append(slices.Clone(p.Flags), "--dry-run=true")
		got := w.Release(t, r).WantCode(t, 0)
		if n := len(h.Requests()); n != 0 || !strings.Contains(got.Stdout, "upload shim-demo-x86_64-linux-musl.tar.gz") {
			t.Errorf("a dry run sent GitHub %d requests and says\n%s", n, got.Stdout)
		}
	})
	got := w.Release(t, p).WantCode(t, 0)
	if strings.Contains(got.Stderr, "build ") || s.Rekor.Count("") != 0 {
		t.Errorf("something was built, or signed in %d requests:\n%s", s.Rekor.Count(""), got.Stderr)
	}
	h.WantReleased(t, s)
	for name, sum := range kit.Digests(t, dist) {
		if want[name] != sum {
			t.Errorf("%s has changed", name)
		}
	}
	before := h.Changes()
	again := w.Release(t, p).WantCode(t, 0)
	if n := h.Changes() - before; n != 0 || !strings.Contains(again.Stdout, "unchanged   publish the draft as a release") {
		t.Errorf("a second run changed %d things and says\n%s", n, again.Stdout)
	}
}

// TestPublishGivenRefused checks that only exactly what the plan of this commit gives,
// signed by the building workflow, is published.
func TestPublishGivenRefused(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	h := forge.New(t, s, kit.Example(t))
	dist, p := forge.SignedDist(t, w, s, h)
	tests := map[string]struct {
		change func(t *testing.T, dir string, r *kit.Release)
		want   []string
	}{
		"a file more": {func(t *testing.T, dir string, _ *kit.Release) { kit.Write(t, "x", dir, "more.txt") }, []string{`"more.txt" does not belong to this release`}},
		"a file less": {func(t *testing.T, dir string, _ *kit.Release) {
			kit.Check(t, os.Remove(filepath.Join(dir, "SHA256SUMS")))
		}, []string{`"SHA256SUMS" is missing`}},
		"other sums": {func(t *testing.T, dir string, _ *kit.Release) { kit.Write(t, "x\n", dir, "SHA256SUMS") }, []string{"SHA256SUMS"}},
		"another identity": {func(_ *testing.T, _ string, r *kit.Release) {
			r.Flags = append(r.Flags, "--certificate-identity", sigstore.Identity[1]+"x")
		}, []string{"which do not match this release"}},
		"another commit": {func(t *testing.T, _ string, r *kit.Release) {
			kit.Write(t, "more\n", r.Source, "more.txt")
			kit.Git(t, r.Source, "add", "--all")
			kit.Git(t, r.Source, "commit", "--quiet", "--message", "more")
			kit.Git(t, r.Source, "push", "--quiet", "origin", "main")
		}, []string{"gitCommit"}},
		"a dry run's": {func(t *testing.T, dir string, r *kit.Release) {
			of := *r
			of.Flags, of.Out = nil, dir
			w.Release(t, of).WantCode(t, 0)
		}, []string{"a dry run signed it"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := p
			r.Source = h.Clone(t)
			dir := filepath.Join(t.TempDir(), "dist")
			kit.Check(t, os.CopyFS(dir, os.DirFS(dist)))
			r.Flags = append(slices.Clone(p.Flags), "--dist", dir)
			tt.change(t, dir, &r)
			before := h.Changes()
			w.Release(t, r).WantCode(t, 1).WantError(t, tt.want...)
			if n := h.Changes() - before; n != 0 {
				t.Errorf("%d things changed", n)
			}
		})
	}
}
