package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/bwrap"
)

// store is a directory that keeps unpacked images and the outputs of steps, each named by a
// digest of what it was made from. Entries are written under tmp/, renamed, and never changed
// after that.
//
//	images/<digest>/   rootfs/ and image.json
//	steps/<key>/       out/<n> and result.json
//	locks/<key>        held while that entry is made
//	tmp/<run>/         work in progress of one process, with a lock file
type store struct {
	dir string
	tmp string // this process's own directory under tmp/

	lock *os.File // held as long as tmp is in use
}

// unusedFor is how long an entry is kept after its last use.
const unusedFor = 30 * 24 * time.Hour

// openStore opens the store in dir, creates this process's own directory and removes those of
// processes that were killed.
func openStore(dir string) (*store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening cache %q: %w", dir, err)
	}
	s := &store{dir: dir}
	for _, sub := range append([]string{"locks"}, shared...) {
		if err := s.dirFor(filepath.Join(dir, sub)); err != nil {
			return nil, fmt.Errorf("opening cache %q: %w", dir, err)
		}
	}
	// Keep other users out: steps may leave directories that everyone can write to. If the
	// directory belongs to another user, that user has set it up for sharing.
	if err := os.Chmod(dir, 0o700); err != nil && !errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("opening cache %q: %w", dir, err)
	}
	s.sweep()
	if s.tmp, err = os.MkdirTemp(filepath.Join(dir, "tmp"), "run-"); err == nil {
		err = s.dirFor(s.tmp)
	}
	if err != nil {
		return nil, fmt.Errorf("opening cache %q: %w", dir, err)
	}
	tmp := s.tmp
	if s.lock, err = lockFile(filepath.Join(tmp, "lock"), unix.LOCK_EX); err != nil {
		return nil, fmt.Errorf("opening cache %q: %w", dir, err)
	}
	return s, nil
}

// close removes this process's own directory.
func (s *store) close() error {
	err := beneath.RemoveAll(s.tmp)
	return errors.Join(err, s.lock.Close())
}

// sweep removes what killed processes left under tmp/ and entries unused for unusedFor. It
// ignores errors, because the next run sweeps again.
func (s *store) sweep() {
	runs, _ := os.ReadDir(filepath.Join(s.dir, "tmp"))
	for _, e := range runs {
		run := filepath.Join(s.dir, "tmp", e.Name())
		info, err := os.Stat(run)
		if err != nil {
			continue
		}
		lock, err := lockFile(filepath.Join(run, "lock"), unix.LOCK_EX|unix.LOCK_NB)
		if err != nil {
			continue // its process is running
		}
		if _, err := os.Stat(filepath.Join(run, "work")); err == nil || time.Since(info.ModTime()) > time.Minute {
			_ = beneath.RemoveAll(run)
		}
		_ = lock.Close()
	}
	for _, kind := range []string{"images", "steps"} {
		entries, _ := os.ReadDir(filepath.Join(s.dir, kind))
		for _, entry := range entries {
			e := filepath.Join(s.dir, kind, entry.Name())
			if info, err := os.Stat(e); err == nil && time.Since(info.ModTime()) > unusedFor {
				_ = beneath.RemoveAll(e)
			}
		}
	}
}

// lockEntry waits until this process may make the entry with that key: see [Lock].
func (s *store) lockEntry(ctx context.Context, key string, waits func()) (unlock func(), err error) {
	return Lock(ctx, filepath.Join(s.dir, "locks", key), waits)
}

// temp creates a directory that is removed with this process's own.
func (s *store) temp(pattern string) (string, error) {
	work := filepath.Join(s.tmp, "work")
	if err := s.dirFor(work); err != nil {
		return "", err
	}
	return os.MkdirTemp(work, pattern)
}

// dirFor creates a directory that sandboxes may enter, unless it exists.
func (s *store) dirFor(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil || !leavesRoot() {
		return err
	}
	return os.Lchown(dir, bwrap.HostID, bwrap.HostID)
}

// commit renames a finished directory to its name in the store. An existing entry is kept,
// because it was made from the same inputs.
func (s *store) commit(dir, kind, key string) error {
	to := filepath.Join(s.dir, kind, key)
	if err := os.Rename(dir, to); err != nil {
		if _, there := os.Stat(to); there == nil {
			return beneath.RemoveAll(dir)
		}
		return fmt.Errorf("storing %s %q: %w", kind, key, err)
	}
	return nil
}

// used marks an entry as used now, for sweep.
func (s *store) used(kind, key string) {
	now := time.Now()
	_ = os.Chtimes(filepath.Join(s.dir, kind, key), now, now)
}

func lockFile(name string, how int) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(f.Fd()), how)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
