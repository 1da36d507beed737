package release

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/staged"
)

// Staged locates a directory that [Release.Stage] or [Images.Stage] has written in another job.
type Staged struct {
	Dir string
	// Digest is the directory's digest as reported by that job, through a channel of its own.
	Digest handover.Digest
}

// UseStaged makes the release use the results of steps that ran in another job. It copies the
// directory to work, which must not exist, and checks it against its digest and the plan. From
// then on only the copy is read, and nothing of the workspace can run.
func (r *Release) UseStaged(s Staged, work string) error {
	return s.use(r.Plan, []*Release{r}, work)
}

// UseStaged does the same as [Release.UseStaged] for the crates that the images are built from.
func (r *Images) UseStaged(s Staged, work string) error {
	r.staged = true
	return s.use(r.Plan, r.Builds, work)
}

func (s Staged) use(p rendered, builds []*Release, work string) error {
	if err := handover.Take(s.Dir, s.Digest, work); err != nil {
		return err
	}
	if err := checkStagedPlan(p, builds, work); err != nil {
		return fmt.Errorf("checking the directory %q, from another job: %w", s.Dir, err)
	}
	for _, r := range builds {
		runner, err := staged.Open(filepath.Join(work, r.Plan.Crate), r.Plan)
		if err != nil {
			return fmt.Errorf("checking the directory %q, from another job: %w", s.Dir, err)
		}
		r.Runner, r.ToolchainBase, r.staged = runner, runner.ToolchainBase(), true
	}
	return nil
}

// checkStagedPlan returns an error unless the copy's plan equals p byte for byte, and the copy
// has a directory for each crate built and nothing else.
func checkStagedPlan(p rendered, builds []*Release, work string) error {
	want, err := p.JSON()
	if err != nil {
		return err
	}
	got, err := beneath.ReadFile(filepath.Join(work, stagedPlan), int64(len(want)))
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("it has no " + stagedPlan + ": expected what `slipway stage` writes")
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("it is of another plan than the one that follows from this commit and these options: compare its %s with what `slipway plan --json` prints here, and run both jobs on one commit", stagedPlan)
	}
	entries, err := os.ReadDir(work)
	if err != nil {
		return err
	}
	for _, e := range entries {
		known := e.Name() == stagedPlan || slices.ContainsFunc(builds, func(r *Release) bool { return r.Plan.Crate == e.Name() })
		if !known {
			return fmt.Errorf("%q is not part of this plan", e.Name())
		}
	}
	return nil
}
