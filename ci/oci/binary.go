package oci

import (
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"dagger/slipway/ci/dist"
)

// targets are the Rust target triples of the architectures, by their names in OCI
// (those of GOARCH; image-spec, config.md, "architecture").
var targets = map[string]string{"amd64": "x86_64-unknown-linux-musl", "arm64": "aarch64-unknown-linux-musl"}

// BinaryImage makes an image for linux of one static binary and nothing else: no
// shell, no certificates. Its one layer is a tar archive, compressed with gzip,
// that holds the file as name; the entrypoint is "/" and name. arch is "amd64" or
// "arm64", and the file must be a static ELF program of it.
func BinaryImage(file, name, arch string, annotations map[string]string) (v1.Image, error) {
	fail := func(err error) (v1.Image, error) {
		return nil, fmt.Errorf("making an image of binary %q: %w", file, err)
	}
	target, known := targets[arch]
	if !known {
		return fail(fmt.Errorf("the architecture is %q; expected amd64 or arm64", arch))
	}
	if err := dist.CheckName(name); err != nil {
		return fail(err)
	}
	if err := dist.CheckStatic(file, target); err != nil {
		return fail(err)
	}
	l, err := newGzippedLayer(file, types.OCILayer, archive(file, name))
	if err != nil {
		return fail(err)
	}
	config := configFile(v1.Platform{OS: "linux", Architecture: arch}, v1.Config{Entrypoint: []string{"/" + name}}, l.diffID)
	return newImage(config, types.OCIConfigJSON, l, annotations)
}
