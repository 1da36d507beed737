package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dagger.io/dagger"

	"dagger/slipway/ci/step"
)

// ImageDigest implements [step.Runner].
func (r *Runner) ImageDigest(ctx context.Context, ref string) (string, error) {
	img, err := r.image(ctx, step.Image{Ref: ref})
	if err != nil {
		return "", err
	}
	pinned, err := img.container.ImageRef(ctx)
	if err != nil {
		return "", fmt.Errorf("reading the digest of image %q: %w", ref, err)
	}
	_, digest, ok := strings.Cut(pinned, "@")
	if !ok {
		return "", fmt.Errorf("reading the digest of image %q: the engine names it %q, expected a digest behind an @", ref, pinned)
	}
	return digest, nil
}

// Image is a root filesystem with its environment.
type Image struct {
	container *dagger.Container
	env       []string // KEY=VALUE
}

// NewImage returns the image of a container, with the environment read from it.
func NewImage(ctx context.Context, ctr *dagger.Container) (Image, error) {
	vars, err := ctr.EnvVariables(ctx)
	if err != nil {
		return Image{}, err
	}
	img := Image{container: ctr}
	for _, v := range vars {
		name, err1 := v.Name(ctx)
		value, err2 := v.Value(ctx)
		if err := errors.Join(err1, err2); err != nil {
			return Image{}, err
		}
		img.env = append(img.env, name+"="+value)
	}
	return img, nil
}

// container returns an empty container for the platform of the steps, whatever the engine's own
// is.
func container(client *dagger.Client) *dagger.Container {
	return client.Container(dagger.ContainerOpts{Platform: step.Platform})
}

// image returns the root filesystem of a step.
func (r *Runner) image(ctx context.Context, ref step.Image) (Image, error) {
	if ref.Step != "" {
		dir, err := r.output(ref.Step, ref.Output)
		if err != nil {
			return Image{}, err
		}
		return Image{container: container(r.opts.Client).WithRootfs(dir)}, nil
	}
	r.images.Lock()
	defer r.images.Unlock()
	if img, ok := r.opts.Images[ref.Ref]; ok {
		return img, nil
	}
	img, err := NewImage(ctx, container(r.opts.Client).From(ref.Ref))
	if err != nil {
		return Image{}, fmt.Errorf("opening image %q: %w", ref.Ref, reason(ctx, err))
	}
	r.opts.Images[ref.Ref] = img
	return img, nil
}
