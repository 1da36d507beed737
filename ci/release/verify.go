package release

import (
	"context"

	"github.com/sigstore/sigstore-go/pkg/root"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/verify"
)

// verify verifies the artifacts as a downloader would, before anything is published, so that a
// release that cannot be verified fails in the run that made it.
func (r *Release) verify(ctx context.Context, signer *sign.Signer, dir string) error {
	if r.Plan.Signing == "" {
		return nil
	}
	e, err := r.expectation(signer)
	if err == nil {
		e, err = r.ofPlan(e)
	}
	if err != nil {
		return console.Errorf("verifying what was made: %w\n%s", err, unsigned)
	}
	if report := verify.Release(ctx, dir, e); report.Verdict != verify.Good {
		return console.Errorf("verifying what was made, which is not as a stranger would expect it:\n%s\n%s", console.Lines(report.Text()), unsigned)
	}
	return nil
}

// expectation returns what a verifier expects of this release, and who its signer is.
func (r *Release) expectation(signer *sign.Signer) (verify.Expectation, error) {
	e := verify.Expectation{
		Identity: r.who.Subject, Issuer: r.who.Issuer, SourceURI: r.who.Repository, SourceRef: r.who.Ref, Runner: r.who.Runner,
		Version: r.Plan.Version, Commit: r.Plan.Source.Built(), DryRun: r.Signer == nil, Root: signer.Root(),
	}
	if e.DryRun {
		return e, nil
	}
	var err error
	if r.Plan.Signing == plan.SignedByKey {
		if e.PublicKey, err = signer.PublicKey(); err != nil {
			return e, err
		}
	}
	if e.Root == nil {
		e.Root, err = root.FetchTrustedRoot()
	}
	return e, err
}
