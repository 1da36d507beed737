package beneath

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openat2 is openat2(2), with every rule that it knows. It may ask to be called again
// (EAGAIN) while something is renamed on the way.
func openat2(dir int, name string, flags int) (fd int, err error) {
	how := unix.OpenHow{Flags: uint64(flags), Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_XDEV}
	for range 1000 {
		if fd, err = unix.Openat2(dir, name, &how); !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
	return fd, err
}

// chmodAt changes the mode of a directory that may deny reading, and of nothing that a
// link leads to: fchmodat(2) itself knows no flag for that before Linux 6.6.
func chmodAt(dir int, name string, mode uint32) error {
	fd, err := unix.Openat(dir, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return errors.Join(os.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), os.FileMode(mode)), unix.Close(fd))
}
