package release

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/staged"
)

// Staged locates a directory that [Release.Stage] has written in another job.
type Staged struct {
	Dir string
	// Digest is the directory's digest as reported by that job, through a channel of its own.
	Digest handover.Digest
}

// UseStaged makes the release use the results of steps that ran in another job. It copies the
// directory to work, which must not exist, and checks it against its digest and the plan. From
// then on only the copy is read, and nothing of the workspace can run.
func (r *Release) UseStaged(s Staged, work string) error {
	if err := handover.Take(s.Dir, s.Digest, work); err != nil {
		return err
	}
	if err := r.openStaged(work); err != nil {
		return fmt.Errorf("checking the directory %q, from another job: %w", s.Dir, err)
	}
	return nil
}

// openStaged opens a runner for each crate on slipway's own copy.
func (r *Release) openStaged(work string) error {
	if err := checkStagedPlan(r.Plan, work); err != nil {
		return err
	}
	r.Runners, r.staged = nil, true
	for _, c := range r.Plan.Crates {
		runner, err := staged.Open(filepath.Join(work, c.Name), c)
		if err != nil {
			return err
		}
		r.Runners = append(r.Runners, runner)
	}
	return nil
}

// checkStagedPlan returns an error unless the copy's plan equals p byte for byte, and the copy
// has a directory for each crate built and nothing else.
func checkStagedPlan(p *plan.Plan, work string) error {
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
		if e.Name() != stagedPlan && p.Crate(e.Name()) == nil {
			return fmt.Errorf("%q is not part of this plan", e.Name())
		}
	}
	return nil
}
