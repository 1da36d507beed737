package beneath

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openat2 calls openat2(2) with all of its restrictions. The kernel may ask to try again
// (EAGAIN) if something is renamed concurrently.
func openat2(dir int, name string, flags int) (fd int, err error) {
	how := unix.OpenHow{Flags: uint64(flags), Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_XDEV}
	for range 1000 {
		if fd, err = unix.Openat2(dir, name, &how); !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
	return fd, err
}

// chmodAt changes the mode of a directory, which may be unreadable, without following a
// link. fchmodat(2) has no flag for that before Linux 6.6.
func chmodAt(dir int, name string, mode uint32) error {
	fd, err := unix.Openat(dir, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return errors.Join(os.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), os.FileMode(mode)), unix.Close(fd))
}
