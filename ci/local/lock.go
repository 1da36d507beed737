package local

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Lock waits until this process holds the named lock file exclusively, creating it and its
// directory if necessary. The lock is released when the process ends.
func Lock(name string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, fmt.Errorf("locking %q: %w", name, err)
	}
	f, err := lockFile(name, unix.LOCK_EX)
	if err != nil {
		return nil, fmt.Errorf("locking %q: %w", name, err)
	}
	return func() { _ = f.Close() }, nil
}
