package release

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/verify"
)

// Given locates prebuilt artifacts: made and signed by an earlier run of the same plan, and
// published unchanged. Nothing is built or signed.
type Given struct {
	// Dir is the directory with the artifacts and nothing else.
	Dir string
	// Expect is the signer that the artifacts must have. Without a trusted root, that of the
	// public Sigstore instance is fetched.
	Expect verify.Expectation

	dryRun bool   // this is a dry run, and a dry run made the artifacts
	copied string // slipway's private copy of Dir, which is checked and published
}

// CheckGiven verifies the prebuilt artifacts against the plan without publishing anything. It
// also accepts those of a dry run, and reports them as such.
func (r *Release) CheckGiven(ctx context.Context) (*Summary, error) {
	r.begin = time.Now()
	done, err := r.copyPrebuilt()
	if err != nil {
		return nil, err
	}
	defer done()
	s, err := r.newSummary()
	if err != nil {
		return nil, err
	}
	if r.Given.dryRun, err = r.isDryRun(ctx); err != nil {
		return nil, err
	}
	if err := r.takePrebuilt(ctx, s); err != nil {
		return nil, err
	}
	s.DryRun, s.Seconds = true, time.Since(r.begin).Seconds()
	return s, nil
}

// copyPrebuilt makes a private copy of the prebuilt artifacts, if there are any, so that what is
// verified is what is published, even if the directory changes meanwhile. done removes the
// copy.
func (r *Release) copyPrebuilt() (done func(), err error) {
	if r.Given == nil {
		return func() {}, nil
	}
	if r.Given.copied, done, err = privateCopy(r.Given.Dir); err != nil {
		return nil, fmt.Errorf("checking the artifacts in %q: %w", r.Given.Dir, err)
	}
	r.Out = r.Given.copied
	return done, nil
}

// takePrebuilt verifies the prebuilt artifacts like a downloader would, and that they belong to
// this plan and commit.
func (r *Release) takePrebuilt(ctx context.Context, s *Summary) error {
	if err := r.onlyPlanned(); err != nil {
		return fmt.Errorf("checking the artifacts in %q: %w", r.Given.Dir, err)
	}
	s.Signed = ""
	switch {
	case r.Given.dryRun:
		s.Signed = "by an earlier dry run, with a key of no worth: nothing was built in this one"
	case r.Plan.Signing != "":
		if err := r.verifyPrebuilt(ctx); err != nil {
			return err
		}
		s.Signed = "by " + r.Given.Expect.Identity + ", in an earlier run: nothing was built or signed in this one"
	}
	for _, a := range r.Plan.Artifacts {
		f, _, err := describe(filepath.Join(r.Given.copied, a.Name), a)
		if err != nil {
			return err
		}
		s.Artifacts = append(s.Artifacts, f)
	}
	return nil
}

func (r *Release) verifyPrebuilt(ctx context.Context) error {
	e, err := r.ofPlan(r.Given.Expect)
	if err != nil {
		return err
	}
	if e.Root == nil {
		if e.Root, err = root.FetchTrustedRoot(); err != nil {
			return fmt.Errorf("verifying the artifacts in %q: fetching the trusted root: %w", r.Given.Dir, err)
		}
	}
	report := verify.Release(ctx, r.Given.copied, e)
	if report.Verdict != verify.Good {
		return console.Errorf("verifying the artifacts in %q, which are not as this release's would be:\n%s", r.Given.Dir, console.Lines(report.Text()))
	}
	r.who = sign.Identity{Subject: e.Identity, Issuer: e.Issuer, Repository: e.SourceURI, Ref: e.SourceRef, Commit: e.Commit, Runner: e.Runner}
	return nil
}

// ofPlan completes an expectation with the values that the plan determines.
func (r *Release) ofPlan(e verify.Expectation) (verify.Expectation, error) {
	digest, err := r.Plan.Digest()
	if err != nil {
		return e, err
	}
	e.Crate, e.Version, e.Commit = r.Plan.Crate, r.Plan.Version, r.Plan.Source.Built()
	e.Plan, err = provenance.ParseDigest(digest)
	return e, err
}

// isDryRun reports whether a dry run of this plan made the prebuilt artifacts. A dry run's
// artifacts that do not verify are an error.
func (r *Release) isDryRun(ctx context.Context) (bool, error) {
	if r.Plan.Signing == "" {
		return false, nil
	}
	e, err := r.ofPlan(verify.Expectation{DryRun: true, Root: &root.BaseTrustedMaterial{}})
	if err != nil {
		return false, err
	}
	report := verify.Release(ctx, r.Given.copied, e)
	if report.DryRun && report.Verdict != verify.Good {
		return false, console.Errorf("verifying the artifacts in %q, which are not as a dry run makes them:\n%s", r.Given.Dir, console.Lines(report.Text()))
	}
	return report.DryRun, nil
}

// onlyPlanned returns an error unless the directory holds exactly the plan's artifacts.
func (r *Release) onlyPlanned() error {
	entries, err := os.ReadDir(r.Given.copied)
	if err != nil {
		return err
	}
	var missing []error
	for _, e := range entries {
		if !slices.ContainsFunc(r.Plan.Artifacts, func(a plan.Artifact) bool { return a.Name == e.Name() }) {
			missing = append(missing, fmt.Errorf("%q is not of this release: take it out", e.Name()))
		}
	}
	for _, a := range r.Plan.Artifacts {
		if !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == a.Name && e.Type().IsRegular() }) {
			missing = append(missing, fmt.Errorf("%q is not there: `slipway dist` makes it", a.Name))
		}
	}
	return errors.Join(missing...)
}
