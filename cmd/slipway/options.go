package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/checkout"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/notes"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/sourcefs"
	"dagger/slipway/ci/step"
)

// options holds the flags that several commands share.
type options struct {
	source    string
	taken     *checkout.Source // the copy of source, once made
	crate     string
	version   string
	toolchain string
	runner    string
	cache     string
	limits    string
	weaker    bool
	out       string
	json      bool
	signing   signing
	releases  bool // not a dry run: findings that stop a release are errors before anything is made
}

// workspaceFlags defines the flags for the workspace and its toolchain.
func (o *options) workspaceFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.source, "source", ".", "root of the Rust workspace, a `directory`")
	f.StringVar(&o.toolchain, "toolchain", "", "`image` to build in: a directory with an OCI layout, a registry reference, or \"debian\" for slipway's own")
	f.BoolVar(&o.json, "json", false, "print JSON for a program instead of text for a person")
}

// planFlags defines the flags that a plan depends on.
func (o *options) planFlags(c *cobra.Command) {
	o.workspaceFlags(c)
	f := c.Flags()
	f.StringVar(&o.crate, "crate", "", "crate to release: a member of the workspace")
	f.StringVar(&o.version, "version", "", "version to release: the one in the crate's manifest")
	for _, name := range []string{"crate", "version"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // the flag was defined above
		}
	}
	if err := c.RegisterFlagCompletionFunc("crate", o.completeCrates); err != nil {
		panic(err) // the flag was defined above
	}
}

// runFlags defines the flags of commands that run steps.
func (o *options) runFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.runner, "runner", "auto", "where steps run: auto, `local` or dagger")
	f.StringVar(&o.cache, "cache", "", "`directory` for what can be made again (default: the user's cache directory)")
	f.StringVar(&o.limits, "limits", "", "what a step may use, where the default is not enough, as `time=6h,memory=8GiB,disk=100GiB,file=20GiB,log=1GiB,processes=20000`")
	f.BoolVar(&o.weaker, "weaker-sandbox", false, "run steps also where this machine lacks a part of the local sandbox")
	if err := c.RegisterFlagCompletionFunc("runner", cobra.FixedCompletions([]string{"auto", "local", "dagger"}, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag was defined above
	}
}

func (o *options) completeCrates(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	w, err := o.workspace(c.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, c := range w.Crates {
		names = append(names, c.Name+"\t"+c.Version)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// cacheDir returns the directory for everything that can be recreated.
func (o *options) cacheDir() (string, error) {
	if o.cache != "" {
		return filepath.Abs(o.cache)
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's cache directory: %w: name one with --cache", err)
	}
	return filepath.Join(base, "slipway"), nil
}

// workspace reads the workspace. Its files stay open for later reads.
func (o *options) workspace(ctx context.Context) (*cargo.Workspace, error) {
	taken, err := o.take(ctx)
	if err != nil {
		return nil, err
	}
	files, err := sourcefs.Open(ctx, taken.Dir)
	if err != nil {
		return nil, err
	}
	w, err := cargo.Read(files)
	return w, taken.Explain(err)
}

// take copies the workspace's source, once, so that what is planned is what is built. The copy
// is removed when the command ends.
func (o *options) take(ctx context.Context) (*checkout.Source, error) {
	if o.taken != nil {
		return o.taken, nil
	}
	taken, err := checkout.Take(ctx, o.source, checkout.Options{})
	if err != nil {
		return nil, err
	}
	atEnd(ctx, taken.Close)
	o.taken = taken
	return taken, nil
}

// request reads the workspace and makes the plan's request from the flags.
func (o *options) request(ctx context.Context) (*cargo.Workspace, plan.Request, error) {
	w, err := o.workspace(ctx)
	if err != nil {
		return nil, plan.Request{}, err
	}
	source, err := o.taken.State(ctx, cmp.Or(w.Settings.ReleaseBranch, plan.ReleaseBranch))
	if err != nil {
		return nil, plan.Request{}, err
	}
	history := func(q notes.Question) (notes.History, error) { return o.taken.History(ctx, q) }
	record, err := o.taken.Record(ctx)
	if err != nil {
		return nil, plan.Request{}, err
	}
	named, err := o.toolchainName()
	return w, plan.Request{
		Crate: o.crate, Version: o.version, Toolchain: named, Signing: o.signing.how(), SigningServices: o.signing.options().Services(),
		Source: source, Record: record, History: history,
	}, err
}

// plan reads the workspace and returns the plan.
func (o *options) plan(ctx context.Context) (*cargo.Workspace, *plan.Plan, error) {
	w, request, err := o.request(ctx)
	if err != nil {
		return nil, nil, err
	}
	p, err := plan.New(w, request)
	return w, p, err
}

// open plans a release and opens a runner for it. The caller must call done.
func (o *options) open(ctx context.Context) (r *release.Release, done func() error, err error) {
	w, p, err := o.plan(ctx)
	if err != nil {
		return nil, nil, err
	}
	list, done, err := o.openAll(ctx, w, []*plan.Plan{p})
	if err != nil {
		return nil, nil, err
	}
	return list[0], done, nil
}

// openAll opens a runner for each plan of a workspace. The caller must call done.
func (o *options) openAll(ctx context.Context, w *cargo.Workspace, plans []*plan.Plan) (list []*release.Release, done func() error, err error) {
	if len(plans) == 0 {
		return nil, func() error { return nil }, nil
	}
	if err := release.Check(plans, o.releases); err != nil {
		return nil, nil, err
	}
	log := newProgress(console.Stderr)
	runners, closeRunners, err := o.openRunners(ctx, plans, log)
	if err != nil {
		return nil, nil, errors.Join(err, log.close())
	}
	for i, p := range plans {
		list = append(list, &release.Release{Workspace: w, Plan: p, Runner: runners[i], Out: o.out, Tell: func(what string) { log.note("%s", what) }})
	}
	return list, func() error { return errors.Join(closeRunners(), log.close()) }, nil
}

var _ step.Log = (*progress)(nil)
