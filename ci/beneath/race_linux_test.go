package beneath

import (
	"bytes"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// swap keeps exchanging two names, as a thread of a build script could.
func swap(t *testing.T, a, b string) {
	var end atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !end.Load() {
			_ = unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
		}
	}()
	t.Cleanup(func() { end.Store(true); <-done })
}

// TestRace copies a file while it, or a directory on its path, is being swapped with a link
// to a secret: the copy succeeds or fails, but never reads the secret.
func TestRace(t *testing.T) {
	times := 5000
	if testing.Short() {
		times = 500
	}
	for _, c := range []struct{ name, a, b, to string }{
		{"file", "a/b/deep", "link", "../secret"},
		{"directory", "a/b", "link", "../outside"},
		{"FIFO", "a/b/deep", "fifo", ""},
	} {
		for _, parts := range []bool{false, true} {
			t.Run(c.name+map[bool]string{false: "", true: " without openat2"}[parts], func(t *testing.T) {
				dir, d := tree(t)
				put(t, secret, filepath.Dir(dir), "outside", "deep")
				if c.to == "" {
					do(t, unix.Mkfifo(filepath.Join(dir, c.b), 0o644))
				} else {
					do(t, os.Symlink(c.to, filepath.Join(dir, c.b)))
				}
				swap(t, filepath.Join(dir, c.a), filepath.Join(dir, c.b))
				good := 0
				soon(t, func() { good = race(t, d, times, parts) })
				t.Logf("%d of %d were copied", good, times)
			})
		}
	}
}

// race reads the file repeatedly and returns how often that succeeded.
func race(t *testing.T, d *Dir, times int, parts bool) (good int) {
	to := t.TempDir()
	for range times {
		var raw []byte
		if parts {
			raw = readParts(d, "a/b/deep")
		} else if _, err := d.CopyFile("a/b/deep", filepath.Join(to, "x"), ReleaseLimits()); err == nil {
			raw, _ = os.ReadFile(filepath.Join(to, "x"))
			_ = os.Remove(filepath.Join(to, "x"))
		} else if _, err := os.Lstat(filepath.Join(to, "x")); err == nil {
			t.Error("something was left beside an error")
			return good
		}
		switch {
		case bytes.Contains(raw, []byte(secret)):
			t.Error("the secret was copied")
			return good
		case string(raw) == "deep":
			good++
		case raw != nil:
			t.Errorf("copied %q", raw)
			return good
		}
	}
	return good
}

func readParts(d *Dir, name string) []byte {
	fd, err := openParts(int(d.f.Fd()), name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK)
	if err != nil {
		return nil
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	raw, _ := read(f, name, 1<<20)
	return raw
}
