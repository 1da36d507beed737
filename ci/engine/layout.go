package engine

import (
	"context"
	"errors"
	"fmt"
	"os"

	"dagger.io/dagger"

	"dagger/slipway/ci/layout"
)

// ImportLayout hands an OCI layout on this machine to the engine, which reads
// images as one file. The file stays until the machine's temporary directory is
// emptied: the engine reads it when the image is first used.
func ImportLayout(ctx context.Context, client *dagger.Client, dir string) (Image, error) {
	f, err := os.CreateTemp("", "slipway-layout-*.tar")
	if err != nil {
		return Image{}, fmt.Errorf("reading OCI layout %q: %w", dir, err)
	}
	if err := errors.Join(layout.WriteTar(f, os.DirFS(dir)), f.Close()); err != nil {
		return Image{}, fmt.Errorf("reading OCI layout %q: %w", dir, err)
	}
	img, err := NewImage(ctx, container(client).Import(client.Host().File(f.Name())))
	if err != nil {
		return Image{}, fmt.Errorf("reading OCI layout %q: %w", dir, err)
	}
	return img, nil
}
