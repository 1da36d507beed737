package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
)

func stageCommand() *cobra.Command {
	o := &options{}
	c := &cobra.Command{
		Use:   "stage --crate NAME --version VERSION",
		Short: "Build, test and package a crate for another job to sign; sign nothing",
		Long: `Run every step of a release and write what they leave to --out, unsigned: the
binaries, the .crate file, and what cargo and rustc said. Another job, which runs
nothing of the workspace, signs it with ` + "`slipway dist --staged`" + `. The digest that is
printed names the directory; hand it to that job by another way than the directory.
In GitHub Actions it is the step's output "digest".`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.run(c, func(r *release.Release) (*release.Summary, error) { return r.Stage(c.Context()) })
		},
	}
	o.planFlags(c)
	o.runFlags(c)
	o.signing.flags(c) // the plan says how it will be signed, and with whom
	c.Flags().StringVar(&o.out, "out", "staged", "`directory` for the results, which is missing or empty")
	return c
}

// handed are the flags that name a directory of another job.
type handed struct{ dir, digest string }

// stagedFlags define --staged and --staged-digest, which go together: what another job
// has built is never signed without a comparison.
func (h *handed) stagedFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&h.dir, "staged", "", "take the results of the steps from this `directory`, which another job has staged, and run nothing")
	f.StringVar(&h.digest, "staged-digest", "", "`digest` of that directory, as that job printed it")
	c.MarkFlagsRequiredTogether("staged", "staged-digest")
}

// given reports whether a flag was used, with whatever value: one that is empty by
// mistake must not be taken for none.
func given(c *cobra.Command, flag string) bool { return c.Flags().Changed(flag) }

// open is the staged directory and a place for slipway's own copy of it.
func (h *handed) open() (s release.Staged, work string, done func() error, err error) {
	digest, err := handover.ParseDigest(h.digest)
	if err != nil {
		return s, "", nil, err
	}
	dir, err := os.MkdirTemp("", "slipway-staged-")
	if err != nil {
		return s, "", nil, fmt.Errorf("copying the directory %q: %w", h.dir, err)
	}
	return release.Staged{Dir: h.dir, Digest: digest}, filepath.Join(dir, "copy"), func() error { return os.RemoveAll(dir) }, nil
}

// checkDigest compares a directory of artifacts with the digest that was given for it.
// Without the flag there is nothing to compare with.
func checkDigest(c *cobra.Command, dir, digest string) error {
	if !given(c, "dist-digest") {
		return nil
	}
	want, err := handover.ParseDigest(digest)
	if err != nil {
		return err
	}
	return handover.Check(dir, want)
}

// openStaged plans and opens a release of what another job has staged. No runner is
// opened: nothing of the workspace can run.
func (o *options) openStaged(ctx context.Context, h handed) (r *release.Release, done func() error, err error) {
	w, p, err := o.plan(ctx)
	if err != nil {
		return nil, nil, err
	}
	from, work, done, err := h.open()
	if err != nil {
		return nil, nil, err
	}
	r = o.unopened(w, []*plan.Plan{p})[0]
	if err := r.UseStaged(from, work); err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return r, done, nil
}

// unopened are releases without a runner.
func (o *options) unopened(w *cargo.Workspace, plans []*plan.Plan) []*release.Release {
	var list []*release.Release
	for _, p := range plans {
		list = append(list, &release.Release{Workspace: w, Plan: p, Out: o.out})
	}
	return list
}

// runStaged does something with a release of what another job has staged and prints the
// summary.
func (o *options) runStaged(c *cobra.Command, h handed, do func(*release.Release) (*release.Summary, error)) error {
	r, done, err := o.openStaged(c.Context(), h)
	if err != nil {
		return err
	}
	s, err := do(r)
	if err = errors.Join(err, done()); s == nil {
		return err
	}
	return o.report(c, s, err)
}
