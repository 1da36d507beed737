package sourcefs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

func tree(t *testing.T) (string, *FS) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "workspace")
	must(t, os.MkdirAll(filepath.Join(dir, "a", "b"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "a", "file"), []byte("content"), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "..", "secret"), []byte("secret"), 0o644))
	return dir, open(t, dir)
}

func open(t *testing.T, dir string) *FS {
	t.Helper()
	f, err := Open(t.Context(), dir)
	must(t, err)
	t.Cleanup(func() { must(t, f.Close()) })
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestFS checks that a plain tree is read as [io/fs] requires, including links within it.
func TestFS(t *testing.T) {
	dir, f := tree(t)
	must(t, fstest.TestFS(f, "a/file", "a/b"))
	must(t, os.Symlink("a", filepath.Join(dir, "inside")))
	raw, err := fs.ReadFile(f, "inside/file")
	if err != nil || string(raw) != "content" {
		t.Errorf("through a link within the tree: %q, %v", raw, err)
	}
	sub, err := fs.Sub(f, "a")
	must(t, err)
	if raw, err := fs.ReadFile(sub, "file"); err != nil || string(raw) != "content" {
		t.Errorf("in a tree below: %q, %v", raw, err)
	}
	if _, err := fs.ReadFile(f, "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestOutside checks that no link leads out, whichever method uses it.
func TestOutside(t *testing.T) {
	for name, link := range map[string]string{
		"absolute": "/etc/passwd", "relative": "../../secret", "through a directory": "b/../../../secret", "root": "/", "parent": "../..", "magic": "/proc/self/environ",
		"of itself by another way": "../../workspace/a/file",
	} {
		t.Run(name, func(t *testing.T) {
			dir, f := tree(t)
			must(t, os.Symlink(link, filepath.Join(dir, "a", "link")))
			must(t, os.Symlink("a/link", filepath.Join(dir, "twice")))
			for _, name := range []string{"a/link", "twice", "a/link/etc/passwd", "twice/secret"} {
				for op, do := range map[string]func(string) error{
					"open":    func(n string) error { _, err := f.Open(n); return err },
					"read":    func(n string) error { _, err := fs.ReadFile(f, n); return err },
					"readdir": func(n string) error { _, err := fs.ReadDir(f, n); return err },
					"stat":    func(n string) error { _, err := fs.Stat(f, n); return err },
					"sub":     func(n string) error { _, err := fs.Sub(f, n); return err },
				} {
					if err := do(name); err == nil {
						t.Errorf("%s of %q works", op, name)
					} else if name == "twice" && !errors.Is(err, ErrOutside) {
						t.Errorf("%s of %q: %v", op, name, err)
					}
				}
			}
			sub, err := fs.Sub(f, "a")
			must(t, err)
			if _, err := fs.ReadFile(sub, "link"); !errors.Is(err, ErrOutside) {
				t.Errorf("in a tree below: %v", err)
			}
		})
	}
}

// TestNotRegular checks that files that could block or never end are refused at once.
func TestNotRegular(t *testing.T) {
	dir, f := tree(t)
	must(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644))
	must(t, os.Symlink("fifo", filepath.Join(dir, "to-fifo")))
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	must(t, err)
	defer syscall.Close(fd)
	must(t, os.Chdir(dir)) // a socket's address must be short
	must(t, syscall.Bind(fd, &syscall.SockaddrUnix{Name: "socket"}))
	wants := map[string]string{"fifo": "a FIFO", "to-fifo": "a FIFO", "socket": "a socket", "a": "a directory"}
	if err := syscall.Mknod(filepath.Join(dir, "device"), syscall.S_IFCHR|0o666, 1<<8|5); err == nil { // /dev/zero
		wants["device"] = "a device"
	} else {
		t.Logf("SKIPPED: a device: making one: %v", err)
	}
	for name, want := range wants {
		begin := time.Now()
		if _, err := fs.ReadFile(f, name); !errors.Is(err, ErrNotRegular) || !strings.Contains(err.Error(), want) {
			t.Errorf("reading %q: %v", name, err)
		}
		if _, err := f.Open(name); name != "a" && !errors.Is(err, ErrNotRegular) {
			t.Errorf("opening %q: %v", name, err)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("%q took %s", name, took)
		}
	}
}

// TestBounds checks that a file that is too large uses no memory, however it is read.
func TestBounds(t *testing.T) {
	dir, f := tree(t)
	must(t, os.WriteFile(filepath.Join(dir, "huge"), nil, 0o644))
	must(t, os.Truncate(filepath.Join(dir, "huge"), 1<<40))
	if _, err := fs.ReadFile(f, "huge"); err == nil || !strings.Contains(err.Error(), `"huge"`) && !strings.Contains(err.Error(), "more than") {
		t.Errorf("reading it whole: %v", err)
	}
	file, err := f.Open("huge")
	must(t, err)
	defer file.Close()
	if n, err := io.Copy(io.Discard, file); err == nil || n > MaxFile {
		t.Errorf("reading it in parts: %d bytes, %v", n, err)
	}
}

// TestDepth checks that a tree that is too deep is reported, however it is walked.
func TestDepth(t *testing.T) {
	dir, f := tree(t)
	deepest := strings.Repeat("d/", MaxDepth-1)
	must(t, os.MkdirAll(filepath.Join(dir, deepest, "e"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, deepest, "file"), []byte("x"), 0o644))
	if _, err := f.ReadFile(deepest + "file"); err != nil {
		t.Errorf("a file in %d directories: %v", MaxDepth-1, err)
	}
	must(t, os.MkdirAll(filepath.Join(dir, deepest, "e", "f", "g"), 0o755))
	err := fs.WalkDir(f, ".", func(_ string, _ fs.DirEntry, err error) error { return err })
	if err == nil || !strings.Contains(err.Error(), "is nested in more than 128 directories") {
		t.Errorf("walking deeper: %v", err)
	}
}

// TestDone checks that calls fail once the context is done, with its cause.
func TestDone(t *testing.T) {
	dir, _ := tree(t)
	reason := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	f, err := Open(ctx, dir)
	must(t, err)
	file, err := f.Open("a/file")
	must(t, err)
	cancel(reason)
	if _, err := file.Read(make([]byte, 1)); !errors.Is(err, reason) {
		t.Errorf("reading: %v", err)
	}
	if err := fs.WalkDir(f, ".", func(_ string, _ fs.DirEntry, err error) error { return err }); !errors.Is(err, reason) {
		t.Errorf("walking: %v", err)
	}
}

// TestNames checks that names that are not valid paths are refused, not truncated.
func TestNames(t *testing.T) {
	_, f := tree(t)
	for _, name := range []string{"../secret", "/etc/passwd", "a/../../secret", "", "a//file", "a/file\x00.toml", "./a"} {
		if raw, err := fs.ReadFile(f, name); err == nil {
			t.Errorf("%q is read: %q", name, raw)
		}
	}
}

// TestBelow checks that names relative to a directory reach the rest of the tree and nothing
// outside of it.
func TestBelow(t *testing.T) {
	dir, _ := tree(t)
	must(t, os.WriteFile(filepath.Join(dir, "top"), []byte("top"), 0o644))
	must(t, os.Symlink("../../top", filepath.Join(dir, "a", "b", "up")))
	must(t, os.Symlink("../../../secret", filepath.Join(dir, "a", "b", "out")))
	f, err := OpenBelow(t.Context(), dir, "a/b")
	must(t, err)
	t.Cleanup(func() { must(t, f.Close()) })
	for name, want := range map[string]string{"../file": "content", "../../top": "top", "up": "top"} {
		if raw, err := f.ReadFile(name); err != nil || string(raw) != want {
			t.Errorf("%q is %q, %v", name, raw, err)
		}
	}
	var names []string
	must(t, fs.WalkDir(f, "..", func(name string, _ fs.DirEntry, err error) error {
		names = append(names, name)
		return err
	}))
	if got := strings.Join(names, " "); got != ".. ../b ../b/out ../b/up ../file" {
		t.Errorf("the directory above has %s", got)
	}
	for _, name := range []string{"../../../secret", "../../../workspace/a/file", "../../..", "out", "/etc/passwd", "../b/../file", "x/../../file", "..//file", ""} {
		if raw, err := f.ReadFile(name); err == nil {
			t.Errorf("%q is read: %q", name, raw)
		}
		if _, err := f.ReadLink(name); err == nil && name != "out" {
			t.Errorf("%q is read as a link", name)
		}
		if _, err := f.Sub(name); err == nil {
			t.Errorf("%q is opened", name)
		}
	}
	for _, prefix := range []string{"..", "/a", "a/../..", "."} {
		if f, err := OpenBelow(t.Context(), dir, prefix); err == nil && prefix != "." {
			t.Errorf("%q is a directory of the tree", f.Prefix())
		}
	}
}
