// Package flock lets one process at a time install what tests share on a machine.
package flock

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Take takes the lock file of that name for this process, which it makes and waits
// for, and returns what gives it back (flock(2)).
func Take(name string) (func(), error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("locking %q: %w", name, err)
	}
	return func() { _ = f.Close() }, nil
}
