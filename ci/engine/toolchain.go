package engine

import (
	"context"
	"fmt"
	"strings"

	"dagger.io/dagger"

	"dagger/slipway/ci/step"
	"dagger/slipway/ci/toolchain"
)

// Base is the image whose apt fetches the packages of slipway's own toolchain
// image. Nothing of it ends up there, so that its tag may move.
const Base = "debian:bookworm-slim"

// Toolchain maps the reference of slipway's own toolchain image to a container
// that the engine makes from Debian's packages, once for each recipe and cache.
// Another reference gives an empty map: the engine pulls it. base is a Debian
// with apt; nil means [Base].
func Toolchain(ctx context.Context, client *dagger.Client, ref string, base *dagger.Container, log step.Log) (map[string]*dagger.Container, error) {
	if ref != toolchain.Reference() {
		return map[string]*dagger.Container{}, nil
	}
	images := map[string]*dagger.Container{}
	if base != nil {
		images[Base] = base
	}
	r := New(Options{Client: client, Trees: toolchain.Trees(), Images: images, Log: log})
	if _, err := step.RunAll(ctx, toolchain.Steps(step.Image{Ref: Base}), r.Run); err != nil {
		return nil, fmt.Errorf("making the toolchain image: %w", err)
	}
	root, err := r.output(toolchain.StepImage, toolchain.OutputImage)
	if err != nil {
		return nil, err
	}
	ctr := client.Container().WithRootfs(root).WithDefaultArgs([]string{"/bin/bash"})
	for _, e := range toolchain.Env() {
		key, value, _ := strings.Cut(e, "=")
		ctr = ctr.WithEnvVariable(key, value)
	}
	return map[string]*dagger.Container{ref: ctr}, nil
}
