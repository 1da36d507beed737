package hostile

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

// TestHostileLyingBuild has the build job pass on another binary than it built, with a
// matching digest, which is all that is trusted of it. The signature attests to the binary
// as passed on, and a rebuild reveals the difference.
func TestHostileLyingBuild(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	r, _ := stagedDemo(t, w, s)
	bin := filepath.Join("shim-demo", "outputs", "build-x86_64-unknown-linux-musl", "bin", "shim-demo-v1")
	kit.Write(t, kit.Read(t, r.Out, bin)+"what nobody wrote", r.Out, bin)
	out, got := signStaged(t, s, r, r.Out, kit.DirDigest(t, r.Out))
	got.WantCode(t, 0)
	h := forge.Of(t, r.Source)
	p := h.DemoRequest(t, s)
	p.Out, p.Flags = "", append(slices.Clone(p.Flags), "--dist", out)
	w.Release(t, p).WantCode(t, 0)
	report := h.Reproduce(t, w, s, h.Clone(t)).WantCode(t, 1)
	if !strings.Contains(report.Stdout, "shim-demo-x86_64-linux-musl.tar.gz") || !strings.Contains(report.Stdout, "DIFFERENT") && !strings.Contains(report.Stdout, "differ") {
		t.Errorf("the report says\n%s", report.Stdout)
	}
}

// TestHostileDistDigest publishes files signed by another job with the digest which that
// job reported, and checks that modified files and a missing digest are refused.
func TestHostileDistDigest(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	r, digest := stagedDemo(t, w, s)
	out, got := signStaged(t, s, r, r.Out, digest)
	got.WantCode(t, 0)
	good := kit.DirDigest(t, out)
	h := forge.Of(t, r.Source)
	for name, tt := range map[string]struct {
		digest, want string
		change       func(t *testing.T, dir string)
	}{
		"as it was left": {good, "", func(*testing.T, string) {}},
		"a byte":         {good, "its files have the digest", func(t *testing.T, dir string) { kit.Write(t, "x", dir, "SHA256SUMS") }},
		"no digest":      {"", "it is empty", func(*testing.T, string) {}},
		"a link":         {good, "not a regular file", relinkTo("SHA256SUMS-copy", "SHA256SUMS")},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "dist")
			kit.Check(t, os.CopyFS(dir, os.DirFS(out)))
			tt.change(t, dir)
			p := h.DemoRequest(t, s)
			p.Out, p.Flags = "", append(slices.Clone(p.Flags), "--dry-run=true", "--dist", dir, "--dist-digest", tt.digest)
			got := w.Release(t, p)
			if tt.want == "" {
				got.WantCode(t, 0)
				return
			}
			got.WantCode(t, 1).WantError(t, tt.want)
		})
	}
}
