package images

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/imagereg"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/oci"
)

// TestImagesGiven releases images from another job's dry run: nothing is built, and only
// what the plan of this commit would give is pushed.
func TestImagesGiven(t *testing.T) {
	w, _ := kit.Local(t)
	g := newImageHost(t, imagereg.Distribution)
	names := []string{"--image", "demo-oci", "--image", "shim-demo"}
	dist := filepath.Join(t.TempDir(), "dist")
	oci.Command(w, g.Clone(t), "0.1.0", dist, names...).Run(t).WantCode(t, 0)
	given := func(dir string) kit.Command {
		return g.ReleaseCommand(t, w, "0.1.0", append(slices.Clone(names), "--dist", dir)...)
	}
	for name, tt := range map[string]struct {
		change func(t *testing.T, dir string, c *kit.Command)
		want   string
	}{
		"a file more": {func(t *testing.T, dir string, _ *kit.Command) { kit.Write(t, "x", dir, "more.txt") }, `"more.txt" does not belong to this release`},
		"an image less": {func(t *testing.T, dir string, _ *kit.Command) {
			kit.Check(t, os.RemoveAll(filepath.Join(dir, "demo-oci")))
		}, "`slipway release-demo-app --dry-run` makes it"},
		"a layer of other bytes": {func(t *testing.T, dir string, _ *kit.Command) {
			blobs := filepath.Join(dir, "demo-oci", "blobs", "sha256")
			entries, err := os.ReadDir(blobs)
			kit.Check(t, err)
			for _, e := range entries {
				if raw := kit.Read(t, blobs, e.Name()); strings.HasPrefix(raw, "\x00asm") {
					kit.Write(t, raw+"x", blobs, e.Name())
				}
			}
		}, "a layer has sha256"},
		"another version": {func(_ *testing.T, _ string, c *kit.Command) { c.Args = append(c.Args, "--version", "0.1.1") }, "they belong to another release"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "dist")
			kit.Check(t, os.CopyFS(dir, os.DirFS(dist)))
			c := given(dir)
			tt.change(t, dir, &c)
			g.Proxy.Reset()
			c.Run(t).WantCode(t, 1).WantError(t, tt.want)
			if n := writes(g.Proxy); n != 0 {
				t.Errorf("%d requests changed something", n)
			}
		})
	}
	got := given(dist).Run(t).WantCode(t, 0)
	if strings.Contains(got.Stderr, "build ") {
		t.Errorf("something was built:\n%s", got.Stderr)
	}
	for _, image := range []string{"demo-oci", "shim-demo"} {
		if there, want := oci.TagDigest(t, g.Repository(t, image), "0.1.0"), oci.LayoutDigest(t, filepath.Join(dist, image)); there != want {
			t.Errorf("%s is at %s, expected %s", image, there, want)
		}
		g.WantImage(t, got, image)
	}
}
