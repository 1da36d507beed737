package plan

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/triple"
	"dagger/slipway/ci/version"
)

// ImagesSchema is the version of the JSON format of a plan of images.
const ImagesSchema = "slipway.images/v1"

// Images is the plan of a release of images: everything it does, in order. Registry and
// repository are not part of it, as for a crate: the same source gives the same plan in every
// fork.
type Images struct {
	Schema     string        `json:"schema"`
	Version    string        `json:"version"`
	Prerelease bool          `json:"prerelease"`
	Source     Source        `json:"source,omitzero"`
	Toolchain  string        `json:"toolchain"`
	Images     []cargo.Image `json:"images"`
	// Builds are the builds for the images, one per crate.
	Builds          []*Plan  `json:"builds"`
	Signing         string   `json:"signing"`
	SigningServices []string `json:"signingServices,omitempty"`
	Effects         []Effect `json:"effects"`
	// Findings are the same as in a crate's [Plan].
	Findings finding.List `json:"findings,omitempty"`
}

// NewImages plans a release of the named images, or of all that the workspace declares if names
// is nil, with a version of their own. It ignores what the request says about a crate. Errors are
// as in [New].
func NewImages(w *cargo.Workspace, released string, names []string, req Request) (*Images, error) {
	if err := req.checkAddresses(); err != nil {
		return nil, err
	}
	v, err := version.Parse(released)
	if err != nil {
		return nil, err
	}
	if err := req.Source.check(); err != nil {
		return nil, err
	}
	p := &Images{
		Schema: ImagesSchema, Version: v.String(), Prerelease: v.IsPrerelease(), Source: req.Source,
		Signing: cmp.Or(req.Signing, SignedKeyless), SigningServices: req.SigningServices,
	}
	p.Source.Branches = nil
	if p.Images, err = chooseImages(w, names); err != nil {
		return nil, err
	}
	if p.Toolchain, p.Findings, err = chooseToolchain(w, req.Toolchain); err != nil {
		return nil, err
	}
	p.Findings = append(p.Findings, req.Source.findings(p.Version)...)
	if err := p.addBuilds(w, req); err != nil {
		return nil, err
	}
	p.addEffects()
	return p, nil
}

func chooseImages(w *cargo.Workspace, names []string) ([]cargo.Image, error) {
	if err := checkList("--image", names); err != nil {
		return nil, err
	}
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

// addBuilds plans the builds: each crate once, for the targets of all its images.
func (p *Images) addBuilds(w *cargo.Workspace, req Request) error {
	targets, binaries := map[string][]string{}, map[string][]string{}
	var crates []string
	for _, img := range p.Images {
		if img.Crate == "" {
			continue
		}
		binaries[img.Crate] = append(binaries[img.Crate], img.Binary)
		if targets[img.Crate] == nil {
			crates = append(crates, img.Crate)
		}
		for _, t := range img.Targets {
			if !slices.Contains(targets[img.Crate], t) {
				targets[img.Crate] = append(targets[img.Crate], t)
			}
		}
	}
	for _, name := range crates {
		b, err := newBuild(w, name, binaries[name], targets[name], p.Toolchain, req.Source)
		if err != nil {
			return err
		}
		p.Findings = append(p.Findings, b.Findings...)
		b.Findings = nil
		p.Builds = append(p.Builds, b)
	}
	p.Findings = p.Findings.Sorted()
	return nil
}

// newBuild plans only the build of some of a crate's binaries: no changelog, no release files, no
// effects.
func newBuild(w *cargo.Workspace, name string, binaries, targets []string, toolchain string, source Source) (*Plan, error) {
	c, err := w.Crate(name)
	if err != nil {
		return nil, err
	}
	p := &Plan{
		Schema: Schema, Crate: c.Name, Version: c.Version, Directory: c.Dir, Source: source, Toolchain: toolchain,
		Channel: w.Toolchain.Channel, Targets: targets, toolchain: w.Toolchain,
	}
	p.Source.Branches = nil
	p.binaries = slices.DeleteFunc(slices.Clone(c.Bins), func(b cargo.Target) bool { return !slices.Contains(binaries, b.Name) })
	p.chosen = len(p.binaries) < len(c.Bins)
	p.Publish.Reason = onlyImages
	p.Findings = w.Findings(c, false, targets...)
	if err := p.addSteps(w, c, nil, nil); err != nil {
		return nil, err
	}
	p.addNotes(w, c)
	for _, t := range targets {
		if t == triple.Wasm {
			p.Findings = append(p.Findings, finding.Finding{Stops: finding.Nothing, Crate: c.Name, What: "it was not tested: nothing here runs wasm"})
		}
	}
	return p, nil
}

// addEffects lists the effects in order. An image is pushed by digest, which nobody looks up,
// then signed and described. Then the version's tag makes it public, so that no tag ever points
// to an unsigned image. `latest` moves once all versions are there.
func (p *Images) addEffects() {
	add := func(kind, name, target, about string) {
		p.Effects = append(p.Effects, Effect{Kind: kind, Image: name, Target: target, About: about})
	}
	for _, img := range p.Images {
		add(EffectPush, img.Name, "", "push image "+img.Name+" by its digest")
		add(EffectSign, img.Name, "", "sign image "+img.Name+" "+p.Signing+", and record it in the transparency log")
		for _, t := range img.Targets {
			what := "image " + img.Name
			if len(img.Targets) > 1 {
				what += " for " + t
				add(EffectSign, img.Name, t, "sign "+what+" likewise")
			}
			add(EffectSBOM, img.Name, t, "attach the signed SBOM of "+what)
		}
		add(EffectProvenance, img.Name, "", "attach the signed provenance of image "+img.Name)
	}
	for _, img := range p.Images {
		add(EffectTag, img.Name, "", "tag image "+img.Name+" as "+p.Version)
	}
	if p.Prerelease {
		return
	}
	for _, img := range p.Images {
		add(EffectLatest, img.Name, "", "tag image "+img.Name+" as latest, unless a higher version exists")
	}
}

// JSON returns the plan as indented JSON.
func (p *Images) JSON() ([]byte, error) { return render(p) }

// Digest returns "sha256:" and the hex digest of the plan's JSON.
func (p *Images) Digest() (string, error) { return digestOf(p) }

// CheckDryRun returns an error if not even a dry run is possible.
func (p *Images) CheckDryRun() error {
	return p.Findings.Check("checking the images", finding.Everything)
}

// CheckRelease returns an error unless a real release, not just a dry run, may be made.
func (p *Images) CheckRelease() error {
	return errors.Join(p.Source.CheckRelease(), p.Findings.Check("checking the images", finding.Everything, finding.Release))
}
