package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/sigstack"
)

// signedDist runs `slipway dist` on a clone, and returns the output directory and the
// request to release it without being able to sign.
func signedDist(t *testing.T, w *runner, s *sigstack.Stack, h *fakeGitHub) (dist string, published release) {
	t.Helper()
	r := h.published(t, s)
	r.flags, r.out = stackFlags(s), filepath.Join(t.TempDir(), "dist")
	w.command("dist", r).run(t).wantCode(t, 0)
	p := h.published(t, s)
	p.out = ""
	p.flags = append(slices.Clone(p.flags), "--dist", r.out)
	p.env = append(slices.Clone(p.env), "ACTIONS_ID_TOKEN_REQUEST_URL=", "SIGSTORE_ID_TOKEN=")
	return r.out, p
}

// TestPublishGiven publishes what another job built and signed: nothing is built or signed
// again, and publishing needs no identity.
func TestPublishGiven(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	h := newFakeGitHub(t, s, example(t))
	dist, p := signedDist(t, w, s, h)
	want := digests(t, dist)
	s.Rekor.Reset()
	t.Run("dry run", func(t *testing.T) {
		r := p
		r.flags = append(slices.Clone(p.flags), "--dry-run=true")
		got := w.release(t, r).wantCode(t, 0)
		if n := len(h.Requests()); n != 0 || !strings.Contains(got.stdout, "upload shim-demo-x86_64-linux-musl.tar.gz") {
			t.Errorf("a dry run sent GitHub %d requests and says\n%s", n, got.stdout)
		}
	})
	got := w.release(t, p).wantCode(t, 0)
	if strings.Contains(got.stderr, "build ") || s.Rekor.Count("") != 0 {
		t.Errorf("something was built, or signed in %d requests:\n%s", s.Rekor.Count(""), got.stderr)
	}
	h.wantReleased(t, s)
	for name, sum := range digests(t, dist) {
		if want[name] != sum {
			t.Errorf("%s has changed", name)
		}
	}
	before := h.Changes()
	again := w.release(t, p).wantCode(t, 0)
	if n := h.Changes() - before; n != 0 || !strings.Contains(again.stdout, "unchanged   publish the draft as a release") {
		t.Errorf("a second run changed %d things and says\n%s", n, again.stdout)
	}
}

// TestPublishGivenRefused checks that only exactly what the plan of this commit gives,
// signed by the building workflow, is published.
func TestPublishGivenRefused(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	h := newFakeGitHub(t, s, example(t))
	dist, p := signedDist(t, w, s, h)
	tests := map[string]struct {
		change func(t *testing.T, dir string, r *release)
		want   []string
	}{
		"a file more": {func(t *testing.T, dir string, _ *release) { write(t, "x", dir, "more.txt") }, []string{`"more.txt" does not belong to this release`}},
		"a file less": {func(t *testing.T, dir string, _ *release) { check(t, os.Remove(filepath.Join(dir, "SHA256SUMS"))) }, []string{`"SHA256SUMS" is missing`}},
		"other sums":  {func(t *testing.T, dir string, _ *release) { write(t, "x\n", dir, "SHA256SUMS") }, []string{"SHA256SUMS"}},
		"another identity": {func(_ *testing.T, _ string, r *release) {
			r.flags = append(r.flags, "--certificate-identity", identity[1]+"x")
		}, []string{"which do not match this release"}},
		"another commit": {func(t *testing.T, _ string, r *release) {
			write(t, "more\n", r.source, "more.txt")
			git(t, r.source, "add", "--all")
			git(t, r.source, "commit", "--quiet", "--message", "more")
			git(t, r.source, "push", "--quiet", "origin", "main")
		}, []string{"gitCommit"}},
		"a dry run's": {func(t *testing.T, dir string, r *release) {
			of := *r
			of.flags, of.out = nil, dir
			w.release(t, of).wantCode(t, 0)
		}, []string{"a dry run signed it"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := p
			r.source = h.clone(t)
			dir := filepath.Join(t.TempDir(), "dist")
			check(t, os.CopyFS(dir, os.DirFS(dist)))
			r.flags = append(slices.Clone(p.flags), "--dist", dir)
			tt.change(t, dir, &r)
			before := h.Changes()
			w.release(t, r).wantCode(t, 1).wantError(t, tt.want...)
			if n := h.Changes() - before; n != 0 {
				t.Errorf("%d things changed", n)
			}
		})
	}
}
