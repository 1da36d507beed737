package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/release"
	"dagger/slipway/ci/verify"
)

// crate are the flags of release-crate.
type crate struct {
	options
	to              remotes
	dryRun, initial bool
	// dist is a directory with artifacts to publish as they are, identity and issuer
	// who must have signed them.
	dist, identity, issuer string
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
are verified, against who must have signed them and against the plan, and published.`,
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
	f.StringVar(&o.identity, "certificate-identity", "", "exact `identity` that must have signed them (default: "+verify.Workflow+" of the repository)")
	f.StringVar(&o.issuer, "certificate-oidc-issuer", verify.Issuer, "exact `issuer` of that identity")
	return c
}

func (o *crate) release(c *cobra.Command) error {
	if o.initial {
		o.to.initial = []string{o.crate}
	}
	given, err := o.given(c.Context())
	if err != nil {
		return err
	}
	do := (*release.Release).DryRun
	if given != nil {
		do, o.out = (*release.Release).CheckGiven, given.Dir
	}
	if o.dryRun {
		return o.run(c, func(r *release.Release) (*release.Summary, error) {
			r.Given = given
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
	return o.run(c, func(r *release.Release) (*release.Summary, error) {
		r.Signer, r.Given = signer, given
		return r.Publish(c.Context(), remotes(r.Plan))
	})
}

// given are the artifacts to publish as they are, nil for none.
func (o *crate) given(ctx context.Context) (*release.Given, error) {
	if o.dist == "" {
		return nil, nil
	}
	e, err := verify.Expect(o.to.repository, o.identity, o.issuer, nil)
	if err == nil && o.signing.trustedRoot != "" {
		e.Root, err = readTrustedRoot(ctx, o.signing.trustedRoot)
	}
	if err != nil {
		return nil, fmt.Errorf("checking the artifacts in %q: %w", o.dist, err)
	}
	return &release.Given{Dir: o.dist, Expect: e}, nil
}
