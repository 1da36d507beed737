package beneath

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"
)

// openParts does the work of openat2(2) where that is missing: it opens a name one part at
// a time, without following links, and stays on the file system of dir.
func openParts(dir int, name string, flags int) (int, error) {
	var begin unix.Stat_t
	if err := again(func() error { return unix.Fstat(dir, &begin) }); err != nil {
		return -1, err
	}
	at, parts := dir, strings.Split(name, "/")
	for i, part := range parts {
		how := unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC
		if i == len(parts)-1 {
			how = flags
		}
		var next int
		err := again(func() (err error) { next, err = unix.Openat(at, part, how, 0); return err })
		if at != dir {
			err = errors.Join(err, unix.Close(at))
		}
		if err != nil {
			return -1, err
		}
		if err := sameDevice(next, begin); err != nil {
			return -1, errors.Join(err, unix.Close(next))
		}
		at = next
	}
	return at, nil
}

// sameDevice returns EXDEV for a directory on another file system. It ignores files,
// because on overlayfs their device differs from that of their directory (kernel
// documentation, "Overlay Filesystem", Inode properties).
func sameDevice(fd int, begin unix.Stat_t) error {
	var st unix.Stat_t
	if err := again(func() error { return unix.Fstat(fd, &st) }); err != nil {
		return err
	}
	if kindOf(&st) == unix.S_IFDIR && st.Dev != begin.Dev {
		return unix.EXDEV
	}
	return nil
}
