// Package flock serialises the installation of files that tests share on a machine.
package flock

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Take locks a file, which it creates if necessary, and waits until that is possible
// (flock(2)). It returns the function that unlocks it.
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
