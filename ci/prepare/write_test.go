package prepare

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/change"
)

// two is a changeset of two files in two directories.
var two = &Changeset{Tag: "a/v1.0.0", Files: []change.File{{Path: "Cargo.toml", Old: "old", New: "new"}, {Path: "a/Cargo.toml", Old: "old a", New: "new a"}}}

func layTwo(t *testing.T) string {
	t.Helper()
	return lay(t, map[string]string{"Cargo.toml": "old", "a/Cargo.toml": "old a", "README.md": "x"})
}

// holds fails the test unless dir has these contents and no other files.
func holds(t *testing.T, dir, root, a string) {
	t.Helper()
	if got := readFile(t, dir, "Cargo.toml"); got != root {
		t.Errorf("Cargo.toml holds %q, want %q", got, root)
	}
	if got := readFile(t, dir, "a/Cargo.toml"); got != a {
		t.Errorf("a/Cargo.toml holds %q, want %q", got, a)
	}
	var names []string
	for _, pattern := range []string{"*", ".*", "a/*", "a/.*"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			name, _ := filepath.Rel(dir, f)
			names = append(names, filepath.ToSlash(name))
		}
	}
	if want := []string{"Cargo.toml", "README.md", "a", "a/Cargo.toml"}; !slices.Equal(names, want) {
		t.Errorf("files %q, want %q", names, want)
	}
}

func TestWrite(t *testing.T) {
	dir := layTwo(t)
	script := filepath.Join(dir, "Cargo.toml")
	if err := os.Chmod(script, 0o751); err != nil {
		t.Fatal(err)
	}
	if err := two.Write(dir, ""); err != nil {
		t.Fatal(err)
	}
	holds(t, dir, "new", "new a")
	if info, err := os.Stat(script); err != nil || info.Mode().Perm() != 0o751 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := two.Write(dir, ""); err != nil { // already written files are left alone
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a/Cargo.toml"), []byte("old a"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := two.Write(dir, ""); err != nil { // a partial write is completed
		t.Error(err)
	}
	holds(t, dir, "new", "new a")
}

// TestWriteNothing checks that an error found before writing leaves every file unchanged.
func TestWriteNothing(t *testing.T) {
	const nothing = "nothing was written"
	t.Run("changed since", func(t *testing.T) {
		dir := lay(t, map[string]string{"Cargo.toml": "old", "a/Cargo.toml": "mine", "README.md": "x"})
		says(t, two.Write(dir, ""), `writing the changes of a/v1.0.0: "a/Cargo.toml" has changed since it was read: prepare the release again`, nothing)
		holds(t, dir, "old", "mine")
	})
	t.Run("gone", func(t *testing.T) {
		dir := lay(t, map[string]string{"Cargo.toml": "old"})
		says(t, two.Write(dir, ""), "a/Cargo.toml", nothing)
	})
	t.Run("symlink", func(t *testing.T) {
		dir := lay(t, map[string]string{"Cargo.toml": "old", "b": "old a"})
		if err := os.MkdirAll(filepath.Join(dir, "a"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("../b", filepath.Join(dir, "a/Cargo.toml")); err != nil {
			t.Fatal(err)
		}
		says(t, two.Write(dir, ""), `"a/Cargo.toml" is not a regular file: replace it with one`, nothing)
		if got := readFile(t, dir, "Cargo.toml"); got != "old" {
			t.Errorf("Cargo.toml holds %q", got)
		}
	})
	t.Run("directory that leads outside", func(t *testing.T) {
		outside := lay(t, map[string]string{"Cargo.toml": "old a"})
		dir := lay(t, map[string]string{"Cargo.toml": "old"})
		if err := os.Symlink(outside, filepath.Join(dir, "a")); err != nil {
			t.Fatal(err)
		}
		says(t, two.Write(dir, ""), "a/Cargo.toml", "escapes", nothing)
		if got := readFile(t, outside, "Cargo.toml"); got != "old a" {
			t.Errorf("a file outside holds %q", got)
		}
	})
	t.Run("path that leads outside", func(t *testing.T) {
		dir := layTwo(t)
		c := &Changeset{Files: []change.File{{Path: "../x/Cargo.toml", Old: "", New: "x"}}}
		says(t, c.Write(dir, ""), "escapes", nothing)
		holds(t, dir, "old", "old a")
	})
	t.Run("no such workspace", func(t *testing.T) {
		says(t, two.Write(filepath.Join(t.TempDir(), "none"), ""), "writing the changes of a/v1.0.0", "none")
	})
}

// TestWriteTakesBack checks that a failed write is undone: the second file cannot be renamed,
// or the third cannot be staged.
func TestWriteTakesBack(t *testing.T) {
	t.Run("stage", func(t *testing.T) {
		long := strings.Repeat("x", 240) // a temporary name derived from it exceeds the file system's limit
		dir := lay(t, map[string]string{"Cargo.toml": "old", "a/Cargo.toml": "old a", "README.md": "x", "z/" + long: "old"})
		c := &Changeset{Files: slices.Concat(two.Files, []change.File{{Path: "z/" + long, Old: "old", New: "new"}})}
		says(t, c.Write(dir, ""), "name too long", "nothing was changed")
		if err := os.RemoveAll(filepath.Join(dir, "z")); err != nil {
			t.Fatal(err)
		}
		holds(t, dir, "old", "old a")
	})
	t.Run("rename", func(t *testing.T) {
		dir := layTwo(t)
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		staged, err := stageAll(root, two.Files)
		if err != nil {
			t.Fatal(err)
		}
		if err := root.Remove(staged[1].temporary); err != nil {
			t.Fatal(err)
		}
		says(t, replaceAll(root, staged), "nothing was changed")
		holds(t, dir, "old", "old a")
	})
}
