package oci

import (
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/triple"
)

// BinaryImage makes a linux image of one static binary and nothing else: no shell, no
// certificates. Its single layer is a gzip-compressed tar archive with the file under name, and
// the entrypoint is "/" followed by name. The file must be a static ELF executable for the
// Rust target triple.
func BinaryImage(file, name, target string, annotations map[string]string) (v1.Image, error) {
	fail := func(err error) (v1.Image, error) {
		return nil, fmt.Errorf("making an image of binary %q: %w", file, err)
	}
	if err := dist.CheckName(name); err != nil {
		return fail(err)
	}
	if err := dist.CheckStatic(file, target); err != nil {
		return fail(err)
	}
	t, _ := triple.Find(target) // which CheckStatic knows
	l, err := newGzippedLayer(file, types.OCILayer, archive(file, name))
	if err != nil {
		return fail(err)
	}
	config := configFile(v1.Platform{OS: "linux", Architecture: t.Architecture}, v1.Config{Entrypoint: []string{"/" + name}}, l.diffID)
	return newImage(config, types.OCIConfigJSON, l, annotations)
}
