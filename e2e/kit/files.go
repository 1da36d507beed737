package kit

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Check ends the test if there is an error.
func Check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Read returns the content of a file, and ends the test if that fails. The path is joined.
func Read(t testing.TB, path ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(path...))
	Check(t, err)
	return string(raw)
}

// Write writes a file and the directories above it, and ends the test if that fails. The
// path is joined.
func Write(t testing.TB, content string, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	Check(t, os.MkdirAll(filepath.Dir(name), 0o755))
	Check(t, os.WriteFile(name, []byte(content), 0o644))
}

// Exists reports whether a file matches the joined pattern (filepath.Glob).
func Exists(pattern ...string) bool {
	found, err := filepath.Glob(filepath.Join(pattern...))
	return err == nil && len(found) > 0
}

// TakeFile returns a change of a directory: its file of this name is replaced by the one
// in another directory.
func TakeFile(from, name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { Write(t, Read(t, from, name), dir, name) }
}

// DropFile returns a change of a directory: its file of this name is removed.
func DropFile(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { Check(t, os.Remove(filepath.Join(dir, name))) }
}

// RemoveAll is like os.RemoveAll, but also removes directories without write permission.
func RemoveAll(dir string) error {
	_ = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			_ = os.Chmod(name, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}
