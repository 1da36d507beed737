package local

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	ocilayout "dagger/slipway/ci/layout"
	"dagger/slipway/ci/repository"
	"dagger/slipway/ci/step"
)

// platform is the platform of all images.
var platform = v1.Platform{OS: "linux", Architecture: strings.TrimPrefix(step.Platform, "linux/")}

// checkMachine returns an error unless programs for the platform run on a machine of the given
// architecture.
func checkMachine(arch string) error {
	if arch != platform.Architecture {
		return fmt.Errorf("opening the local runner: this machine is linux/%s, but steps run on %s everywhere, to produce the same bytes: use --runner dagger with an engine that emulates it", arch, step.Platform)
	}
	return nil
}

// openImage opens an image: from the OCI layout in dir if dir is not "", or else by reference
// from a registry. A reference is never treated as a path, because a workspace may set one and
// contain a directory of that name. The digest is that of what the reference names, which may be
// an index.
func openImage(ctx context.Context, ref, dir string) (v1.Image, v1.Hash, error) {
	if dir != "" {
		return openLayout(dir)
	}
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return nil, v1.Hash{}, fmt.Errorf("opening image %q: expected an image reference: %w", ref, err)
	}
	named, err := remote.Get(parsed, remote.WithContext(ctx), remote.WithPlatform(platform), remote.WithAuthFromKeychain(authn.DefaultKeychain),
		remote.WithTransport(repository.Guard(parsed.Context().Registry, remote.DefaultTransport, repository.MaxLayer)))
	if err != nil {
		return nil, v1.Hash{}, fmt.Errorf("opening image %q: %w", ref, err)
	}
	img, err := named.Image()
	if err != nil {
		return nil, v1.Hash{}, fmt.Errorf("opening image %q: %w", ref, err)
	}
	return img, named.Digest, nil
}

func openLayout(dir string) (v1.Image, v1.Hash, error) {
	if err := ocilayout.CheckFiles(dir); err != nil {
		return nil, v1.Hash{}, fmt.Errorf("opening OCI layout %q: %w", dir, err)
	}
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return nil, v1.Hash{}, fmt.Errorf("opening OCI layout %q: %w", dir, err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, v1.Hash{}, fmt.Errorf("opening OCI layout %q: %w", dir, err)
	}
	var found []v1.Descriptor
	for _, m := range manifest.Manifests {
		if m.Platform == nil || m.Platform.Satisfies(platform) {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		return nil, v1.Hash{}, fmt.Errorf("opening OCI layout %q: it has %d images for %s, expected one", dir, len(found), platform)
	}
	if found[0].MediaType.IsIndex() {
		return nil, v1.Hash{}, fmt.Errorf("opening OCI layout %q: it contains an index of images, expected an image", dir)
	}
	img, err := index.Image(found[0].Digest)
	if err == nil {
		err = ocilayout.CheckImage(img, found[0].Digest)
	}
	if err != nil {
		return nil, v1.Hash{}, fmt.Errorf("opening OCI layout %q: %w", dir, err)
	}
	return img, found[0].Digest, nil
}
