package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/sigstore/sigstore-go/pkg/root"
)

// maxArgumentFile is the size limit in bytes of a file named by a flag: a key or a trusted root.
const maxArgumentFile = 16 << 20

// readArgumentFile reads a file named by the caller. Unlike a workspace's file it may be a pipe
// (/dev/fd/63), from which nothing might ever come, so it returns when ctx ends.
func readArgumentFile(ctx context.Context, name string) ([]byte, error) {
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
		raw, err := io.ReadAll(io.LimitReader(f, maxArgumentFile+1))
		if err == nil && len(raw) > maxArgumentFile {
			err = fmt.Errorf("%q has more than %d bytes", name, maxArgumentFile)
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

// readTrustedRoot reads the trusted root of a private Sigstore instance.
func readTrustedRoot(ctx context.Context, name string) (*root.TrustedRoot, error) {
	raw, err := readArgumentFile(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("reading the trusted root %q: %w", name, err)
	}
	trusted, err := root.NewTrustedRootFromJSON(raw)
	if err != nil {
		return nil, fmt.Errorf("reading the trusted root %q: %w", name, err)
	}
	return trusted, nil
}
