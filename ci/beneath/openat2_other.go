//go:build !linux

package beneath

import "golang.org/x/sys/unix"

// openat2 exists on Linux only.
func openat2(int, string, int) (int, error) { return -1, unix.ENOSYS }

func chmodAt(dir int, name string, mode uint32) error {
	return unix.Fchmodat(dir, name, mode, unix.AT_SYMLINK_NOFOLLOW)
}
