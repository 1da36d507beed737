package main

import (
	"context"
	"errors"
	"fmt"

	"dagger/slipway/ci/app"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/local"
	"dagger/slipway/ci/step"
)

// Runners opens the runners that the flags select; "auto" selects those available on this machine
// and prints which.
func (m *machine) Runners(ctx context.Context, j app.Job) (*app.Runners, error) {
	log := newProgress(console.Stderr)
	list, done, err := m.openRunners(ctx, j, log)
	if err != nil {
		return nil, errors.Join(err, log.close())
	}
	tell := func(what string) { log.note("%s", what) }
	base := ""
	if j.Image.Rust.Makes(j.Plan.Toolchain) {
		base = j.Base
	}
	return &app.Runners{List: list, Tell: tell, ToolchainBase: base, Close: func() error { return errors.Join(done(), log.close()) }}, nil
}

func (m *machine) openRunners(ctx context.Context, j app.Job, log *progress) ([]step.Runner, func() error, error) {
	limits, err := step.ParseLimits(j.Running.Limits)
	if err != nil {
		return nil, nil, err
	}
	switch j.Running.Runner {
	case "local":
		return m.openLocal(ctx, j, limits, log)
	case "dagger":
		return m.openDagger(ctx, j, limits, log)
	case "auto":
		if err := engineAnswers(ctx); err != nil {
			log.note("no Dagger engine answers (%v): steps run in local sandboxes", err)
			return m.openLocal(ctx, j, limits, log)
		}
		log.note("a Dagger engine answers: steps run there")
		return m.openDagger(ctx, j, limits, log)
	}
	return nil, nil, fmt.Errorf("checking runner %q: expected auto, local or dagger", j.Running.Runner)
}

func (m *machine) openLocal(ctx context.Context, j app.Job, limits step.Limits, log *progress) ([]step.Runner, func() error, error) {
	cache, err := cacheDir(j.Running.Cache)
	if err != nil {
		return nil, nil, err
	}
	taken, err := m.Source(ctx, j.Root)
	if err != nil {
		return nil, nil, err
	}
	images, err := layouts(ctx, j, log)
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
	for _, c := range j.Plan.Crates {
		r, err := newLocal(local.Options{Cache: cache, Source: taken.Dir, Repository: taken.Root, Trees: c.Trees, Images: images, Secrets: j.Secrets(c), Limits: limits, Log: log}, j.Running.WeakerSandbox, log)
		if err != nil {
			return nil, nil, errors.Join(err, done())
		}
		list, ends = append(list, r), append(ends, r.Close)
	}
	return list, done, nil
}

// newLocal opens a local runner, and tells the user what its sandbox lacks if the flag allows that.
func newLocal(opts local.Options, weaker bool, log *progress) (*local.Runner, error) {
	opts.WeakerSandbox = weaker
	r, err := local.New(opts)
	if err == nil && r.Lacks() != "" {
		log.note("WEAKER SANDBOX: %s", r.Lacks())
	}
	return r, err
}

// layouts maps the plans' toolchain to its OCI layout, if it is a local one.
func layouts(ctx context.Context, j app.Job, log *progress) (map[string]string, error) {
	named := j.Plan.Toolchain
	if dir, ok := layoutPath(j.Toolchain); ok {
		return map[string]string{named: dir}, nil
	}
	if !j.Image.Rust.Makes(named) {
		return nil, nil // from a registry
	}
	dir, err := ensureToolchain(ctx, j.Image, j.Base, j.Running, log)
	return map[string]string{named: dir}, err
}
