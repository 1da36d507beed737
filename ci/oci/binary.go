package oci

import (
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"dagger/slipway/ci/dist"
)

// targets maps architecture names of OCI (GOARCH values; image-spec, config.md, "architecture")
// to Rust target triples.
var targets = map[string]string{"amd64": "x86_64-unknown-linux-musl", "arm64": "aarch64-unknown-linux-musl"}

// BinaryImage makes a linux image of one static binary and nothing else: no shell, no
// certificates. Its single layer is a gzip-compressed tar archive with the file under name, and
// the entrypoint is "/" followed by name. arch is "amd64" or "arm64", and the file must be a
// static ELF executable for it.
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
