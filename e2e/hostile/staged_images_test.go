package hostile

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/oci"
)

// TestHostileStagedImages modifies staged images between the two jobs.
func TestHostileStagedImages(t *testing.T) {
	w, _ := kit.Local(t)
	source := kit.Example(t)
	kit.InitRepository(t, source, "main")
	dir, output := filepath.Join(t.TempDir(), "staged"), filepath.Join(t.TempDir(), "output")
	c := oci.Command(w, source, "0.1.0", dir, "--stage")
	c.Env = append(c.Env, "GITHUB_OUTPUT="+output)
	c.Run(t).WantCode(t, 0)
	digest := kit.DirDigest(t, dir)
	if !strings.Contains(kit.Read(t, output), "digest="+digest+"\n") {
		t.Errorf("the step's outputs are\n%s\nexpected the digest %s", kit.Read(t, output), digest)
	}
	take := func(t *testing.T, from, said string) (string, kit.Result) {
		out := filepath.Join(t.TempDir(), "out")
		return out, oci.Command(w, source, "0.1.0", out, "--staged", from, "--staged-digest", said).Run(t)
	}
	t.Run("as it was left", func(t *testing.T) {
		out, got := take(t, dir, digest)
		got.WantCode(t, 0)
		whole := filepath.Join(t.TempDir(), "whole")
		oci.Command(w, source, "0.1.0", whole).Run(t).WantCode(t, 0)
		there, here := map[string]string{}, map[string]string{}
		for _, name := range oci.ExampleImages {
			there[name], here[name] = oci.LayoutDigest(t, filepath.Join(out, name)), oci.LayoutDigest(t, filepath.Join(whole, name))
		}
		if !maps.Equal(there, here) {
			t.Errorf("in two jobs the images are %v, in one %v", there, here)
		}
	})
	file := firstBinary(t, dir)
	for _, tt := range []struct {
		name, want string
		change     func(t *testing.T, dir string)
		consistent bool
	}{
		{"a byte", "its files have the digest", func(t *testing.T, dir string) { kit.Write(t, kit.Read(t, dir, file)+"x", dir, file) }, false},
		{"a link", "not a regular file", relinkTo("/proc/self/environ", file), false},
		{"a crate more, reported", "is not part of this plan", func(t *testing.T, dir string) { kit.Write(t, "x", dir, "evil", "staged.json") }, true},
		{"another plan, reported", "it is of another plan", func(t *testing.T, dir string) { kit.Write(t, "{}\n", dir, "plan.json") }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			changed := filepath.Join(t.TempDir(), "staged")
			kit.Check(t, os.CopyFS(changed, os.DirFS(dir)))
			tt.change(t, changed)
			said := digest
			if tt.consistent {
				said = kit.DirDigest(t, changed)
			}
			out, got := take(t, changed, said)
			got.WantCode(t, 1).WantError(t, tt.want)
			if entries, _ := os.ReadDir(out); len(entries) > 0 {
				t.Errorf("it left %v", entries)
			}
		})
	}
}

// firstBinary returns the path of a binary in a staged directory.
func firstBinary(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", "outputs", "build-*", "bin", "*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no binary is staged: %v", err)
	}
	name, err := filepath.Rel(dir, found[0])
	kit.Check(t, err)
	return name
}
