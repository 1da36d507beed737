package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"dagger/slipway/ci/app"
	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/local"
	"dagger/slipway/ci/oci"
	"dagger/slipway/ci/outdir"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/toolchain"
)

// MakeToolchain makes slipway's own toolchain image in the cache, and returns the path of its OCI
// layout, or of the copy that the flags ask for.
func (m *machine) MakeToolchain(ctx context.Context, t *app.Toolchain, image toolchain.Image) (string, error) {
	log := newProgress(console.Stderr)
	dir, err := ensureToolchain(ctx, image, t.Base, app.Running{Cache: t.Cache}, log)
	if err := errors.Join(err, log.close()); err != nil || t.Out == "" {
		return dir, err
	}
	return t.Out, copyLayout(dir, t.Out)
}

// ensureToolchain returns the OCI layout of slipway's own toolchain image, and makes it if the
// cache does not have it. The results of its steps take gigabytes that are useless once the
// layout exists, so they are kept in a separate store that is then removed. An interrupted run
// continues from that store.
func ensureToolchain(ctx context.Context, image toolchain.Image, base string, running app.Running, log *progress) (string, error) {
	cache, err := cacheDir(running.Cache)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "toolchain", image.Rust.Digest())
	if _, err := os.Stat(filepath.Join(dir, "index.json")); err == nil {
		return dir, nil
	}
	unlock, err := local.Lock(ctx, filepath.Join(cache, "locks", "toolchain-"+image.Rust.Digest()), func() {
		log.note("another process makes the toolchain image %s: waiting for it", image.Rust.Reference())
	})
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(filepath.Join(dir, "index.json")); err == nil {
		return dir, nil // another process made it meanwhile
	}
	from := toolchainBase(base)
	log.note("making the toolchain image %s in %s: once, takes some minutes", image.Rust.Reference(), cmp.Or(from.Ref, "this machine's own Debian"))
	making := filepath.Join(cache, "making", image.Rust.Digest())
	r, err := newLocal(local.Options{Cache: making, Trees: toolchain.Trees(), Log: log}, running.WeakerSandbox, log)
	if err != nil {
		return "", err
	}
	err = makeToolchain(ctx, r, image, from, dir)
	if err := errors.Join(err, r.Close()); err != nil {
		return "", err
	}
	return dir, os.RemoveAll(making)
}

func makeToolchain(ctx context.Context, r step.Runner, image toolchain.Image, base step.Image, dir string) error {
	if _, err := step.RunAll(ctx, image.Steps(base), r.Run); err != nil {
		return fmt.Errorf("making the toolchain image: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("making the toolchain image: %w", err)
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), ".making-")
	if err != nil {
		return fmt.Errorf("making the toolchain image: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	root, made := filepath.Join(work, "root"), filepath.Join(work, "layout")
	if err := r.Export(ctx, toolchain.StepImage, toolchain.OutputImage, root); err != nil {
		return err
	}
	if _, err := oci.WriteRootLayout(made, root, image.Rust.Env(), "slipway toolchain "+image.Rust.Release()); err != nil {
		return fmt.Errorf("making the toolchain image: %w", err)
	}
	if err := os.Rename(made, dir); err != nil {
		return fmt.Errorf("making the toolchain image: %w", err)
	}
	return nil
}

// copyLayout copies an OCI layout to a directory, which must be missing or empty. The copy
// appears atomically.
func copyLayout(from, to string) error {
	layout, err := beneath.OpenDir(from)
	if err != nil {
		return fmt.Errorf("copying the OCI layout: %w", err)
	}
	defer layout.Close()
	to = filepath.Clean(to)
	if err := outdir.CheckMissing(to); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("copying the OCI layout: %w", err)
	}
	work, err := os.MkdirTemp(filepath.Dir(to), ".copying-")
	if err != nil {
		return fmt.Errorf("copying the OCI layout: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	copied := filepath.Join(work, "layout")
	if _, err = layout.CopyTree(".", copied, beneath.KeptLimits()); err == nil {
		err = os.Rename(copied, to)
	}
	if err != nil {
		return fmt.Errorf("copying the OCI layout to %q: %w", to, err)
	}
	return nil
}
