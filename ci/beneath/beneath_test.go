package beneath

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// secret is the content of files outside the directory. No test may read it.
const secret = "canary-8d1f"

// tree makes a directory next to a secret and opens it.
func tree(t *testing.T) (dir string, d *Dir) {
	t.Helper()
	parent := t.TempDir()
	dir = filepath.Join(parent, "tree")
	put(t, secret, parent, "secret")
	put(t, secret, parent, "outside", "inside")
	put(t, "good", dir, "good")
	put(t, "deep", dir, "a", "b", "deep")
	d, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return dir, d
}

func put(t *testing.T, content string, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func do(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// soon fails the test if a call blocks, for instance by opening a FIFO.
func soon(t *testing.T, what func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); what() }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("it hangs")
	}
}

// hostile lists names that must be refused, with what the error says. make creates each in
// a tree.
var hostile = []struct {
	name  string
	make  func(t *testing.T, dir string)
	names string // the name that is opened
	want  string
}{
	{"link to a file outside", link("../secret", "x"), "x", `"x" is a symbolic link to "../secret", expected a regular file`},
	{"absolute link", link("/proc/self/environ", "x"), "x", `"x" is a symbolic link to "/proc/self/environ"`},
	{"link inside", link("good", "x"), "x", `"x" is a symbolic link to "good"`},
	{"dangling link", link("nowhere", "x"), "x", `"x" is a symbolic link to "nowhere"`},
	{"link on the way", link("../outside", "x"), "x/inside", `"x" is a symbolic link to "../outside", expected a directory`},
	{"link to / on the way", link("/", "x"), "x/etc/passwd", `"x" is a symbolic link to "/"`},
	{"link deep on the way", link("/proc/self", "a/b/x"), "a/b/x/environ", `"a/b/x" is a symbolic link to "/proc/self"`},
	{"link on the way, inside", link("a/b", "x"), "x/deep", `"x" is a symbolic link to "a/b"`},
	{"magic link", link("/proc/self/fd/0", "x"), "x", `is a symbolic link to "/proc/self/fd/0"`},
	{"FIFO", func(t *testing.T, dir string) { do(t, unix.Mkfifo(filepath.Join(dir, "x"), 0o644)) }, "x", `"x" is a FIFO, expected a regular file`},
	{"directory", func(t *testing.T, dir string) { do(t, os.Mkdir(filepath.Join(dir, "x"), 0o755)) }, "x", `"x" is a directory, expected a regular file`},
	{"socket", func(t *testing.T, dir string) {
		l, err := net.Listen("unix", filepath.Join(dir, "x"))
		do(t, err)
		t.Cleanup(func() { _ = l.Close() })
	}, "x", `"x" is a socket`},
	{"device", func(t *testing.T, dir string) {
		if err := unix.Mknod(filepath.Join(dir, "x"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5))); err != nil {
			t.Skipf("SKIPPED: making a device: %v: run as root", err)
		}
	}, "x", `"x" is a device`},
	{"file on the way", nothing, "good/x", `"good" is a regular file, expected a directory`},
	{"parent", nothing, "../secret", "invalid"},
	{"parent within", nothing, "a/../../secret", "invalid"},
	{"parent last", nothing, "a/..", "invalid"},
	{"absolute", nothing, "/etc/passwd", "invalid"},
	{"empty", nothing, "", "invalid"},
	{"missing", nothing, "a/missing", "a/missing: no such file"},
}

func link(to, at string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { do(t, os.Symlink(to, filepath.Join(dir, at))) }
}

func nothing(*testing.T, string) {}

func TestRefuses(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			dir, d := tree(t)
			c.make(t, dir)
			to := filepath.Join(t.TempDir(), "to")
			soon(t, func() {
				_, fileErr := d.File(c.names)
				_, readErr := d.Read(c.names, 1<<20)
				_, copyErr := d.CopyFile(c.names, to, ReleaseLimits())
				for i, err := range []error{fileErr, readErr, copyErr, d.Check(c.names, false)} {
					if err == nil || !strings.Contains(err.Error(), c.want) {
						t.Errorf("way %d: error %v, want %q", i, err, c.want)
					}
				}
			})
			if _, err := os.Lstat(to); err == nil {
				t.Error("something was left where the copy would be")
			}
		})
	}
}

// TestRefusesTree checks the same for a tree that contains such a name.
func TestRefusesTree(t *testing.T) {
	for _, c := range hostile {
		if strings.Contains(c.want, "invalid") || strings.Contains(c.want, "no such file") || c.name == "directory" || c.name == "file on the way" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			dir, d := tree(t)
			c.make(t, dir)
			to := filepath.Join(t.TempDir(), "to")
			soon(t, func() {
				_, err := d.CopyTree(".", to, ReleaseLimits())
				var refused *Refused
				if !errors.As(err, &refused) {
					t.Errorf("CopyTree = %v, expected that it refuses", err)
				}
			})
			if _, err := os.Lstat(to); err == nil {
				t.Error("a part of the tree was left")
			}
		})
	}
}

// TestRefusesPaths checks the same for functions that take a path.
func TestRefusesPaths(t *testing.T) {
	for _, c := range hostile[:4] {
		dir, _ := tree(t)
		c.make(t, dir)
		if _, err := ReadFile(filepath.Join(dir, "x"), 1<<20); err == nil || !strings.Contains(err.Error(), "is a symbolic link to") {
			t.Errorf("%s: ReadFile = %v", c.name, err)
		}
	}
	dir, _ := tree(t)
	do(t, unix.Mkfifo(filepath.Join(dir, "fifo"), 0o644))
	soon(t, func() {
		if _, err := OpenFile(filepath.Join(dir, "fifo")); err == nil || !strings.Contains(err.Error(), "fifo\" is a FIFO") {
			t.Errorf("OpenFile = %v", err)
		}
	})
	if _, err := ReadFile(filepath.Join(dir, "missing"), 1); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), dir) {
		t.Errorf("ReadFile of nothing = %v", err)
	}
	if raw, err := ReadFile(filepath.Join(dir, "good"), 4); err != nil || string(raw) != "good" {
		t.Errorf("ReadFile = %q, %v", raw, err)
	}
}

// TestWithoutOpenat2 checks that the fallback for old kernels refuses the same names.
func TestWithoutOpenat2(t *testing.T) {
	for _, c := range hostile {
		if strings.Contains(c.want, "invalid") {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			dir, d := tree(t)
			c.make(t, dir)
			soon(t, func() {
				fd, err := openParts(int(d.f.Fd()), c.names, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK)
				if err == nil {
					var st unix.Stat_t
					do(t, unix.Fstat(fd, &st))
					if kindOf(&st) == unix.S_IFREG {
						t.Error("it opened a regular file")
					}
					do(t, unix.Close(fd))
				}
			})
		})
	}
	_, d := tree(t)
	fd, err := openParts(int(d.f.Fd()), "a/b/deep", unix.O_RDONLY|unix.O_NOFOLLOW)
	do(t, err)
	content := make([]byte, 10)
	if n, err := unix.Read(fd, content); err != nil || string(content[:n]) != "deep" {
		t.Errorf("read %q, %v", content[:n], err)
	}
	do(t, unix.Close(fd))
}

// TestOtherFileSystem checks that files below a mount point are refused.
func TestOtherFileSystem(t *testing.T) {
	d, err := OpenDir("/")
	do(t, err)
	defer d.Close()
	for _, name := range []string{"proc/self/environ", "proc/version"} {
		if _, err := d.File(name); err == nil {
			t.Errorf("%q was opened through a mount", name)
		}
		if _, err := openParts(int(d.f.Fd()), name, unix.O_RDONLY|unix.O_NOFOLLOW); !errors.Is(err, unix.EXDEV) && !errors.Is(err, unix.ELOOP) && !errors.Is(err, unix.ENOTDIR) {
			t.Errorf("without openat2 %q: %v", name, err)
		}
	}
}

func TestCopies(t *testing.T) {
	dir, d := tree(t)
	do(t, os.Chmod(filepath.Join(dir, "good"), 0o4777))
	do(t, unix.Chmod(filepath.Join(dir, "good"), 0o4777))
	do(t, os.Link(filepath.Join(dir, "a/b/deep"), filepath.Join(dir, "a/same")))
	to := filepath.Join(t.TempDir(), "to")
	files, err := d.CopyTree(".", to, ReleaseLimits())
	do(t, err)
	found := map[string][sha256.Size]byte{}
	for _, f := range files {
		found[f.Path] = f.SHA256
	}
	for name, content := range map[string]string{"good": "good", "a/b/deep": "deep", "a/same": "deep"} {
		raw, err := os.ReadFile(filepath.Join(to, name))
		if err != nil || string(raw) != content || found[name] != sha256.Sum256([]byte(content)) {
			t.Errorf("%s: %q, %v, digest %x", name, raw, err, found[name])
		}
		info, err := os.Stat(filepath.Join(to, name))
		do(t, err)
		if links := info.Sys(); links == nil || info.Mode()&(fs.ModeSetuid|0o022) != 0 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
	one := filepath.Join(t.TempDir(), "one")
	f, err := d.CopyFile("a/b/deep", one, ReleaseLimits())
	if err != nil || f.Size != 4 || f.SHA256 != sha256.Sum256([]byte("deep")) {
		t.Errorf("CopyFile = %+v, %v", f, err)
	}
	if _, err := d.CopyFile("good", one, ReleaseLimits()); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a copy over something else: %v", err)
	}
	if raw, _ := os.ReadFile(one); string(raw) != "deep" {
		t.Errorf("it became %q", raw)
	}
	do(t, os.Symlink(one, one+"-link"))
	if _, err := d.CopyFile("good", one+"-link", ReleaseLimits()); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a copy through a link: %v", err)
	}
}

// TestCopyRoot checks that links of a root filesystem are copied as they are.
func TestCopyRoot(t *testing.T) {
	dir, d := tree(t)
	do(t, os.Symlink("/etc/passwd", filepath.Join(dir, "link")))
	do(t, os.Symlink("../outside", filepath.Join(dir, "a", "dir")))
	do(t, unix.Mkfifo(filepath.Join(dir, "fifo"), 0o644))
	to := filepath.Join(t.TempDir(), "to")
	_, err := d.CopyRoot(".", to, KeptLimits())
	do(t, err)
	for name, want := range map[string]string{"link": "/etc/passwd", "a/dir": "../outside"} {
		if got, err := os.Readlink(filepath.Join(to, name)); err != nil || got != want {
			t.Errorf("%s -> %q, %v", name, got, err)
		}
	}
	if _, err := os.Lstat(filepath.Join(to, "fifo")); err == nil {
		t.Error("a FIFO was copied")
	}
}

func TestFS(t *testing.T) {
	dir, d := tree(t)
	do(t, os.Symlink("../secret", filepath.Join(dir, "link")))
	var names []string
	err := fs.WalkDir(d, ".", func(name string, e fs.DirEntry, err error) error {
		do(t, err)
		names = append(names, name)
		return nil
	})
	if got := strings.Join(names, " "); err != nil || got != ". a a/b a/b/deep good link" {
		t.Errorf("walked %q, %v", got, err)
	}
	if raw, err := fs.ReadFile(d, "a/b/deep"); err != nil || string(raw) != "deep" {
		t.Errorf("read %q, %v", raw, err)
	}
	if raw, err := fs.ReadFile(d, "link"); err == nil || bytes.Contains(raw, []byte(secret)) {
		t.Errorf("read %q through a link", raw)
	}
}
