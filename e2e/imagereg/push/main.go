// Command push pushes the image of an OCI layout like a release does, for comparison with
// other commands: push LAYOUT REFERENCE.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/layout"

	"dagger/slipway/ci/repository"
)

func main() {
	if err := push(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func push(dir, reference string) error {
	ref, err := name.NewTag(reference)
	if err != nil {
		return err
	}
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return err
	}
	m, err := index.IndexManifest()
	if err != nil {
		return err
	}
	img, err := index.Image(m.Manifests[0].Digest)
	if err != nil {
		return err
	}
	return repository.New(ref.Repository, nil).Push(context.Background(), ref, img)
}
