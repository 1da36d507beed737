package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/sigstore/sigstore-go/pkg/root"
)

// maxGiven is the size of a file that a flag may name: keys and trusted roots.
const maxGiven = 16 << 20

// readGiven reads a file that the caller names, which may be a pipe (/dev/fd/63): unlike a
// workspace's files. Nothing may ever come from one, so the read ends with ctx.
func readGiven(ctx context.Context, name string) ([]byte, error) {
	type result struct {
		raw []byte
		err error
	}
	done := make(chan result, 1)
	go func() {
		f, err := os.Open(name)
		if err != nil {
			done <- result{nil, err}
			return
		}
		defer f.Close()
		raw, err := io.ReadAll(io.LimitReader(f, maxGiven+1))
		if err == nil && len(raw) > maxGiven {
			err = fmt.Errorf("%q has more than %d bytes", name, maxGiven)
		}
		done <- result{raw, err}
	}()
	select {
	case r := <-done:
		return r.raw, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// readTrustedRoot reads the trusted root of a sigstore of the caller's own.
func readTrustedRoot(ctx context.Context, name string) (*root.TrustedRoot, error) {
	raw, err := readGiven(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("reading the trusted root %q: %w", name, err)
	}
	trusted, err := root.NewTrustedRootFromJSON(raw)
	if err != nil {
		return nil, fmt.Errorf("reading the trusted root %q: %w", name, err)
	}
	return trusted, nil
}
