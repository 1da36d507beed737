package assemble

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/sigstore/sigstore-go/pkg/root"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/outdir"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/verify"
)

// Prebuilt locates files that an earlier run of the same plan has made. They are published
// unchanged, and nothing is built. The artifacts of crates are signed already.
type Prebuilt struct {
	// Dir is the directory with these files and nothing else.
	Dir string
	// Digest is the directory's digest as reported by the job that made it; "" if unknown.
	Digest handover.Digest
	// Expect is the signer that the artifacts of crates must have. Without a trusted root, that of the
	// public Sigstore instance is fetched.
	Expect verify.Expectation
}

// Copy makes a private copy of the files, so that what is verified is what is published, even
// if the directory changes meanwhile. done removes the copy.
func (p *Prebuilt) Copy() (dir string, done func(), err error) {
	if dir, done, err = outdir.Copy(p.Dir, p.Digest); err != nil {
		return "", nil, p.checking(err)
	}
	return dir, done, nil
}

func (p *Prebuilt) checking(err error) error {
	return fmt.Errorf("checking the artifacts in %q: %w", p.Dir, err)
}

// Take verifies a copy of the artifacts as a downloader would, and that they belong to this plan
// and commit.
func (p *Prebuilt) Take(ctx context.Context, dir string, of *plan.Crate) (*Dist, error) {
	d, err := p.describe(dir, of)
	if err != nil || of.Signing == "" {
		return d, err
	}
	if d.Who, err = p.verify(ctx, dir, of); err != nil {
		return nil, err
	}
	d.How = "by " + p.Expect.Identity + ", in an earlier run; nothing was built or signed in this one"
	return d, nil
}

// Rehearse does the same as [Prebuilt.Take], and also accepts the artifacts of a dry run. It
// reports them as such.
func (p *Prebuilt) Rehearse(ctx context.Context, dir string, of *plan.Crate) (*Dist, error) {
	dryRun, err := p.isDryRun(ctx, dir, of)
	if err != nil {
		return nil, err
	}
	if !dryRun {
		return p.Take(ctx, dir, of)
	}
	d, err := p.describe(dir, of)
	if err != nil {
		return nil, err
	}
	d.How = "by an earlier dry run, with a throw-away key; nothing was built in this one"
	return d, nil
}

// describe returns the artifacts, unless there are others than the plan's.
func (p *Prebuilt) describe(dir string, of *plan.Crate) (*Dist, error) {
	if err := onlyPlanned(dir, of); err != nil {
		return nil, p.checking(err)
	}
	d := &Dist{}
	for _, a := range of.Artifacts {
		f, _, err := dist.Describe(filepath.Join(dir, a.Name), a.Name, a.Target)
		if err != nil {
			return nil, err
		}
		d.Files = append(d.Files, f)
	}
	return d, nil
}

// verify returns the signer of the artifacts.
func (p *Prebuilt) verify(ctx context.Context, dir string, of *plan.Crate) (sign.Identity, error) {
	e, err := ofPlan(p.Expect, of)
	if err != nil {
		return sign.Identity{}, err
	}
	if e.Root == nil {
		if e.Root, err = root.FetchTrustedRoot(); err != nil {
			return sign.Identity{}, fmt.Errorf("verifying the artifacts in %q: fetching the trusted root: %w", p.Dir, err)
		}
	}
	report := verify.Release(ctx, dir, e)
	if report.Verdict != verify.Good {
		return sign.Identity{}, console.Errorf("verifying the artifacts in %q, which do not match this release:\n%s", p.Dir, console.Lines(report.Text()))
	}
	return sign.Identity{Subject: e.Identity, Issuer: e.Issuer, Repository: e.SourceURI, Ref: e.SourceRef, Commit: e.Commit, Runner: e.Runner}, nil
}

// ofPlan completes an expectation with the values that the plan determines.
func ofPlan(e verify.Expectation, p *plan.Crate) (verify.Expectation, error) {
	digest, err := plan.Of(p).Digest()
	if err != nil {
		return e, err
	}
	e.Crate, e.Version, e.Commit = p.Name, p.Version, p.Source.Built()
	e.Plan, err = provenance.ParseDigest(digest)
	return e, err
}

// isDryRun reports whether a dry run of this plan made the artifacts. A dry run's artifacts that
// do not verify are an error.
func (p *Prebuilt) isDryRun(ctx context.Context, dir string, of *plan.Crate) (bool, error) {
	if of.Signing == "" {
		return false, nil
	}
	e, err := ofPlan(verify.Expectation{DryRun: true, Root: &root.BaseTrustedMaterial{}}, of)
	if err != nil {
		return false, err
	}
	report := verify.Release(ctx, dir, e)
	if report.DryRun && report.Verdict != verify.Good {
		return false, console.Errorf("verifying the artifacts in %q, which do not match a dry run of this release:\n%s", p.Dir, console.Lines(report.Text()))
	}
	return report.DryRun, nil
}

// onlyPlanned returns an error unless the directory holds exactly the plan's artifacts.
func onlyPlanned(dir string, p *plan.Crate) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var wrong []error
	for _, e := range entries {
		if !slices.ContainsFunc(p.Artifacts, func(a plan.Artifact) bool { return a.Name == e.Name() }) {
			wrong = append(wrong, fmt.Errorf("%q does not belong to this release: remove it", e.Name()))
		}
	}
	for _, a := range p.Artifacts {
		if !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == a.Name && e.Type().IsRegular() }) {
			wrong = append(wrong, fmt.Errorf("%q is missing: `slipway dist` makes it", a.Name))
		}
	}
	return errors.Join(wrong...)
}
