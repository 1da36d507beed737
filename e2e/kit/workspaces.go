package kit

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Example copies examples/workspace and returns the copy.
func Example(t testing.TB) string {
	t.Helper()
	return CopyTo(t, filepath.Join(Root, "examples", "workspace"), filepath.Join(t.TempDir(), "example"))
}

// Workspace copies a workspace of the test data and returns the copy.
func Workspace(t testing.TB, name string) string {
	t.Helper()
	return CopyTo(t, Testdata("workspaces", name), filepath.Join(t.TempDir(), name))
}

// unversioned is a copy of the example outside any repository.
var unversioned = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(Scratch, "example")
	if err := CopyLinks(filepath.Join(Root, "examples", "workspace"), dir); err != nil {
		return "", err
	}
	return dir, RemoveAll(filepath.Join(dir, "target"))
})

// Demo returns a request to release shim-demo, the crate that most tests use, from a copy
// of the example outside any repository, which the tests of a package share.
func Demo(t testing.TB) Release {
	t.Helper()
	source, err := unversioned()
	Check(t, err)
	return Release{Source: source, Crate: "shim-demo", Version: "0.1.0", Out: filepath.Join(t.TempDir(), "out")}
}

// SmallCrate writes a workspace with one crate, "one" 0.1.0, which has a library, a binary
// and the given files, and returns the request to release it. manifest is added to the end
// of [package] and may begin further tables.
func SmallCrate(t testing.TB, manifest string, more map[string]string) Release {
	t.Helper()
	files := map[string]string{
		"Cargo.toml":   "[package]\nname = \"one\"\nversion = \"0.1.0\"\nedition = \"2021\"\npublish = false\n" + manifest,
		"Cargo.lock":   "version = 4\n\n[[package]]\nname = \"one\"\nversion = \"0.1.0\"\n",
		"CHANGELOG.md": "## [0.1.0] - 2026-01-01\n\n- First.\n",
		"src/lib.rs":   "",
		"src/main.rs":  "fn main() { println!(\"one {}\", std::env::args().skip(1).collect::<Vec<_>>().join(\",\")); }\n",
	}
	maps.Copy(files, more)
	source := filepath.Join(t.TempDir(), "one")
	for name, content := range files {
		Write(t, content, source, filepath.FromSlash(name))
	}
	return Release{Source: source, Crate: "one", Version: "0.1.0"}
}

// CopyTo copies a directory without its target directory, and returns the copy.
func CopyTo(t testing.TB, from, to string) string {
	t.Helper()
	Check(t, os.MkdirAll(filepath.Dir(to), 0o755))
	Check(t, CopyLinks(from, to))
	Check(t, RemoveAll(filepath.Join(to, "target")))
	return to
}

// CopyLinks copies a file or a tree, keeping symbolic links.
func CopyLinks(from, to string) error {
	return filepath.WalkDir(from, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		place := filepath.Join(to, rel)
		if e.IsDir() {
			return os.MkdirAll(place, 0o755)
		}
		if err := os.RemoveAll(place); err != nil {
			return err
		}
		if e.Type()&fs.ModeSymlink != 0 {
			link, err := os.Readlink(name)
			if err != nil {
				return err
			}
			return os.Symlink(link, place)
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(place, raw, info.Mode().Perm())
	})
}

// PinnedAction is the reference to slipway's action in the workflows that tests generate.
const PinnedAction = "acme/slipway@0123456789abcdef0123456789abcdef01234567"
