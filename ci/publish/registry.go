package publish

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/build"
	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/registry"
)

// FindRegistry opens the registry that the crate is published to, for reading. Most registries
// need no token for that.
func FindRegistry(ctx context.Context, b *build.Crate, tokens credential.Registries) (*registry.Registry, error) {
	to := b.Plan.Publish
	if to.Index != "" {
		token, err := tokens.For(to.Registry, to.Index)
		if err != nil {
			return nil, err
		}
		return registry.Open(ctx, to.Index, token)
	}
	if to.Registry != "" {
		return nil, fmt.Errorf("checking the registry %q, which the crate is published to: .cargo/config.toml of the workspace does not say where it is: add [registries.%s] with its index", to.Registry, to.Registry)
	}
	return defaultRegistry(ctx, b, tokens)
}

// defaultRegistry opens the registry that cargo uses by default. cargo names the directory in
// which it caches an index after the index's host, and keeps a copy of the index's config.json
// in it.
func defaultRegistry(ctx context.Context, b *build.Crate, tokens credential.Registries) (*registry.Registry, error) {
	if _, err := b.Run(ctx, b.Plan.Publish.Step(plan.StepRegistry)); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "slipway-registry-")
	if err != nil {
		return nil, fmt.Errorf("asking cargo for its registry: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	dir := filepath.Join(work, "index")
	if err := b.Runner.Export(ctx, plan.StepRegistry, plan.OutputIndex, dir); err != nil {
		return nil, err
	}
	name, err := onlyIndex(dir)
	if err != nil {
		return nil, err
	}
	index := "sparse+https://" + name[:max(strings.LastIndex(name, "-"), 0)] + "/"
	token, err := tokens.For("", index)
	if err != nil {
		return nil, err
	}
	r, err := registry.Open(ctx, index, token)
	if err != nil {
		return nil, err
	}
	kept, err := beneath.ReadFile(filepath.Join(dir, name, "config.json"), 1<<20)
	if err == nil {
		err = r.SameConfig(kept)
	}
	return r, err
}

// onlyIndex returns the name of the only directory in cargo's cache of indexes.
func onlyIndex(dir string) (string, error) {
	found, err := os.ReadDir(dir)
	found = slices.DeleteFunc(found, func(e os.DirEntry) bool { return !e.IsDir() })
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("asking cargo for its registry: it keeps %d indexes, expected one", len(found))
	}
	return found[0].Name(), nil
}
