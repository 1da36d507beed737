package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/layout"
	"dagger/slipway/ci/local"
	"dagger/slipway/ci/oci"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/toolchain"
)

// openRunners opens the runner that the flags select; "auto" selects the one available on this
// machine and prints which. There is one for each plan, because steps of different plans have
// the same names.
func (o *options) openRunners(ctx context.Context, plans []*plan.Plan, log *progress) ([]step.Runner, func() error, error) {
	limits, err := step.ParseLimits(o.limits)
	if err != nil {
		return nil, nil, err
	}
	switch o.runner {
	case "local":
		return o.openLocal(ctx, plans, limits, log)
	case "dagger":
		return o.openDagger(ctx, plans, limits, log)
	case "auto":
		if err := engineAnswers(ctx); err != nil {
			log.note("no Dagger engine answers (%v): steps run in local sandboxes", err)
			return o.openLocal(ctx, plans, limits, log)
		}
		log.note("a Dagger engine answers: steps run there")
		return o.openDagger(ctx, plans, limits, log)
	}
	return nil, nil, fmt.Errorf("checking runner %q: expected auto, local or dagger", o.runner)
}

func (o *options) openLocal(ctx context.Context, plans []*plan.Plan, limits step.Limits, log *progress) ([]step.Runner, func() error, error) {
	cache, err := o.cacheDir()
	if err != nil {
		return nil, nil, err
	}
	taken, err := o.take(ctx)
	if err != nil {
		return nil, nil, err
	}
	images, err := o.layouts(ctx, plans[0], log) // plans of one workspace share a toolchain
	if err != nil {
		return nil, nil, err
	}
	var list []step.Runner
	var ends []func() error
	done := func() error {
		var errs []error
		for _, end := range ends {
			errs = append(errs, end())
		}
		return errors.Join(errs...)
	}
	for _, p := range plans {
		r, err := o.newLocal(local.Options{Cache: cache, Source: taken.Dir, Trees: p.Trees, Images: images, Secrets: secrets(p), Limits: limits, Log: log}, log)
		if err != nil {
			return nil, nil, errors.Join(err, done())
		}
		list, ends = append(list, r), append(ends, r.Close)
	}
	return list, done, nil
}

// newLocal opens a local runner. It uses the weaker sandbox if the machine supports no other
// and the flag allows it.
func (o *options) newLocal(opts local.Options, log *progress) (*local.Runner, error) {
	r, err := local.New(opts)
	var lacks *local.SandboxError
	if errors.As(err, &lacks) && lacks.Weaker && o.weaker {
		log.note("WEAKER SANDBOX: %s", lacks.Reason)
		opts.WeakerSandbox = true
		return local.New(opts)
	}
	return r, err
}

// layouts maps the plan's toolchain to its OCI layout, if it is a local one.
func (o *options) layouts(ctx context.Context, p *plan.Plan, log *progress) (map[string]string, error) {
	if dir, ok := layoutPath(o.toolchain); ok {
		return map[string]string{p.Toolchain: dir}, nil
	}
	if p.Toolchain != toolchain.Reference() {
		return nil, nil // from a registry
	}
	dir, err := o.ensureToolchain(ctx, "", log)
	return map[string]string{p.Toolchain: dir}, err
}

// toolchainName returns the plan's name for the toolchain of the flag. A layout on disk is
// named by its digest, because its path differs between machines.
func (o *options) toolchainName() (string, error) {
	dir, ok := layoutPath(o.toolchain)
	if !ok {
		return o.toolchain, nil
	}
	return layout.NameOf(dir)
}

func layoutPath(name string) (string, bool) {
	if name == "" {
		return "", false
	}
	_, err := os.Stat(filepath.Join(name, "oci-layout"))
	return name, err == nil
}

// ensureToolchain returns the OCI layout of slipway's own toolchain image, and makes it if the
// cache does not have it. The results of its steps take gigabytes that are useless once the
// layout exists, so they are kept in a separate store that is then removed. An interrupted run
// continues from that store.
func (o *options) ensureToolchain(ctx context.Context, base string, log *progress) (string, error) {
	cache, err := o.cacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "toolchain", toolchain.Digest())
	if _, err := os.Stat(filepath.Join(dir, "index.json")); err == nil {
		return dir, nil
	}
	unlock, err := local.Lock(filepath.Join(cache, "locks", "toolchain-"+toolchain.Digest()))
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(filepath.Join(dir, "index.json")); err == nil {
		return dir, nil // another process made it meanwhile
	}
	log.note("making the toolchain image %s: once, some minutes", toolchain.Reference())
	making := filepath.Join(cache, "making", toolchain.Digest())
	r, err := o.newLocal(local.Options{Cache: making, Trees: toolchain.Trees(), Log: log}, log)
	if err != nil {
		return "", err
	}
	err = makeToolchain(ctx, r, cmp.Or(base, local.HostImage), dir)
	if err := errors.Join(err, r.Close()); err != nil {
		return "", err
	}
	return dir, os.RemoveAll(making)
}

func makeToolchain(ctx context.Context, r step.Runner, base, dir string) error {
	if _, err := step.RunAll(ctx, toolchain.Steps(step.Image{Ref: base}), r.Run); err != nil {
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
	if _, err := oci.WriteRootLayout(made, root, toolchain.Env(), "slipway toolchain "+toolchain.Channel); err != nil {
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

var _ io.Closer = (*local.Runner)(nil)
