package plan

import (
	"fmt"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/dist"
)

// Artifact is a file that a release leaves.
type Artifact struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"` // tarball, checksums, crate
	Target string `json:"target,omitempty"`
	// Files are the names in a tarball.
	Files []string `json:"files,omitempty"`
}

// The kinds of artifact.
const (
	Tarball   = "tarball"
	Checksums = "checksums"
	CrateFile = "crate"
)

// SumsName is the name of the file of checksums.
const SumsName = "SHA256SUMS"

// addArtifacts lists the files: a tarball per target and their checksums for a
// crate with binaries, the .crate file for one that is published.
func (p *Plan) addArtifacts(c *cargo.Crate) error {
	for _, t := range p.Targets {
		if len(c.Bins) == 0 {
			break
		}
		name, err := dist.TarballName(c.Name, t)
		if err != nil {
			return err
		}
		a := Artifact{Name: name, Kind: Tarball, Target: t}
		for _, b := range c.Bins {
			a.Files = append(a.Files, b.Name)
		}
		p.Artifacts = append(p.Artifacts, a)
	}
	if len(c.Bins) > 0 {
		p.Artifacts = append(p.Artifacts, Artifact{Name: SumsName, Kind: Checksums})
	}
	if p.Publish.Publishable {
		p.Artifacts = append(p.Artifacts, Artifact{Name: c.Name + "-" + p.Version + ".crate", Kind: CrateFile})
	}
	return nil
}

// Effect is a change to something that others see. A dry run performs none.
type Effect struct {
	Kind string `json:"kind"`
	// About says for people what the effect does.
	About string `json:"about"`
}

// addEffects lists the effects in their order: what can be taken back first
// (a draft that no one sees), then what cannot (a published version), then what
// announces it. So a release that stops half way shows the world nothing, or a
// finished crate whose announcement a second run completes.
func (p *Plan) addEffects() {
	add := func(kind, format string, args ...any) {
		p.Effects = append(p.Effects, Effect{Kind: kind, About: fmt.Sprintf(format, args...)})
	}
	add("draft", "make a draft of GitHub release %q", p.Tag)
	for _, a := range p.Artifacts {
		if a.Kind != CrateFile {
			add("asset", "upload %s to the draft and compare its digest", a.Name)
		}
	}
	if p.Publish.Publishable {
		registries := p.Publish.Registries
		if len(registries) == 0 {
			registries = []string{"cargo's default registry"}
		}
		for _, r := range registries {
			add("registry", "publish %s %s to %s and wait until its index shows it", p.Crate, p.Version, r)
		}
	}
	at := p.Source.Commit
	if at == "" {
		at = "the released commit"
	}
	add("tag", "make tag %q at %s", p.Tag, at)
	add("release", "publish the draft as %s", map[bool]string{true: "a prerelease", false: "a release"}[p.Prerelease])
}
