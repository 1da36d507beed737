package e2e

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// workspace copies a workspace of the test data.
func workspace(t testing.TB, name string) string {
	t.Helper()
	return copyTo(t, filepath.Join("testdata", "workspaces", name), filepath.Join(t.TempDir(), name))
}

// example copies examples/workspace.
func example(t testing.TB) string {
	t.Helper()
	return copyTo(t, filepath.Join(root, "examples", "workspace"), filepath.Join(t.TempDir(), "example"))
}

func copyTo(t testing.TB, from, to string) string {
	t.Helper()
	check(t, os.MkdirAll(filepath.Dir(to), 0o755))
	check(t, copyLinks(from, to))
	check(t, removeAll(filepath.Join(to, "target")))
	return to
}

// copyLinks copies a file or a tree, keeping symbolic links.
func copyLinks(from, to string) error {
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

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, content string, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	check(t, os.MkdirAll(filepath.Dir(name), 0o755))
	check(t, os.WriteFile(name, []byte(content), 0o644))
}

func read(t testing.TB, path ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(path...))
	check(t, err)
	return string(raw)
}

// digests returns the SHA-256 of a directory's files by name.
func digests(t testing.TB, dir string) map[string]string {
	t.Helper()
	sums := map[string]string{}
	entries, err := os.ReadDir(dir)
	check(t, err)
	for _, e := range entries {
		sum := sha256.Sum256([]byte(read(t, dir, e.Name())))
		sums[e.Name()] = hex.EncodeToString(sum[:])
	}
	return sums
}

// entry is a file of a tarball.
type entry struct {
	header  tar.Header
	content []byte
}

// untar reads a .tar.gz.
func untar(t testing.TB, path ...string) []entry {
	t.Helper()
	f, err := os.Open(filepath.Join(path...))
	check(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	check(t, err)
	var list []entry
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return list
		}
		check(t, err)
		content, err := io.ReadAll(r)
		check(t, err)
		list = append(list, entry{*h, content})
	}
}

// removeAll is like os.RemoveAll, but also removes directories without write permission.
func removeAll(dir string) error {
	_ = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			_ = os.Chmod(name, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}
