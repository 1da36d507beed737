package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/checkout"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/reproduce"
	"dagger/slipway/ci/sign"
)

// reproduction holds the flags of `slipway reproduce`.
type reproduction struct {
	options
	from                     verification
	fulcio, rekor, timestamp string
}

func reproduceCommand() *cobra.Command {
	r := &reproduction{}
	c := &cobra.Command{
		Use:   "reproduce --crate NAME --version VERSION --repository OWNER/NAME",
		Short: "Build a published release again and compare it byte by byte with what users download",
		Long: `Download the GitHub release of a crate's version, and the crate of its registry,
build all of it again from the checkout of the release's tag, and say of every file
whether it has the same bytes: binaries, tarballs, checksums, SBOMs, the packaged
crate, and what the provenance says. Signatures, certificates and signed statements,
which no one can make again, are verified as ` + "`slipway verify`" + ` does. The checkout
must be the commit that the tag is at, with no change. Exit status: 0 all is the same,
1 something differs, 2 cannot say. $GITHUB_TOKEN is used where there is one, and
$CARGO_REGISTRIES_NAME_TOKEN for a registry that wants it to be read.`,
		Example: "  git checkout my-shim/v1.2.3 && slipway reproduce --crate my-shim --version 1.2.3 --repository OWNER/NAME",
		Args:    cobra.NoArgs,
		RunE:    r.run,
	}
	r.planFlags(c)
	r.runFlags(c)
	r.from.signerFlags(c)
	f := c.Flags()
	f.StringVar(&r.fulcio, "fulcio-url", "", "`address` of a Fulcio of your own that the release was signed with: its plan names it")
	f.StringVar(&r.rekor, "rekor-url", "", "`address` of a Rekor of your own, likewise")
	f.StringVar(&r.timestamp, "timestamp-url", "", "`address` of an RFC 3161 timestamp authority, likewise")
	return c
}

// run prints the report, and returns an exitError for its verdict.
func (r *reproduction) run(c *cobra.Command, _ []string) error {
	report, err := r.reproduce(c.Context())
	if err != nil {
		return exitError{exitUnknown, err}
	}
	if err := r.either(c, func() (string, error) { return report.Text(), nil }, report.JSON); err != nil {
		return err
	}
	switch report.Verdict {
	case reproduce.Differs:
		return exitError{status: exitBad}
	case reproduce.Unknown:
		return exitError{status: exitUnknown}
	}
	return nil
}

// reproduce checks the checkout before it builds anything.
func (r *reproduction) reproduce(ctx context.Context) (*reproduce.Report, error) {
	client, err := github.New(github.Options{Repository: r.from.repository, Token: os.Getenv("GITHUB_TOKEN"), API: r.from.api})
	if err != nil {
		return nil, errors.Join(err, errors.New("name the repository (--repository owner/name)"))
	}
	expect, err := r.from.expectation(ctx)
	if err != nil {
		return nil, err
	}
	source, err := checkout.State(ctx, r.source, plan.ReleaseBranch)
	if err != nil {
		return nil, err
	}
	if err := release.CheckCheckout(ctx, client, r.crate, r.version, source); err != nil {
		return nil, err
	}
	w, p, err := r.plan(ctx)
	if err != nil {
		return nil, err
	}
	list, done, err := r.openAll(ctx, w, []*plan.Plan{p})
	if err != nil {
		return nil, err
	}
	report, err := list[0].Reproduce(ctx, release.Published{GitHub: client, Registries: registries(), Expect: expect})
	return report, errors.Join(err, done())
}

// plan returns the plan of the release, which includes how it was signed.
func (r *reproduction) plan(ctx context.Context) (*cargo.Workspace, *plan.Plan, error) {
	w, request, err := r.request(ctx)
	if err != nil {
		return nil, nil, err
	}
	request.SigningServices = sign.Options{Fulcio: r.fulcio, Rekor: r.rekor, Timestamp: r.timestamp}.Services()
	if r.from.key != "" {
		request.Signing = plan.SignedByKey
	}
	p, err := plan.New(w, request)
	return w, p, err
}
