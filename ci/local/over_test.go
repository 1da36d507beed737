package local

import (
	"os"
	"path/filepath"
	"testing"
)

// TestLayOver lays a directory over a hostile one and checks that nothing is written through its
// links.
func TestLayOver(t *testing.T) {
	outside := t.TempDir()
	put(t, filepath.Join(outside, "file"), "outside")
	from, to := t.TempDir(), t.TempDir()
	for _, dir := range []string{filepath.Join(from, "same"), filepath.Join(from, "dir"), filepath.Join(to, "same"), filepath.Join(to, "was-dir")} {
		check(t, os.Mkdir(dir, 0o755))
	}
	put(t, filepath.Join(from, "same", "a"), "new")
	put(t, filepath.Join(from, "dir", "b"), "new")
	put(t, filepath.Join(from, "file"), "new")
	put(t, filepath.Join(from, "was-dir"), "new")
	put(t, filepath.Join(to, "same", "a"), "old")
	put(t, filepath.Join(to, "same", "kept"), "old")
	put(t, filepath.Join(to, "was-dir", "x"), "old")
	for name, target := range map[string]string{"dir": outside, "file": filepath.Join(outside, "file"), "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(to, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := layOver(t.Context(), from, to); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"same/a": "new", "same/kept": "old", "dir/b": "new", "file": "new", "was-dir": "new"} {
		if got, err := os.ReadFile(filepath.Join(to, name)); err != nil || string(got) != want {
			t.Errorf("%s is %q (%v), want %q", name, got, err, want)
		}
	}
	if got, _ := os.ReadFile(filepath.Join(outside, "file")); string(got) != "outside" {
		t.Errorf("a file outside is %q", got)
	}
	if list, _ := os.ReadDir(outside); len(list) != 1 {
		t.Errorf("outside there is %v", list)
	}
}
