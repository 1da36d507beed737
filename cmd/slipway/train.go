package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
)

// train holds the flags of release-train.
type train struct {
	options
	to           remotes
	crates       []string
	dryRun, show bool
}

func trainCommand() *cobra.Command {
	t := &train{}
	c := &cobra.Command{
		Use:   "release-train [--crates NAME[@VERSION],…]",
		Short: "Release several crates, what one needs before it; a dry run unless told otherwise",
		Long: `Release several crates of the workspace in the order of their dependencies. A
dry run, which is the default, does of each what release-crate does as a dry run.
With --dry-run=false everything that could stop any of them is looked at first and
told at once; then every crate is built, tested and packaged, and none is published
unless all are; then one is released after the other, each as release-crate does:
the next one begins when the registry's index shows the one before. Where the
registry asks to wait, that is waited, up to 15 minutes each time. A train that
ended anywhere is finished by running it again.

Without --crates it is every crate that goes to a registry. A crate whose dependency
is neither in the registry nor in the train is refused. Artifacts are written to a
directory below --out for each crate. Tokens come from the environment: GITHUB_TOKEN,
and CARGO_REGISTRY_TOKEN for crates.io or CARGO_REGISTRIES_NAME_TOKEN for another registry.`,
		Example: "  slipway release-train --source examples/workspace --crates shimkit,shim-core --plan",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return t.run(c) },
	}
	t.workspaceFlags(c)
	t.runFlags(c)
	t.signing.flags(c)
	t.to.flags(c)
	f := c.Flags()
	f.Var(nameList{&t.crates, true}, "crates", "`crates` to release, as name or name@version (default: every one that goes to a registry)")
	f.Var(nameList{&t.to.initial, true}, "initial-release", "`crates` of the train that the registry does not have yet: do not ask for their owners")
	f.BoolVar(&t.dryRun, "dry-run", true, "run every step and change nothing anywhere")
	f.BoolVar(&t.show, "plan", false, "print everything that the train would do, and its digest; run nothing")
	f.StringVar(&t.out, "out", "dist", "`directory` for the artifacts, one below it per crate")
	for _, name := range []string{"crates", "initial-release"} {
		if err := c.RegisterFlagCompletionFunc(name, t.completeCrates); err != nil {
			panic(err) // the flag was defined above
		}
	}
	return c
}

func (t *train) run(c *cobra.Command) error {
	w, p, err := t.plan(c.Context())
	if err != nil {
		return err
	}
	if err := p.CheckInitial(t.to.initial); err != nil {
		return err
	}
	if t.show {
		return t.options.show(c, p)
	}
	do := (*release.Train).DryRun
	if t.releases = !t.dryRun; t.releases {
		if do, err = t.publish(c); err != nil {
			return err
		}
	}
	list, done, err := t.openAll(c.Context(), w, p.Crates)
	if err != nil {
		return err
	}
	for _, r := range list {
		r.Out = filepath.Join(t.out, r.Plan.Crate)
	}
	s, err := do(&release.Train{Plan: p, Releases: list}, c.Context())
	if err = errors.Join(err, done()); s == nil {
		return err
	}
	return t.report(c, s, err)
}

func (t *train) plan(ctx context.Context) (*cargo.Workspace, *plan.Train, error) {
	w, request, err := t.request(ctx)
	if err != nil {
		return nil, nil, err
	}
	p, err := plan.NewTrain(w, t.crates, request)
	return w, p, err
}

// publish returns a function that releases a train. A missing signer or repository is an error
// before anything is built.
func (t *train) publish(c *cobra.Command) (func(*release.Train, context.Context) (*release.TrainSummary, error), error) {
	signer, err := t.releaseSigner(c.Context())
	if err != nil {
		return nil, err
	}
	remotes, err := t.to.open(c)
	return func(train *release.Train, ctx context.Context) (*release.TrainSummary, error) {
		for _, r := range train.Releases {
			r.Signer = signer
		}
		return train.Publish(ctx, remotes)
	}, err
}
