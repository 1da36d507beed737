package release

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/reproduce"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/verify"
	"dagger/slipway/ci/version"
)

// Published locates the release that is compared with its source.
type Published struct {
	GitHub *github.Client
	// Registries provides the tokens of registries, for one that requires a token for reading.
	Registries credential.Registries
	// Expect is the signer that the release must have.
	Expect verify.Expectation
}

// CheckCheckout returns an error unless the source is unmodified and its commit is the one that
// the release's tag points to on GitHub: nothing else can be compared with the release.
func CheckCheckout(ctx context.Context, client *github.Client, crate, requested string, source plan.Source) error {
	v, err := version.Parse(requested)
	if err != nil {
		return err
	}
	tag := v.Tag(crate)
	at, err := client.Tag(ctx, tag)
	if err != nil {
		return err
	}
	checkout := fmt.Sprintf("check out what was released and run again:\n  git fetch --tags && git checkout %s", tag)
	switch {
	case at == "":
		return fmt.Errorf("checking the tag %q: GitHub has no such tag: expected one of a release, as CRATE/vVERSION", tag)
	case source.Commit == "":
		return fmt.Errorf("checking the source: it is no git repository with a commit, expected a clone at commit %s, with the workspace at its root: %s", at, checkout)
	case source.Commit != at:
		return fmt.Errorf("checking the source: it is commit %s, and the tag %q is at commit %s: %s", source.Commit, tag, at, checkout)
	case source.Dirty:
		return fmt.Errorf("checking the source: files differ from commit %s, which the tag %q is at: put them away (git stash --include-untracked), or %s", at, tag, checkout)
	}
	return nil
}

// reproducing is the state of comparing a release with one built again from its source.
type reproducing struct {
	*Release
	from     Published
	report   *reproduce.Report
	work     string
	signed   *verify.Report               // of the whole release
	sums     map[string][sha256.Size]byte // of the tarballs made again
	subjects map[string][sha256.Size]byte // subjects of the provenance, made again
	shown    map[string]bool              // verification subjects that the report covers already
}

// Reproduce downloads the release of the plan's tag, builds its artifacts again and compares
// them byte by byte. What only the signer could make again is verified. Tests do not run,
// because they cannot change the artifacts. An error means that the comparison was not
// possible; differences are in the report.
func (r *Release) Reproduce(ctx context.Context, from Published) (*reproduce.Report, error) {
	work, err := os.MkdirTemp("", "slipway-reproduce-")
	if err != nil {
		return nil, fmt.Errorf("building the release %q again: %w", r.Plan.Tag, err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	p, err := r.reproducing(from, work)
	if err != nil {
		return nil, err
	}
	if err := from.GitHub.DownloadRelease(ctx, r.Plan.Tag, p.released("")); err != nil {
		return nil, err
	}
	return p.compareAll(ctx)
}

// reproducing returns the state of a comparison, and creates its directories below work.
func (r *Release) reproducing(from Published, work string) (*reproducing, error) {
	p := &reproducing{
		Release: r, from: from, work: work,
		sums: map[string][sha256.Size]byte{}, subjects: map[string][sha256.Size]byte{}, shown: map[string]bool{},
	}
	p.from.Expect.Crate, p.from.Expect.Version, p.from.Expect.Commit = r.Plan.Crate, r.Plan.Version, r.Plan.Source.Built()
	for _, dir := range []string{p.released(""), p.rebuilt("")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("building the release %q again: %w", r.Plan.Tag, err)
		}
	}
	return p, nil
}

// compareAll compares the downloaded release with what is built again.
func (r *reproducing) compareAll(ctx context.Context) (*reproduce.Report, error) {
	if err := r.rebuild(ctx); err != nil {
		return nil, err
	}
	r.signed = &verify.Report{}
	if r.Plan.Signing != "" {
		r.signed = verify.Release(ctx, r.released(""), r.from.Expect)
	}
	for _, a := range r.Plan.Artifacts {
		r.compare(ctx, a)
	}
	return r.report, r.others()
}

// released returns the path of a downloaded asset, rebuilt that of the same file made again,
// and built that of a binary.
func (r *reproducing) released(name string) string { return filepath.Join(r.work, "released", name) }
func (r *reproducing) rebuilt(name string) string  { return filepath.Join(r.work, "rebuilt", name) }

func (r *reproducing) built(target, name string) string {
	return filepath.Join(r.work, "built", target, name)
}

// rebuild runs the steps that produce what is compared, and those they depend on.
func (r *reproducing) rebuild(ctx context.Context) error {
	s, err := r.newSummary()
	if err != nil {
		return err
	}
	var names []string
	for _, a := range r.Plan.Artifacts {
		switch a.Kind {
		case plan.Tarball:
			names = append(names, plan.StepBuild(a.Target), plan.StepCrates(a.Target))
		case plan.CrateFile:
			names = append(names, plan.StepPackage)
		}
	}
	kept := &cachedSteps{Runner: r.Runner}
	r.Runner = kept
	if err := r.steps(ctx, s, r.named(names...)); err != nil {
		return err
	}
	r.report = &reproduce.Report{Kept: kept.among(names), Tag: r.Plan.Tag, Commit: r.Plan.Source.Commit, Plan: s.Plan, Toolchain: s.Toolchain, Rust: s.Rust, Signed: r.Plan.Signing != ""}
	return r.exportBinaries(ctx, r.built)
}

// compare compares one artifact with the one made again.
func (r *reproducing) compare(ctx context.Context, a plan.Artifact) {
	if a.Kind == plan.CrateFile {
		r.compareCrate(ctx, a)
		return
	}
	if _, err := os.Stat(r.released(a.Name)); err != nil {
		r.shown[a.Name] = true
		r.report.Note(a.Name, reproduce.Differs, "the release does not have it, and its source gives it")
		return
	}
	switch a.Kind {
	case plan.Tarball:
		r.compareTarball(ctx, a)
	case plan.Checksums:
		r.compareMade(a, func(to string) error { return writeSums(to, r.sums) })
	case plan.SBOM:
		r.compareMade(a, func(to string) error { return r.writeSBOM(to, a, r.built(a.Target, a.Binaries[0])) })
	case plan.Attestation:
		r.verified(a.Name, plainName(a.Name))
		r.subject(a.Name, r.released(a.Name)) // signed, so it cannot be made again
	case plan.Provenance:
		r.verified(a.Name)
		r.compareProvenance(ctx, a)
	}
}

// compareMade makes a file again and compares it with the released one.
func (r *reproducing) compareMade(a plan.Artifact, write func(to string) error) {
	if err := write(r.rebuilt(a.Name)); err != nil {
		r.report.Note(a.Name, reproduce.Unknown, "%v", err)
		return
	}
	r.report.Compare(a.Name, r.released(a.Name), r.rebuilt(a.Name))
	r.subject(a.Name, r.rebuilt(a.Name))
}

// subject records the digest of a file made again. A file that cannot be read shows up as a
// difference of the provenance.
func (r *reproducing) subject(name, file string) {
	if sum, err := dist.Digest(file); err == nil {
		r.subjects[name] = sum
	}
}

// cachedSteps is a runner that records which steps were cached.
type cachedSteps struct {
	step.Runner
	mu    sync.Mutex
	names []string
}

func (k *cachedSteps) Run(ctx context.Context, s step.Step) (step.Result, error) {
	result, err := k.Runner.Run(ctx, s)
	if err == nil && result.Cached {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.names = append(k.names, s.Name)
	}
	return result, err
}

// among returns which of the steps were cached, in order.
func (k *cachedSteps) among(steps []string) []string {
	return slices.DeleteFunc(slices.Clone(steps), func(name string) bool {
		return !slices.Contains(k.names, name) || strings.HasPrefix(name, "crates ") // a query, whose caching does not matter
	})
}
