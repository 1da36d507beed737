package local

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Lock waits until this process alone holds the lock file of that name, which
// is made with its directory. The lock goes with the process.
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
