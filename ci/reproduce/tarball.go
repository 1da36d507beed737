package reproduce

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"dagger/slipway/ci/archive"
	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/verify"
)

// compareTarball compares every binary in a tarball, and then the whole tarball with one packed
// from the rebuilt binaries and the released signatures. If they are equal, then order, modes,
// owners, times and compression are slipway's too. The signatures are verified.
func (r *reproducing) compareTarball(ctx context.Context, a plan.Artifact) {
	dir, err := r.unpack(a)
	if err != nil {
		r.report.Note(a.Name, Differs, "it is not a tarball of a release: %v", err)
		return
	}
	same := true
	for _, name := range a.Binaries {
		subject := plan.SubjectName(a.Target, name)
		r.subject(subject, r.built(a.Target, name))
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			r.report.Note(subject, Differs, "the tarball lacks it")
			same = false
		} else {
			same = r.report.Compare(subject, filepath.Join(dir, name), r.built(a.Target, name)) && same
		}
	}
	r.comparePacking(a, dir, same)
	r.verifiedFiles(ctx, a, dir)
}

// unpack unpacks a released tarball and returns the directory.
func (r *reproducing) unpack(a plan.Artifact) (string, error) {
	dir := filepath.Join(r.work, "unpacked", a.Target)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	f, err := os.Open(r.released(a.Name))
	if err != nil {
		return "", err
	}
	defer f.Close()
	_, err = archive.Read(f, dir, archive.ReleaseLimits())
	return dir, err
}

// comparePacking compares a tarball with one packed as planned from the rebuilt binaries. If the
// binaries differ, it reports whether at least the packing is the same.
func (r *reproducing) comparePacking(a plan.Artifact, dir string, sameBinaries bool) {
	again := func(name string) string {
		if slices.Contains(a.Binaries, name) {
			return r.built(a.Target, name)
		}
		return filepath.Join(dir, name)
	}
	if err := assemble.WriteTarball(r.rebuilt(a.Name), a, again); err != nil {
		r.report.Note(a.Name, Differs, "it does not contain what the plan lists: %v", err)
		return
	}
	r.subject(a.Name, r.rebuilt(a.Name))
	r.sums[a.Name] = r.subjects[a.Name]
	d, err := Files(r.released(a.Name), r.rebuilt(a.Name))
	switch {
	case err != nil:
		r.report.Note(a.Name, Unknown, "%v", err)
	case d == nil:
		r.report.Note(a.Name, Same, "packed again, with the released signatures")
	case sameBinaries:
		r.report.Add(Check{Artifact: a.Name, Verdict: Differs, Difference: d, What: "the binaries are the same, but packed differently: another order, mode, owner, time, file or compression"})
	default:
		r.report.Add(Check{Artifact: a.Name, Verdict: Differs, Difference: d, What: r.describePacking(a, dir)})
	}
}

// describePacking describes whether a tarball with different binaries is packed as slipway does.
func (r *reproducing) describePacking(a plan.Artifact, dir string) string {
	again := filepath.Join(r.work, "form-"+a.Name)
	err := assemble.WriteTarball(again, a, func(name string) string { return filepath.Join(dir, name) })
	if err != nil {
		return fmt.Sprintf("whether it is packed differently is unknown: %v", err)
	}
	d, err := Files(r.released(a.Name), again)
	switch {
	case err != nil:
		return fmt.Sprintf("whether it is packed differently is unknown: %v", err)
	case d != nil:
		return "binaries in it differ, and it is packed differently too"
	}
	return "binaries in it differ; it is packed as slipway does"
}

// verifiedFiles verifies the signatures of the binaries in a tarball.
func (r *reproducing) verifiedFiles(ctx context.Context, a plan.Artifact, dir string) {
	for _, name := range a.Files {
		r.shown[name] = true
	}
	r.fold(a.Name+", the signatures in it", verify.Unpacked(ctx, dir, a.Target, r.From.Expect).Checks)
}
