package reproduce

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/registry"
)

// compareCrate compares the registry's .crate file with the one packaged again. Cargo.lock and
// .cargo_vcs_info.json in it depend on when it was packaged: if nothing else differs, the files
// count as the same.
func (r *reproducing) compareCrate(ctx context.Context, a plan.Artifact) {
	file := r.rebuilt(a.Name)
	if err := r.Build.Runner.Export(ctx, plan.StepPackage, plan.OutputCrate, file); err != nil {
		r.report.Note(a.Name, Unknown, "%v", err)
		return
	}
	r.subject(a.Name, file)
	theirs, note, err := r.inRegistry(ctx)
	if err != nil {
		r.report.Note(a.Name, Unknown, "%v", err)
		return
	}
	if theirs == nil {
		r.report.Note(a.Name, Differs, "%s", note)
		return
	}
	published := filepath.Join(r.work, a.Name)
	if err := os.WriteFile(published, theirs, 0o644); err != nil {
		r.report.Note(a.Name, Unknown, "%v", err)
		return
	}
	d, err := Files(published, file)
	switch {
	case err != nil:
		r.report.Note(a.Name, Unknown, "%v", err)
	case d == nil:
		r.report.Note(a.Name, Same, "%s", note)
	default:
		r.compareInside(a, d, theirs, note)
	}
}

// compareInside reports which files differ in .crate files with different bytes.
func (r *reproducing) compareInside(a plan.Artifact, d *Difference, theirs []byte, note string) {
	ours, err := beneath.ReadFile(r.rebuilt(a.Name), registry.MaxCrate)
	if err != nil {
		r.report.Note(a.Name, Unknown, "%v", err)
		return
	}
	differ, err := registry.Differences(ours, theirs)
	switch {
	case err != nil:
		r.report.Add(Check{Artifact: a.Name, Verdict: Differs, Difference: d, What: err.Error()})
	case len(differ) > 0:
		what := "files in it differ: " + strings.Join(differ[:min(len(differ), 5)], ", ")
		r.report.Add(Check{Artifact: a.Name, Verdict: Differs, Difference: d, What: what})
	default:
		r.subjects[a.Name] = sha256.Sum256(theirs)
		r.report.Note(a.Name, SameFiles, "%s, except for Cargo.lock or .cargo_vcs_info.json, which depend on when it was packaged", note)
	}
}

// inRegistry downloads the registry's .crate file, nil if there is none, and returns a note for
// the report.
func (r *reproducing) inRegistry(ctx context.Context) ([]byte, string, error) {
	from, err := publish.FindRegistry(ctx, r.Build, r.From.Registries)
	if err != nil {
		return nil, "", err
	}
	versions, err := from.Versions(ctx, r.plan.Name)
	if err != nil {
		return nil, "", err
	}
	found, there := registry.Find(versions, r.plan.Version)
	if !there || found.Version != r.plan.Version {
		return nil, "the registry does not have it", nil
	}
	raw, err := from.Download(ctx, found)
	if err != nil {
		return nil, "", err
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != found.Checksum {
		return nil, "", fmt.Errorf("downloading crate %q %s: it has sha256 %x, the index says %s", r.plan.Name, r.plan.Version, sum, found.Checksum)
	}
	note := "that of the registry"
	if found.Yanked {
		note += ", where it was yanked"
	}
	return raw, note, nil
}
