package beneath

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestLimits checks that a file that is too large is refused by its size, before it is
// read.
func TestLimits(t *testing.T) {
	dir, d := tree(t)
	f, err := os.Create(filepath.Join(dir, "sparse"))
	do(t, err)
	do(t, f.Truncate(1<<40)) // sparse: it has no blocks
	do(t, f.Close())
	to := filepath.Join(t.TempDir(), "to")
	small := Limits{Entries: 3, File: 3, Total: 5}
	for _, c := range []struct {
		name string
		do   func() error
		want string
	}{
		{"sparse file", func() error { _, err := d.CopyFile("sparse", to, ReleaseLimits()); return err }, `"sparse" has 1099511627776 bytes, expected at most 2147483648`},
		{"sparse file, read", func() error { _, err := d.Read("sparse", 1<<20); return err }, `"sparse" has 1099511627776 bytes, expected at most 1048576`},
		{"sparse file by path", func() error { _, err := ReadFile(filepath.Join(dir, "sparse"), 1<<20); return err }, `sparse" has 1099511627776 bytes`},
		{"sparse file in a tree", func() error { _, err := d.CopyTree(".", to, ReleaseLimits()); return err }, `"sparse" has 1099511627776 bytes`},
		{"sparse file that is kept", func() error { return d.Settle(".", KeptLimits()) }, `"sparse" has 1099511627776 bytes, expected at most 17179869184`},
		{"one byte over", func() error { _, err := d.CopyFile("good", to, small); return err }, `"good" has 4 bytes, expected at most 3`},
		{"entries", func() error { _, err := d.CopyTree("a", to, Limits{Entries: 1, File: 9, Total: 9}); return err }, `"a/b/deep" is one file or directory too many, expected at most 1`},
		{"entries that are kept", func() error { return d.Settle("a", Limits{Entries: 1, File: 9, Total: 9}) }, `"a/b/deep" is one file or directory too many`},
	} {
		soon(t, func() {
			if err := c.do(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: error %v, want %q", c.name, err, c.want)
			}
		})
		if _, err := os.Lstat(to); err == nil {
			t.Fatalf("%s: something was left", c.name)
		}
	}
	do(t, os.Remove(filepath.Join(dir, "sparse")))
	put(t, "four", dir, "more")
	if _, err := d.CopyTree(".", to, Limits{Entries: 9, File: 9, Total: 11}); err == nil || !strings.Contains(err.Error(), "expected at most 11 together") {
		t.Errorf("12 bytes together: %v", err)
	}
	if raw, err := d.Read("good", 4); err != nil || string(raw) != "good" {
		t.Errorf("just as many bytes as may be: %q, %v", raw, err)
	}
}

func TestDepth(t *testing.T) {
	dir, d := tree(t)
	do(t, os.MkdirAll(filepath.Join(dir, strings.Repeat("d/", 200)), 0o755))
	to := filepath.Join(t.TempDir(), "to")
	if _, err := d.CopyTree(".", to, KeptLimits()); err == nil || !strings.Contains(err.Error(), "is nested too deep") {
		t.Errorf("CopyTree = %v", err)
	}
	if _, err := os.Lstat(to); err == nil {
		t.Error("a part of it was left")
	}
}

// TestSettle checks what stays of a tree that is kept, and that nothing outside it is
// touched.
func TestSettle(t *testing.T) {
	dir, d := tree(t)
	outside := filepath.Join(filepath.Dir(dir), "outside", "inside")
	do(t, unix.Chmod(outside, 0o4755))
	do(t, os.Symlink("../outside", filepath.Join(dir, "link")))
	do(t, os.Symlink("../outside/inside", filepath.Join(dir, "a", "setuid-link")))
	do(t, unix.Mkfifo(filepath.Join(dir, "a", "fifo"), 0o644))
	do(t, unix.Chmod(filepath.Join(dir, "good"), 0o6755))
	do(t, d.Settle(".", KeptLimits()))
	for name, mode := range map[string]os.FileMode{"good": 0o755, "link": os.ModeSymlink | 0o777, "a/setuid-link": os.ModeSymlink | 0o777, "a/b/deep": 0o644} {
		if info, err := os.Lstat(filepath.Join(dir, name)); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, "a", "fifo")); err == nil {
		t.Error("a FIFO stays")
	}
	if info, err := os.Stat(outside); err != nil || info.Mode() != 0o755|os.ModeSetuid {
		t.Errorf("the file outside has become %v, %v", info.Mode(), err)
	}
}

func TestDiscard(t *testing.T) {
	dir, d := tree(t)
	do(t, os.Symlink("../outside", filepath.Join(dir, "link")))
	do(t, os.Symlink("../outside", filepath.Join(dir, "inside"))) // a matching link is removed itself
	for i := range 3 {
		put(t, "x", dir, "a", fmt.Sprintf("gone-%d", i), "b", "c")
	}
	do(t, os.Chmod(filepath.Join(dir, "a", "gone-1", "b"), 0o500))
	do(t, d.Discard(".", []string{"inside", "gone-*"}))
	if got := names(t, dir); got != ". a a/b a/b/deep good link" {
		t.Errorf("it left %q", got)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(dir), "outside", "inside")); err != nil {
		t.Errorf("a file outside was removed: %v", err)
	}
}

// TestMove checks that Move does not leave the directory through a link, and does not
// follow one.
func TestMove(t *testing.T) {
	dir, d := tree(t)
	do(t, os.Symlink("../outside", filepath.Join(dir, "link")))
	to, err := OpenDir(t.TempDir())
	do(t, err)
	defer to.Close()
	if err := d.Move("link/inside", to, "x"); err == nil || !strings.Contains(err.Error(), `"link" is a symbolic link to "../outside"`) {
		t.Errorf("Move = %v", err)
	}
	do(t, d.Move("a/b", to, "b"))
	if raw, err := to.Read("b/deep", 9); err != nil || string(raw) != "deep" {
		t.Errorf("moved %q, %v", raw, err)
	}
	do(t, d.Move("link", to, "l"))
	if err := to.Check("l", true); err == nil {
		t.Error("a link was moved as what it leads to")
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(dir), "outside", "inside")); err != nil {
		t.Errorf("the file outside: %v", err)
	}
}

func TestRemoveAll(t *testing.T) {
	dir, _ := tree(t)
	outside := filepath.Join(filepath.Dir(dir), "outside")
	do(t, os.Chmod(outside, 0o500))
	do(t, os.Symlink("../outside", filepath.Join(dir, "a", "link")))
	do(t, os.Chmod(filepath.Join(dir, "a", "b"), 0))
	do(t, os.Chmod(filepath.Join(dir, "a"), 0o500))
	do(t, RemoveAll(dir))
	if _, err := os.Lstat(dir); err == nil {
		t.Error("it is still there")
	}
	if info, err := os.Stat(outside); err != nil || info.Mode().Perm() != 0o500 {
		t.Errorf("the directory that a link led to: %v, %v", info, err)
	}
	do(t, os.Chmod(outside, 0o700))
	do(t, RemoveAll(dir)) // a missing path is not an error
}

func names(t *testing.T, dir string) string {
	t.Helper()
	var list []string
	do(t, filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, name)
		list = append(list, rel)
		return err
	}))
	return strings.Join(list, " ")
}
