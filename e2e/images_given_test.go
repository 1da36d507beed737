package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/imagereg"
)

// TestImagesGiven releases images from another job's dry run: nothing is built, and only
// what the plan of this commit would give is pushed.
func TestImagesGiven(t *testing.T) {
	w, _ := local(t)
	g := newImageHost(t, imagereg.Distribution)
	names := []string{"--image", "demo-oci", "--image", "shim-demo"}
	dist := filepath.Join(t.TempDir(), "dist")
	w.imagesCommand(g.clone(t), "0.1.0", dist, names...).run(t).wantCode(t, 0)
	given := func(dir string) command {
		return g.release(t, w, "0.1.0", append(slices.Clone(names), "--dist", dir)...)
	}
	for name, tt := range map[string]struct {
		change func(t *testing.T, dir string, c *command)
		want   string
	}{
		"a file more": {func(t *testing.T, dir string, _ *command) { write(t, "x", dir, "more.txt") }, `"more.txt" does not belong to this release`},
		"an image less": {func(t *testing.T, dir string, _ *command) {
			check(t, os.RemoveAll(filepath.Join(dir, "demo-oci")))
		}, "`slipway release-demo-app --dry-run` makes it"},
		"a layer of other bytes": {func(t *testing.T, dir string, _ *command) {
			blobs := filepath.Join(dir, "demo-oci", "blobs", "sha256")
			entries, err := os.ReadDir(blobs)
			check(t, err)
			for _, e := range entries {
				if raw := read(t, blobs, e.Name()); strings.HasPrefix(raw, "\x00asm") {
					write(t, raw+"x", blobs, e.Name())
				}
			}
		}, "a layer has sha256"},
		"another version": {func(_ *testing.T, _ string, c *command) { c.args = append(c.args, "--version", "0.1.1") }, "they belong to another release"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "dist")
			check(t, os.CopyFS(dir, os.DirFS(dist)))
			c := given(dir)
			tt.change(t, dir, &c)
			g.Proxy.Reset()
			c.run(t).wantCode(t, 1).wantError(t, tt.want)
			if n := writes(g.Proxy); n != 0 {
				t.Errorf("%d requests changed something", n)
			}
		})
	}
	got := given(dist).run(t).wantCode(t, 0)
	if strings.Contains(got.stderr, "build ") {
		t.Errorf("something was built:\n%s", got.stderr)
	}
	for _, image := range []string{"demo-oci", "shim-demo"} {
		if there, want := at(t, g.repository(t, image), "0.1.0"), layoutDigest(t, filepath.Join(dist, image)); there != want {
			t.Errorf("%s is at %s, expected %s", image, there, want)
		}
		g.wantImage(t, got, image)
	}
}
