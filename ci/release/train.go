package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"dagger/slipway/ci/outdir"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/report"
)

// Train is one run of a plan for several crates.
type Train struct {
	Plan *plan.Train
	// Releases holds the releases of the plan's crates, in order, each with its own runner and
	// directory.
	Releases []*Release
}

// DryRun makes a dry run of each crate, and performs no effect.
func (t *Train) DryRun(ctx context.Context) (*report.Train, error) {
	s, err := report.NewTrain(t.Plan)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	for _, r := range t.Releases {
		if err := outdir.Check(r.Out); err != nil { // before anything is built
			return nil, err
		}
	}
	for i, r := range t.Releases {
		r.tell(fmt.Sprintf("%s, %d of %d: dry run", r.Plan.Tag, i+1, len(t.Releases)))
		one, err := r.DryRun(ctx)
		if err != nil {
			return nil, fmt.Errorf("releasing %q: %w", r.Plan.Tag, err)
		}
		s.Crates = append(s.Crates, one)
	}
	s.Seconds = time.Since(begin).Seconds()
	return s, nil
}

// Publish releases the crates. All problems are reported before anything is built, none is
// published unless all build and pass their tests, and then they are published one after the
// other. to returns a crate's remotes. Running an interrupted train again finishes it, wherever
// it ended: see [publishAll].
func (t *Train) Publish(ctx context.Context, to func(*plan.Plan) Remotes) (*report.Train, error) {
	s, err := report.NewTrain(t.Plan)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	var (
		list  []*publishing
		stops []error
	)
	for _, r := range t.Releases {
		stops = append(stops, r.checkRelease())
		list = append(list, newPublishing(r, to(r.Plan)))
	}
	if err := distinct(stops); err != nil {
		return nil, err
	}
	err = publishAll(ctx, list)
	performed := err == nil
	for _, p := range list {
		performed = performed || p.report != nil && p.report.Error != ""
		s.Crates = append(s.Crates, p.report)
	}
	if !performed {
		return nil, err
	}
	s.DryRun, s.Published, s.Seconds = false, err == nil, time.Since(begin).Seconds()
	if err != nil {
		s.Fail(err)
	}
	return s, err
}

// Check returns an error with all findings for which a release of the plans stops, or a dry run
// unless releases is set. It needs no runner.
func Check(plans []*plan.Plan, releases bool) error {
	var stops []error
	for _, p := range plans {
		if releases {
			stops = append(stops, p.CheckRelease())
		} else {
			stops = append(stops, p.CheckDryRun())
		}
	}
	return distinct(stops)
}

// distinct joins errors without duplicates: a problem of the workspace is reported for each of
// its crates.
func distinct(list []error) error {
	told := map[string]bool{}
	return errors.Join(slices.DeleteFunc(list, func(err error) bool {
		if err == nil || told[err.Error()] {
			return true
		}
		told[err.Error()] = true
		return false
	})...)
}
