package local

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// TestLockWaits checks that a second holder is told that it waits, once, and gets the lock when the
// first is done.
func TestLockWaits(t *testing.T) {
	name := filepath.Join(t.TempDir(), "locks", "image")
	unlock, err := Lock(t.Context(), name, func() { t.Error("nobody holds the lock, and it waits") })
	if err != nil {
		t.Fatal(err)
	}
	waits, got := make(chan bool, 10), make(chan error)
	go func() {
		second, err := Lock(t.Context(), name, func() { waits <- true })
		if err == nil {
			second()
		}
		got <- err
	}()
	<-waits
	select {
	case err := <-got:
		t.Fatalf("two hold the lock: %v", err)
	default:
	}
	unlock()
	if err := <-got; err != nil || len(waits) != 0 {
		t.Errorf("the second holder: %v, told %d more times", err, len(waits))
	}
}

// TestLockInterrupted checks that waiting ends with the context, and says for what it waited.
func TestLockInterrupted(t *testing.T) {
	name := filepath.Join(t.TempDir(), "image")
	unlock, err := Lock(t.Context(), name, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("interrupted")
	if _, err := Lock(ctx, name, func() { cancel(stopped) }); !errors.Is(err, stopped) || !strings.Contains(err.Error(), name) {
		t.Errorf("Lock: %v", err)
	}
}
