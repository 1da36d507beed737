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

// Given are artifacts that an earlier run of the same plan has made and signed, and
// that are published as they are: nothing is built or signed.
type Given struct {
	// Dir is the directory with the artifacts, and with nothing else.
	Dir string
	// Expect is who must have signed them; without a root of trust that of the public
	// instance is fetched.
	Expect verify.Expectation

	rehearsal bool   // a dry run has made them, and this is one
	own       string // slipway's own copy of Dir, which is what is checked and published
}

// CheckGiven verifies the given artifacts against the plan, and asks and changes
// nothing outside. Those of a dry run pass too, as what they are.
func (r *Release) CheckGiven(ctx context.Context) (*Summary, error) {
	r.begin = time.Now()
	done, err := r.ownGiven()
	if err != nil {
		return nil, err
	}
	defer done()
	s, err := r.newSummary()
	if err != nil {
		return nil, err
	}
	if r.Given.rehearsal, err = r.isRehearsal(ctx); err != nil {
		return nil, err
	}
	if err := r.takeGiven(ctx, s); err != nil {
		return nil, err
	}
	s.DryRun, s.Seconds = true, time.Since(r.begin).Seconds()
	return s, nil
}

// ownGiven makes slipway's own copy of the given artifacts, where there are any: what is
// verified is what is published, whoever writes to the directory meanwhile. done removes
// it.
func (r *Release) ownGiven() (done func(), err error) {
	if r.Given == nil {
		return func() {}, nil
	}
	if r.Given.own, done, err = ownCopy(r.Given.Dir); err != nil {
		return nil, fmt.Errorf("checking the artifacts in %q: %w", r.Given.Dir, err)
	}
	r.Out = r.Given.own
	return done, nil
}

// takeGiven verifies the given artifacts as a stranger would, and that they are those
// of this very plan and commit.
func (r *Release) takeGiven(ctx context.Context, s *Summary) error {
	if err := r.onlyPlanned(); err != nil {
		return fmt.Errorf("checking the artifacts in %q: %w", r.Given.Dir, err)
	}
	s.Signed = ""
	switch {
	case r.Given.rehearsal:
		s.Signed = "by an earlier dry run, with a key of no worth: nothing was built in this one"
	case r.Plan.Signing != "":
		if err := r.verifyGiven(ctx); err != nil {
			return err
		}
		s.Signed = "by " + r.Given.Expect.Identity + ", in an earlier run: nothing was built or signed in this one"
	}
	for _, a := range r.Plan.Artifacts {
		f, _, err := describe(filepath.Join(r.Given.own, a.Name), a)
		if err != nil {
			return err
		}
		s.Artifacts = append(s.Artifacts, f)
	}
	return nil
}

func (r *Release) verifyGiven(ctx context.Context) error {
	e, err := r.ofPlan(r.Given.Expect)
	if err != nil {
		return err
	}
	if e.Root == nil {
		if e.Root, err = root.FetchTrustedRoot(); err != nil {
			return fmt.Errorf("verifying the artifacts in %q: fetching the trusted root: %w", r.Given.Dir, err)
		}
	}
	report := verify.Release(ctx, r.Given.own, e)
	if report.Verdict != verify.Good {
		return console.Errorf("verifying the artifacts in %q, which are not as this release's would be:\n%s", r.Given.Dir, console.Lines(report.Text()))
	}
	r.who = sign.Identity{Subject: e.Identity, Issuer: e.Issuer, Repository: e.SourceURI, Ref: e.SourceRef, Commit: e.Commit, Runner: e.Runner}
	return nil
}

// ofPlan adds to an expectation what follows from the plan.
func (r *Release) ofPlan(e verify.Expectation) (verify.Expectation, error) {
	digest, err := r.Plan.Digest()
	if err != nil {
		return e, err
	}
	e.Crate, e.Version, e.Commit = r.Plan.Crate, r.Plan.Version, r.Plan.Source.Built()
	e.Plan, err = provenance.ParseDigest(digest)
	return e, err
}

// isRehearsal reports whether a dry run of this very plan has made the given artifacts.
// Those of a dry run that are not as they should be are an error.
func (r *Release) isRehearsal(ctx context.Context) (bool, error) {
	if r.Plan.Signing == "" {
		return false, nil
	}
	e, err := r.ofPlan(verify.Expectation{DryRun: true, Root: &root.BaseTrustedMaterial{}})
	if err != nil {
		return false, err
	}
	report := verify.Release(ctx, r.Given.own, e)
	if report.DryRun && report.Verdict != verify.Good {
		return false, console.Errorf("verifying the artifacts in %q, which are not as a dry run makes them:\n%s", r.Given.Dir, console.Lines(report.Text()))
	}
	return report.DryRun, nil
}

// onlyPlanned returns an error unless the directory has exactly the plan's artifacts.
func (r *Release) onlyPlanned() error {
	entries, err := os.ReadDir(r.Given.own)
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
