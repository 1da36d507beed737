package reproduce

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/verify"
)

// Published locates the release that is compared with its source.
type Published struct {
	GitHub *github.Client
	// Registries provides the tokens of registries, for one that requires a token for reading.
	Registries credential.Registries
	// Expect is the signer that the release must have.
	Expect verify.Expectation
}

// Again builds a published release again.
type Again struct {
	// Crate is what the release is built from, and how it was signed. Nothing is written to its
	// output directory.
	assemble.Crate
	From Published
}

// reproducing is the state of comparing a release with one built again from its source.
type reproducing struct {
	*Again
	plan     *plan.Crate
	report   *Report
	work     string
	signed   *verify.Report               // of the whole release
	sums     map[string][sha256.Size]byte // of the tarballs made again
	subjects map[string][sha256.Size]byte // subjects of the provenance, made again
	shown    map[string]bool              // verification subjects that the report covers already
}

// Run downloads the release of the plan's tag, builds its artifacts again and compares them byte
// by byte. What only the signer could make again is verified. Tests do not run, because they
// cannot change the artifacts. An error means that the comparison was not possible; differences
// are in the report.
func (a *Again) Run(ctx context.Context) (*Report, error) {
	tag := a.Build.Plan.Tag
	work, err := os.MkdirTemp("", "slipway-reproduce-")
	if err != nil {
		return nil, fmt.Errorf("building the release %q again: %w", tag, err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	released := filepath.Join(work, "released")
	if err := os.Mkdir(released, 0o755); err != nil {
		return nil, fmt.Errorf("building the release %q again: %w", tag, err)
	}
	if err := a.From.GitHub.DownloadRelease(ctx, tag, released); err != nil {
		return nil, err
	}
	return a.Compare(ctx, work)
}

// Compare builds the release again and compares it with the one in the directory "released" below
// work. It writes what it builds to other directories there.
func (a *Again) Compare(ctx context.Context, work string) (*Report, error) {
	r := &reproducing{
		Again: a, plan: a.Build.Plan, work: work,
		sums: map[string][sha256.Size]byte{}, subjects: map[string][sha256.Size]byte{}, shown: map[string]bool{},
	}
	a.From.Expect.Crate, a.From.Expect.Version, a.From.Expect.Commit = r.plan.Name, r.plan.Version, r.plan.Source.Built()
	if err := os.MkdirAll(r.rebuilt(""), 0o755); err != nil {
		return nil, fmt.Errorf("building the release %q again: %w", r.plan.Tag, err)
	}
	return r.compareAll(ctx)
}

// compareAll compares the downloaded release with what is built again.
func (r *reproducing) compareAll(ctx context.Context) (*Report, error) {
	if err := r.rebuild(ctx); err != nil {
		return nil, err
	}
	r.signed = &verify.Report{}
	if r.plan.Signing != "" {
		r.signed = verify.Release(ctx, r.released(""), r.From.Expect)
	}
	for _, a := range r.plan.Artifacts {
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
	var names []string
	for _, a := range r.plan.Artifacts {
		switch a.Kind {
		case plan.Tarball:
			names = append(names, plan.StepBuild(a.Target), plan.StepCrates(a.Target))
		case plan.CrateFile:
			names = append(names, plan.StepPackage)
		}
	}
	digest, err := plan.Of(r.plan).Digest()
	if err != nil {
		return err
	}
	kept := &cachedSteps{Runner: r.Build.Runner}
	r.Build.Runner = kept
	if r.Built, err = r.Build.Needed(ctx, names...); err != nil {
		return err
	}
	r.report = &Report{
		Kept: kept.among(names), Tag: r.plan.Tag, Commit: r.plan.Source.Commit, Plan: digest, Toolchain: r.plan.Toolchain,
		Rust: r.Built.Rust.Release, Signed: r.plan.Signing != "",
	}
	return r.Build.ExportBinaries(ctx, r.built)
}

// compare compares one artifact with the one made again.
func (r *reproducing) compare(ctx context.Context, a plan.Artifact) {
	if a.Kind == plan.CrateFile {
		r.compareCrate(ctx, a)
		return
	}
	if _, err := os.Stat(r.released(a.Name)); err != nil {
		r.shown[a.Name] = true
		r.report.Note(a.Name, Differs, "missing from the release, although its source produces it")
		return
	}
	switch a.Kind {
	case plan.Tarball:
		r.compareTarball(ctx, a)
	case plan.Checksums:
		r.compareMade(a, func(to string) error { return assemble.WriteSums(to, r.sums) })
	case plan.SBOM:
		r.compareMade(a, func(to string) error { return r.WriteSBOM(to, a, r.built(a.Target, a.Binaries[0])) })
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
		r.report.Note(a.Name, Unknown, "%v", err)
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
