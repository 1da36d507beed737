package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/release"
)

// crate holds the flags of release-crate.
type crate struct {
	options
	to              remotes
	dryRun, initial bool
	// dist is a directory with prebuilt artifacts to publish, and by the signer that they must
	// have.
	dist   string
	by     signedBy
	digest string // of dist
	staged stagedDirectory
}

func releaseCommand() *cobra.Command {
	o := &crate{}
	c := &cobra.Command{
		Use:   "release-crate --crate NAME --version VERSION",
		Short: "Build, test and package a crate; publish it unless this is a dry run",
		Long: `Build a crate of the workspace for both musl targets, run its tests, and write
the tarballs that users download, with their checksums, to --out. A dry run,
which is the default, does all of that and changes nothing anywhere. With
--dry-run=false the crate is released: signed, uploaded to a draft on GitHub,
published to its registry, tagged and announced. What is done is found done, so
that a release that ended anywhere is finished by running it again. Tokens come
from the environment: GITHUB_TOKEN, and CARGO_REGISTRY_TOKEN for crates.io or
CARGO_REGISTRIES_NAME_TOKEN for another registry.

With --dist nothing is built or signed: the artifacts that ` + "`slipway dist`" + ` has made
are verified, against who must have signed them and against the plan, and published.
With --staged a dry run runs no step: it packages what ` + "`slipway stage`" + ` has left.`,
		Example: "  slipway release-crate --source examples/workspace --crate shim-demo --version 0.1.0 --dry-run",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return o.release(c) },
	}
	o.planFlags(c)
	o.runFlags(c)
	o.signing.flags(c)
	o.to.flags(c)
	f := c.Flags()
	f.BoolVar(&o.initial, "initial-release", false, "the registry does not have the crate yet: do not ask for its owners")
	f.BoolVar(&o.dryRun, "dry-run", true, "run every step and change nothing anywhere")
	f.StringVar(&o.out, "out", "dist", "`directory` for the artifacts")
	f.StringVar(&o.dist, "dist", "", "publish the artifacts of this `directory`, and build and sign nothing")
	f.StringVar(&o.digest, "dist-digest", "", "`digest` of that directory, as the job that made it printed it; it must be the same")
	o.staged.stagedFlags(c)
	c.MarkFlagsMutuallyExclusive("dist", "staged")
	o.by.flags(c)
	return c
}

func (o *crate) release(c *cobra.Command) error {
	if o.initial {
		o.to.initial = []string{o.crate}
	}
	if isSet(c, "staged") {
		return o.releaseStaged(c)
	}
	prebuilt, err := o.prebuilt(c)
	if err != nil {
		return err
	}
	do := (*release.Release).DryRun
	if prebuilt != nil {
		do, o.out = (*release.Release).CheckGiven, prebuilt.Dir
	}
	if o.dryRun {
		return o.run(c, func(r *release.Release) (*release.Summary, error) {
			r.Given = prebuilt
			return do(r, c.Context())
		})
	}
	signer, err := o.releaseSigner(c.Context()) // before anything is built
	if err != nil {
		return err
	}
	remotes, err := o.to.open(c)
	if err != nil {
		return err
	}
	o.releases = true
	return o.run(c, func(r *release.Release) (*release.Summary, error) {
		r.Signer, r.Given = signer, prebuilt
		return r.Publish(c.Context(), remotes(r.Plan))
	})
}

// releaseStaged makes a dry run with what another job has staged. Publishing is up to yet
// another job, which takes the signed artifacts.
func (o *crate) releaseStaged(c *cobra.Command) error {
	if !o.dryRun {
		return errors.New("checking --staged: it goes with a dry run: sign with `slipway dist --staged`, and publish with --dist what that writes")
	}
	return o.runStaged(c, o.staged, func(r *release.Release) (*release.Summary, error) { return r.DryRun(c.Context()) })
}

// prebuilt returns the prebuilt artifacts to publish, or nil for none.
func (o *crate) prebuilt(c *cobra.Command) (*release.Given, error) {
	if o.dist == "" {
		if isSet(c, "dist") || isSet(c, "dist-digest") {
			return nil, errors.New("checking --dist: it is empty: name the directory whose artifacts are published, or leave --dist and --dist-digest out")
		}
		return nil, nil
	}
	if err := checkDigest(c, o.dist, o.digest); err != nil {
		return nil, err
	}
	e, err := o.by.expect(o.to.repository, nil)
	if err == nil && o.signing.trustedRoot != "" {
		e.Root, err = readTrustedRoot(c.Context(), o.signing.trustedRoot)
	}
	if err != nil {
		return nil, fmt.Errorf("checking the artifacts in %q: %w", o.dist, err)
	}
	return &release.Given{Dir: o.dist, Expect: e}, nil
}
