package plan

import (
	"fmt"
	"slices"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/triple"
	"dagger/slipway/ci/version"
)

// addImages adds the images of the request, and the crates that have to be built for them.
func (m *planner) addImages(p *Plan) error {
	v, err := version.Parse(m.request.Images.Version)
	if err != nil {
		return err
	}
	if p.Images, err = chooseImages(m.workspace, m.request.Images.Names); err != nil {
		return err
	}
	p.Version, p.Signing, p.SigningServices = v.String(), m.request.signing(), m.request.SigningServices
	p.Findings = slices.Concat(p.Findings, m.found, m.request.Source.findings(p.Version))
	for _, b := range neededBuilds(p.Images) {
		if c := p.Crate(b.crate); c != nil {
			if err := c.checkBuilds(b); err != nil {
				return err
			}
			continue
		}
		c, err := m.build(b)
		if err != nil {
			return err
		}
		p.add(c)
	}
	p.Findings = p.Findings.Sorted()
	p.addImageEffects(v.IsPrerelease())
	return nil
}

func chooseImages(w *cargo.Workspace, names []string) ([]cargo.Image, error) {
	all, err := w.Images()
	if err != nil || len(names) == 0 {
		return all, err
	}
	var have []string
	for _, img := range all {
		have = append(have, img.Name)
	}
	for _, name := range names {
		if !slices.Contains(have, name) {
			return nil, fmt.Errorf("finding image %q: the workspace has %q", name, have)
		}
	}
	return slices.DeleteFunc(all, func(img cargo.Image) bool { return !slices.Contains(names, img.Name) }), nil
}

// neededBuild is what images need of a crate.
type neededBuild struct {
	crate             string
	binaries, targets []string
}

// neededBuilds returns what the images need: each crate once, for the targets of all its images.
func neededBuilds(images []cargo.Image) (list []*neededBuild) {
	for _, img := range images {
		if img.Crate == "" {
			continue
		}
		i := slices.IndexFunc(list, func(b *neededBuild) bool { return b.crate == img.Crate })
		if i < 0 {
			i, list = len(list), append(list, &neededBuild{crate: img.Crate})
		}
		b := list[i]
		b.binaries = append(b.binaries, img.Binary)
		for _, t := range img.Targets {
			if !slices.Contains(b.targets, t) {
				b.targets = append(b.targets, t)
			}
		}
	}
	return list
}

// checkBuilds returns an error unless the crate's own release builds what its images need.
func (p *Crate) checkBuilds(b *neededBuild) error {
	for _, t := range b.targets {
		if !slices.Contains(p.Targets, t) {
			return fmt.Errorf("planning the images of crate %q: its own release is not built for %s: release the images apart", p.Name, t)
		}
	}
	for _, name := range b.binaries {
		if !slices.ContainsFunc(p.binaries, func(bin cargo.Target) bool { return bin.Name == name }) {
			return fmt.Errorf("planning the images of crate %q: its own release does not have the binary %q: release the images apart", p.Name, name)
		}
	}
	return nil
}

// build plans only the build of some of a crate's binaries: no changelog, no release files, no
// effects.
func (m *planner) build(b *neededBuild) (*Crate, error) {
	c, err := m.workspace.Crate(b.crate)
	if err != nil {
		return nil, err
	}
	p := m.newCrate(c, b.targets)
	p.binaries = slices.DeleteFunc(slices.Clone(c.Bins), func(bin cargo.Target) bool { return !slices.Contains(b.binaries, bin.Name) })
	p.chosen = len(p.binaries) < len(c.Bins)
	p.Publish.Reason = onlyImages
	p.Findings = append(p.Findings, m.workspace.Findings(c, false, b.targets...)...)
	if err := p.addSteps(m.workspace, c, nil, nil); err != nil {
		return nil, err
	}
	p.addNotes(m.workspace, c)
	if slices.Contains(b.targets, triple.Wasm) {
		p.Findings = append(p.Findings, finding.Finding{Stops: finding.Nothing, Crate: c.Name, What: "it was not tested: nothing here runs wasm"})
	}
	p.Findings = p.Findings.Sorted()
	return p, nil
}
