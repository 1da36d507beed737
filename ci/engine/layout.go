package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"dagger.io/dagger"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/layout"
)

// ImportLayout imports an OCI layout from a directory on this machine. It is sent as a single tar
// file, the form that engines import. work is as in [Options].
func ImportLayout(ctx context.Context, client *dagger.Client, dir, work string) (Image, error) {
	// The name is constant because an engine recognises cached files by name and content.
	f, err := os.Create(filepath.Join(work, "layout.tar"))
	if err != nil {
		return Image{}, fmt.Errorf("reading OCI layout %q: %w", dir, err)
	}
	from, err := beneath.OpenDir(dir)
	if err != nil {
		return Image{}, errors.Join(fmt.Errorf("reading OCI layout %q: %w", dir, err), f.Close())
	}
	defer from.Close()
	if err := errors.Join(layout.WriteTar(f, from), f.Close()); err != nil {
		return Image{}, fmt.Errorf("reading OCI layout %q: %w", dir, err)
	}
	img, err := NewImage(ctx, container(client).Import(client.Host().File(f.Name())))
	if err != nil {
		return Image{}, fmt.Errorf("reading OCI layout %q: %w", dir, err)
	}
	return img, nil
}
