package engine

import (
	"context"
	"strings"

	"dagger.io/dagger"

	"dagger/slipway/ci/step"
	"dagger/slipway/ci/toolchain"
)

// Base is the image whose apt fetches the packages of slipway's own toolchain
// image. Nothing of it ends up there, so that its tag may move.
const Base = "debian:bookworm-slim"

// Toolchain is slipway's own toolchain image, which the engine makes from
// Debian's packages when something first needs it and keeps in its cache. base
// is a Debian with apt; nil means [Base]. work is as in [Options].
func Toolchain(ctx context.Context, client *dagger.Client, base *dagger.Container, work string) (Image, *dagger.Container, error) {
	if base == nil {
		base = container(client).From(Base)
	}
	r := New(Options{Client: client, Work: work, Trees: toolchain.Trees(), Images: map[string]Image{Base: {container: base}}, Bare: []string{Base}})
	for _, s := range toolchain.Steps(step.Image{Ref: Base}) {
		if err := r.Define(ctx, s); err != nil {
			return Image{}, nil, err
		}
	}
	root, err := r.output(toolchain.StepImage, toolchain.OutputImage)
	if err != nil {
		return Image{}, nil, err
	}
	// The files of an image are root's, and the sandbox that has made them left them its own.
	ctr := container(client).WithDirectory("/", root, dagger.ContainerWithDirectoryOpts{Owner: "0:0"}).WithDefaultArgs([]string{"/bin/bash"})
	for _, e := range toolchain.Env() {
		key, value, _ := strings.Cut(e, "=")
		ctr = ctr.WithEnvVariable(key, value)
	}
	return Image{container: ctr, env: toolchain.Env()}, ctr, nil
}
