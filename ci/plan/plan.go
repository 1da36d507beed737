// Package plan computes the plan of a release. The plan is a pure function of the workspace and
// the request and lists everything that will happen, in order, before anything does. Equal
// workspaces and requests give equal plans and equal digests on any machine.
package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/toolchain"
)

// Schema is the version of a plan's JSON format. It changes when a reader of the old format would
// misread the new one.
const Schema = "slipway.plan/v2"

// Plan is everything that a release of crates, of images or of both does, in order. A dry run has
// the same plan and performs no effects. Registries of images and the repository are not part of
// it: the same source gives the same plan in every fork.
type Plan struct {
	Schema    string `json:"schema"`
	Version   string `json:"version,omitempty"` // that of the images, "" without images
	Source    Source `json:"source,omitzero"`
	Toolchain string `json:"toolchain"`         // the image that every step runs in
	Channel   string `json:"channel,omitempty"` // what the toolchain file asks for
	// Rust is what that stands for, if slipway's own image is made with it.
	Rust toolchain.Rust `json:"rust,omitzero"`
	// Crates are what is built, in release order: what a crate needs from a registry comes before
	// it. After those that are released come those that are only built, for images.
	Crates []*Crate `json:"crates,omitempty"`
	// Images are what is made of the crates, and of files of the workspace.
	Images []cargo.Image `json:"images,omitempty"`
	// Signing is how the images are signed, "" if there are none; SigningServices are those of
	// the request.
	Signing         string   `json:"signing,omitempty"`
	SigningServices []string `json:"signingServices,omitempty"`
	// Effects are those of all crates and images, in the order in which they are performed.
	Effects []Effect `json:"effects"`
	// Findings are the faults of the workspace and notes for the maintainer, sorted.
	Findings finding.List `json:"findings,omitempty"`
}

// New plans a release. Faults of the workspace are in the plan's findings. An error means that
// the request is invalid, or that the workspace cannot be read; the errors of all crates are
// reported together.
func New(w *cargo.Workspace, req Request) (*Plan, error) {
	if err := errors.Join(req.checkAddresses(), req.Source.check()); err != nil {
		return nil, err
	}
	m := &planner{workspace: w, request: req}
	var err error
	if m.toolchain, m.found, err = chooseToolchain(w, req); err != nil {
		return nil, err
	}
	if req.Rust.Makes(m.toolchain) {
		m.rust = req.Rust
	}
	p := &Plan{Schema: Schema, Source: req.Source.planned(), Toolchain: m.toolchain, Channel: w.Toolchain.Channel, Rust: m.rust}
	if req.Crates != nil || req.Images == nil {
		crates, err := m.releases()
		if err != nil {
			return nil, err
		}
		p.add(crates...)
	}
	if req.Images != nil {
		if err := m.addImages(p); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Of returns the plan of releasing a crate alone, which is the same whatever the crate was planned
// with. Its digest is what the crate's provenance names.
func Of(c *Crate) *Plan {
	p := &Plan{Schema: Schema, Source: c.Source, Toolchain: c.Toolchain, Channel: c.toolchain.Channel, Rust: c.Rust}
	p.add(c)
	return p
}

// add adds crates, their effects and their findings.
func (p *Plan) add(crates ...*Crate) {
	for _, c := range crates {
		p.Crates = append(p.Crates, c)
		p.Effects = append(p.Effects, c.effects()...)
		p.Findings = append(p.Findings, c.Findings...)
	}
	p.Findings = p.Findings.Sorted()
}

// Crate returns the crate of that name, nil if the plan has none.
func (p *Plan) Crate(name string) *Crate {
	if i := slices.IndexFunc(p.Crates, func(c *Crate) bool { return c.Name == name }); i >= 0 {
		return p.Crates[i]
	}
	return nil
}

// Released returns the crates that are released, as opposed to those that are only built.
func (p *Plan) Released() []*Crate {
	return slices.DeleteFunc(slices.Clone(p.Crates), func(c *Crate) bool { return !c.Released() })
}

// Title describes what is released, for people.
func (p *Plan) Title() string {
	var parts []string
	switch released := p.Released(); len(released) {
	case 0:
	case 1:
		parts = append(parts, released[0].Tag)
	default:
		parts = append(parts, fmt.Sprintf("%d crates", len(released)))
	}
	if len(p.Images) > 0 {
		parts = append(parts, fmt.Sprintf("%d images in version %s", len(p.Images), p.Version))
	}
	return strings.Join(parts, " and ")
}

// Without returns the crates that c needs from a registry and that the plan does not release, so
// that they must already be published.
func (p *Plan) Without(c *Crate) []string {
	return slices.DeleteFunc(slices.Clone(c.Requires), func(name string) bool {
		other := p.Crate(name)
		return other != nil && other.Released()
	})
}

// CheckDryRun returns a *finding.Error if not even a dry run is possible.
func (p *Plan) CheckDryRun() error { return p.check(finding.Everything) }

// CheckRelease returns an error unless a real release, not just a dry run, may be made. The error
// is about the state of the source, the workspace's findings (a *finding.Error), or both.
func (p *Plan) CheckRelease() error {
	return errors.Join(p.Source.CheckRelease(), p.check(finding.Everything, finding.Release, finding.Registry))
}

func (p *Plan) check(stops ...finding.Stops) error {
	what := p.Title()
	if len(p.Crates) == 1 && len(p.Images) == 0 {
		what = fmt.Sprintf("crate %q", p.Crates[0].Name)
	}
	return p.Findings.Check("checking "+what, stops...)
}

// JSON returns the plan as indented JSON.
func (p *Plan) JSON() ([]byte, error) {
	raw, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing plan: %w", err)
	}
	return append(console.JSON(raw), '\n'), nil
}

// Digest returns "sha256:" and the hex digest of the plan's JSON.
func (p *Plan) Digest() (string, error) {
	raw, err := p.JSON()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}
