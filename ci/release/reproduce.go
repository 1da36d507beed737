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

// Published says where the release is that is compared with its source.
type Published struct {
	GitHub *github.Client
	// Registries are the tokens of registries, for one that wants it to be read.
	Registries credential.Registries
	// Expect says who must have signed.
	Expect verify.Expectation
}

// CheckCheckout returns an error unless the source is the commit that the tag of a
// release is at on GitHub, with no change: nothing else can be compared with it.
func CheckCheckout(ctx context.Context, hub *github.Client, crate, requested string, source plan.Source) error {
	v, err := version.Parse(requested)
	if err != nil {
		return err
	}
	tag := v.Tag(crate)
	at, err := hub.Tag(ctx, tag)
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

// reproducing is a release that is built again, and what it is compared with.
type reproducing struct {
	*Release
	from     Published
	report   *reproduce.Report
	work     string
	signed   *verify.Report               // of all that the release has
	sums     map[string][sha256.Size]byte // of the tarballs, made again
	subjects map[string][sha256.Size]byte // what provenance names, made again
	shown    map[string]bool              // what of the verification the report says
}

// Reproduce downloads the release of the plan's tag, builds what it has again, and
// compares the two byte by byte. What only a signer could make again is verified. No
// test runs: none changes a byte. The error is one of getting at what is compared.
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

// reproducing makes the directories below work.
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

// compareAll compares what was downloaded with what is made again.
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

// released is where an asset of the release is, rebuilt where the same file is that
// was made again, and built where a binary is.
func (r *reproducing) released(name string) string { return filepath.Join(r.work, "released", name) }
func (r *reproducing) rebuilt(name string) string  { return filepath.Join(r.work, "rebuilt", name) }

func (r *reproducing) built(target, name string) string {
	return filepath.Join(r.work, "built", target, name)
}

// rebuild runs the steps that leave what is compared, and what they need.
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
	kept := &keptSteps{Runner: r.Runner}
	r.Runner = kept
	if err := r.steps(ctx, s, r.named(names...)); err != nil {
		return err
	}
	r.report = &reproduce.Report{Kept: kept.among(names), Tag: r.Plan.Tag, Commit: r.Plan.Source.Commit, Plan: s.Plan, Toolchain: s.Toolchain, Rust: s.Rust, Signed: r.Plan.Signing != ""}
	return r.exportBinaries(ctx, r.built)
}

// compare compares one artifact with what was made again.
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
		r.subject(a.Name, r.released(a.Name)) // signed, so that no one can make it again
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

// subject notes the digest of a file that was made again. What cannot be read the
// statement will miss.
func (r *reproducing) subject(name, file string) {
	if sum, err := dist.Digest(file); err == nil {
		r.subjects[name] = sum
	}
}

// keptSteps is a runner that notes which steps did not run, because it had their
// results.
type keptSteps struct {
	step.Runner
	mu    sync.Mutex
	names []string
}

func (k *keptSteps) Run(ctx context.Context, s step.Step) (step.Result, error) {
	result, err := k.Runner.Run(ctx, s)
	if err == nil && result.Cached {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.names = append(k.names, s.Name)
	}
	return result, err
}

// among are the kept ones of those steps, in their order.
func (k *keptSteps) among(steps []string) []string {
	return slices.DeleteFunc(slices.Clone(steps), func(name string) bool {
		return !slices.Contains(k.names, name) || strings.HasPrefix(name, "crates ") // which only asks
	})
}
