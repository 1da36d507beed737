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
	o.signing.flags(c) // the plan says how it will be signed, and with which services
	c.Flags().StringVar(&o.out, "out", "staged", "`directory` for the results, which is missing or empty")
	return c
}

// stagedDirectory holds the flags for another job's staged directory.
type stagedDirectory struct{ dir, digest string }

// stagedFlags defines --staged and --staged-digest. They require each other, so that another
// job's results are never signed without checking their digest.
func (h *stagedDirectory) stagedFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&h.dir, "staged", "", "take the results of the steps from this `directory`, which another job has staged, and run nothing")
	f.StringVar(&h.digest, "staged-digest", "", "`digest` of that directory, as that job printed it")
	c.MarkFlagsRequiredTogether("staged", "staged-digest")
}

// isSet reports whether a flag was passed, even with an empty value: an accidentally empty
// value must not count as a missing flag.
func isSet(c *cobra.Command, flag string) bool { return c.Flags().Changed(flag) }

// open returns the staged directory, and a path for slipway's private copy of it.
func (h *stagedDirectory) open() (s release.Staged, work string, done func() error, err error) {
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

// checkDigest compares a directory of artifacts with the digest passed for it, if there is one.
func checkDigest(c *cobra.Command, dir, digest string) error {
	if !isSet(c, "dist-digest") {
		return nil
	}
	want, err := handover.ParseDigest(digest)
	if err != nil {
		return err
	}
	return handover.Check(dir, want)
}

// openStaged plans a release of what another job has staged, and opens it without a runner, so
// that nothing of the workspace can run.
func (o *options) openStaged(ctx context.Context, h stagedDirectory) (r *release.Release, done func() error, err error) {
	w, p, err := o.plan(ctx)
	if err != nil {
		return nil, nil, err
	}
	from, work, done, err := h.open()
	if err != nil {
		return nil, nil, err
	}
	r = o.withoutRunners(w, []*plan.Plan{p})[0]
	if err := r.UseStaged(from, work); err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return r, done, nil
}

// withoutRunners returns releases without a runner.
func (o *options) withoutRunners(w *cargo.Workspace, plans []*plan.Plan) []*release.Release {
	var list []*release.Release
	for _, p := range plans {
		list = append(list, &release.Release{Workspace: w, Plan: p, Out: o.out})
	}
	return list
}

// runStaged opens a release of what another job has staged, calls do with it and reports the
// summary.
func (o *options) runStaged(c *cobra.Command, h stagedDirectory, do func(*release.Release) (*release.Summary, error)) error {
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
