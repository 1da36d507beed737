package engine

import (
	"context"
	"strings"

	"dagger.io/dagger"

	"dagger/slipway/ci/step"
	"dagger/slipway/ci/toolchain"
)

// Toolchain returns one of slipway's own toolchain images. The engine makes it from Debian packages when
// it is first needed, and caches it. base is a Debian with apt; nil means [toolchain.Base]. work is as in
// [Options].
func Toolchain(ctx context.Context, client *dagger.Client, made toolchain.Image, base *dagger.Container, work string) (Image, *dagger.Container, error) {
	if base == nil {
		base = container(client).From(toolchain.Base)
	}
	r := New(Options{Client: client, Work: work, Trees: toolchain.Trees(), Images: map[string]Image{toolchain.Base: {container: base}}, Bare: []string{toolchain.Base}})
	for _, s := range made.Steps(step.Image{Ref: toolchain.Base}) {
		if err := r.Define(ctx, s); err != nil {
			return Image{}, nil, err
		}
	}
	root, err := r.output(toolchain.StepImage, toolchain.OutputImage)
	if err != nil {
		return Image{}, nil, err
	}
	// Files of an image belong to root, but the sandbox that made them left its own user's.
	ctr := container(client).WithDirectory("/", root, dagger.ContainerWithDirectoryOpts{Owner: "0:0"}).WithDefaultArgs([]string{"/bin/bash"})
	for _, e := range made.Rust.Env() {
		key, value, _ := strings.Cut(e, "=")
		ctr = ctr.WithEnvVariable(key, value)
	}
	return Image{container: ctr, env: made.Rust.Env()}, ctr, nil
}
