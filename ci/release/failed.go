package release

import (
	"fmt"
	"slices"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/report"
)

// failed returns the error of a run that ended at this crate, with the status of all crates.
// For a single crate without any effect performed it returns err unchanged.
func (p *publishing) failed(err error, list []*publishing) error {
	if len(list) > 1 {
		err = fmt.Errorf("releasing %q: %w", p.Plan.Tag, err)
	}
	performing := p.effects != nil
	if performing || len(list) > 1 {
		var all []report.Status
		for _, one := range list {
			all = append(all, one.status())
		}
		err = console.Errorf("%w\n%s", err, console.Lines(report.StatusText(all, performing, p.to.Again)))
	}
	if performing {
		p.report.Fail(err)
	}
	return err
}

// status returns how far the crate's release has got.
func (p *publishing) status() report.Status {
	s := report.Status{Crate: p.Plan.Crate, Tag: p.Plan.Tag, State: report.NotBegun, Signed: p.Plan.Signing != ""}
	if p.effects != nil {
		s.Outcomes = p.report.Outcomes
	}
	begun := slices.ContainsFunc(s.Outcomes, func(o publish.Outcome) bool { return o.State != publish.NotBegun })
	switch {
	case p.published():
		s.State = report.Released
	case begun || p.github.Found().ID != 0:
		s.State = report.Incomplete
	}
	return s
}
