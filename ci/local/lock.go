package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Lock waits until this process holds the named lock file exclusively, or until ctx ends. It creates
// the file and its directory if necessary. waits is called once if another process holds the lock.
// The lock is released when the process ends. Lock polls because flock(2) cannot be cancelled.
func Lock(ctx context.Context, name string, waits func()) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, fmt.Errorf("locking %q: %w", name, err)
	}
	for {
		f, err := lockFile(name, unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("locking %q: %w", name, err)
		}
		if waits != nil {
			waits()
			waits = nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for another process, which holds %q: %w", name, context.Cause(ctx))
		}
	}
}
