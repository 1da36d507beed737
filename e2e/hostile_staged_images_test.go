package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHostileStagedImages modifies staged images between the two jobs.
func TestHostileStagedImages(t *testing.T) {
	w, _ := local(t)
	source := example(t)
	repository(t, source, "main")
	dir, output := filepath.Join(t.TempDir(), "staged"), filepath.Join(t.TempDir(), "output")
	c := w.imagesCommand(source, "0.1.0", dir, "--stage")
	c.env = append(c.env, "GITHUB_OUTPUT="+output)
	c.run(t).wantCode(t, 0)
	digest := shellDigest(t, dir)
	if !strings.Contains(read(t, output), "digest="+digest+"\n") {
		t.Errorf("the step's outputs are\n%s\nexpected the digest %s", read(t, output), digest)
	}
	take := func(t *testing.T, from, said string) (string, result) {
		out := filepath.Join(t.TempDir(), "out")
		return out, w.imagesCommand(source, "0.1.0", out, "--staged", from, "--staged-digest", said).run(t)
	}
	t.Run("as it was left", func(t *testing.T) {
		out, got := take(t, dir, digest)
		got.wantCode(t, 0)
		whole := filepath.Join(t.TempDir(), "whole")
		w.imagesCommand(source, "0.1.0", whole).run(t).wantCode(t, 0)
		there, here := map[string]string{}, map[string]string{}
		for _, name := range exampleImages {
			there[name], here[name] = layoutDigest(t, filepath.Join(out, name)), layoutDigest(t, filepath.Join(whole, name))
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
		{"a byte", "its files have the digest", func(t *testing.T, dir string) { write(t, read(t, dir, file)+"x", dir, file) }, false},
		{"a link", "not a regular file", relinkTo("/proc/self/environ", file), false},
		{"a crate more, reported", "is not part of this plan", func(t *testing.T, dir string) { write(t, "x", dir, "evil", "staged.json") }, true},
		{"another plan, reported", "it is of another plan", func(t *testing.T, dir string) { write(t, "{}\n", dir, "plan.json") }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			changed := filepath.Join(t.TempDir(), "staged")
			check(t, os.CopyFS(changed, os.DirFS(dir)))
			tt.change(t, changed)
			said := digest
			if tt.consistent {
				said = shellDigest(t, changed)
			}
			out, got := take(t, changed, said)
			got.wantCode(t, 1).wantError(t, tt.want)
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
	check(t, err)
	return name
}
