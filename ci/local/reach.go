package local

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"dagger/slipway/ci/bwrap"
)

// reached is where the store's directories are mounted when sandboxes are started as root,
// because the store may be below a directory that only root can enter, such as /root.
const reached = "/mnt"

// shared are the directories of the store that sandboxes mount parts of.
var shared = []string{"images", "steps", "tmp"}

// reach moves the calling thread to a new mount namespace with the store at [reached].
func (s *store) reach() error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return err
	}
	if err := openRoot(); err != nil {
		return err
	}
	from := map[string]*os.File{} // opened before the mount, which may cover them
	for _, sub := range shared {
		f, err := os.Open(filepath.Join(s.dir, sub))
		if err != nil {
			return err
		}
		defer f.Close()
		from[sub] = f
	}
	if err := unix.Mount("slipway", reached, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return err
	}
	var errs []error
	for sub, f := range from {
		at := filepath.Join(reached, sub)
		errs = append(errs, unix.Mkdir(at, 0o755), unix.Mount(fmt.Sprintf("/proc/self/fd/%d", f.Fd()), at, "", unix.MS_BIND, ""))
	}
	return errors.Join(errs...)
}

// openRoot replaces the root directory of the calling thread's mount namespace if only root may
// enter it, as the sandbox's user could run nothing there. The new root can be entered by every
// user and contains the same directories and links.
func openRoot() error {
	if info, err := os.Stat("/"); err != nil || info.Mode().Perm()&0o001 != 0 {
		return err
	}
	entries, err := os.ReadDir("/")
	if err != nil {
		return err
	}
	if err := unix.Mount("slipway", reached, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return err
	}
	for _, e := range entries {
		if err := bindEntry(e); err != nil {
			return err
		}
	}
	if err := unix.Chdir(reached); err != nil {
		return err
	}
	// Stack the new root on the old one and unmount that (pivot_root(2)).
	return errors.Join(unix.PivotRoot(".", "."), unix.Unmount(".", unix.MNT_DETACH), unix.Chdir("/"))
}

// bindEntry makes an entry of the machine's root directory available below reached.
func bindEntry(e os.DirEntry) error {
	from, to := filepath.Join("/", e.Name()), filepath.Join(reached, e.Name())
	switch {
	case e.IsDir():
		if err := unix.Mkdir(to, 0o755); err != nil || from == reached {
			return err
		}
		return unix.Mount(from, to, "", unix.MS_BIND|unix.MS_REC, "")
	case e.Type()&os.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return unix.Symlink(target, to)
	}
	return nil // programs need no other kinds of entry
}

// within maps a sandbox's paths in the store to where they are mounted for it.
func (s *store) within(box bwrap.Sandbox) bwrap.Sandbox {
	if !leavesRoot() {
		return box
	}
	if box.Root = s.reachedAt(box.Root); box.Root == "/" { // the machine's own root, where the store is mounted now
		box.Top = slices.DeleteFunc(slices.Clone(box.Top), func(name string) bool { return "/"+name == reached })
	}
	box.Emulator = s.reachedAt(box.Emulator)
	binds := make([]bwrap.Bind, len(box.Binds))
	for i, b := range box.Binds {
		b.From = s.reachedAt(b.From)
		binds[i] = b
	}
	box.Binds = binds
	return box
}

func (s *store) reachedAt(name string) string {
	if rest, ok := strings.CutPrefix(name, s.dir+"/"); ok {
		return filepath.Join(reached, rest)
	}
	return name
}
