package report

import (
	"slices"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
)

// part is what is told together: a crate that is released, or all images.
type part struct {
	crate    *Crate // nil for the images
	title    string
	state    string
	effects  []plan.Effect
	outcomes []publish.Outcome
}

// parts returns the parts of the release in order.
func (r *Report) parts() (list []part) {
	for _, c := range r.Crates {
		if c.Tag != "" {
			effects, outcomes := r.of(c.Name)
			list = append(list, part{c, c.Tag, c.State, effects, outcomes})
		}
	}
	if r.Version != "" {
		effects, outcomes := r.of("")
		list = append(list, part{nil, "images in version " + r.Version, imagesState(outcomes), effects, outcomes})
	}
	return list
}

// of returns the effects of a crate or, for "", of the images, and what has become of them.
func (r *Report) of(crate string) ([]plan.Effect, []publish.Outcome) {
	return slices.DeleteFunc(slices.Clone(r.Effects), func(e plan.Effect) bool { return e.Crate != crate }),
		slices.DeleteFunc(slices.Clone(r.Outcomes), func(o publish.Outcome) bool { return o.Crate != crate })
}

// imagesState returns how far the release of the images has got, "" if there was none.
func imagesState(outcomes []publish.Outcome) string {
	not := func(o publish.Outcome) bool { return !o.Performed() }
	switch {
	case len(outcomes) == 0:
		return ""
	case !slices.ContainsFunc(outcomes, not):
		return Released
	case slices.ContainsFunc(outcomes, func(o publish.Outcome) bool { return o.State != publish.NotBegun }):
		return Incomplete
	}
	return NotBegun
}

// tested returns what was tested, one line per target. The images' lines name the crates.
func (r *Report) tested(p part) (lines []string) {
	if p.crate != nil {
		for _, t := range p.crate.Tests {
			lines = append(lines, t.String())
		}
		return lines
	}
	for _, c := range r.Crates {
		for _, t := range c.Tests {
			if c.Tag == "" {
				lines = append(lines, c.Name+", "+t.String())
			}
		}
	}
	return lines
}
