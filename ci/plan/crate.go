package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/notes"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/toolchain"
	"dagger/slipway/ci/version"
)

// Crate is what a plan says of one crate. One that is only built, for images, has no tag, no
// artifacts and no effects.
type Crate struct {
	Name       string      `json:"name"`
	Version    string      `json:"version"`
	Prerelease bool        `json:"prerelease"`
	Tag        string      `json:"tag,omitempty"`
	Directory  string      `json:"directory"`
	Publish    Publish     `json:"publish"`
	Requires   []string    `json:"requires,omitempty"` // workspace crates to publish first, in order
	Targets    []string    `json:"targets"`
	Trees      []step.Tree `json:"trees"`
	Steps      []step.Step `json:"steps"`
	Signing    string      `json:"signing,omitempty"` // how binaries are signed; "" if there are none
	// SigningServices are those of the request.
	SigningServices []string   `json:"signingServices,omitempty"`
	Artifacts       []Artifact `json:"artifacts,omitempty"`
	Notes           string     `json:"notes"`               // the release notes
	NotesFrom       string     `json:"notesFrom,omitempty"` // where they come from
	Latest          bool       `json:"latest,omitempty"`    // it may become the latest release of the repository
	Owners          string     `json:"owners,omitempty"`    // an owner that the crate must have in the registry

	// Source, Toolchain and Rust are the plan's, in whose JSON they are. Findings are the crate's
	// part of the plan's.
	Source    Source         `json:"-"`
	Toolchain string         `json:"-"`
	Rust      toolchain.Rust `json:"-"`
	Findings  finding.List   `json:"-"`

	toolchain cargo.Toolchain
	binaries  []cargo.Target // the binaries to release
	chosen    bool           // the binaries are not all that cargo would build
}

// Released reports whether the crate is released, and not only built.
func (p *Crate) Released() bool { return p.Tag != "" }

// Publish says whether the crate goes to a registry, which one and, if not, why.
type Publish struct {
	Publishable bool   `json:"publishable"`
	Reason      string `json:"reason,omitempty"`
	// Unpackageable is the reason why cargo cannot package the crate, "" if it can. There is a
	// finding that stops publishing then, and a dry run does everything except packaging.
	Unpackageable string   `json:"unpackageable,omitempty"`
	Registries    []string `json:"registries,omitempty"`
	// Registry is the registry to publish to, as cargo's --registry names it, "" for crates.io.
	// Index is its index from the configuration, "" if cargo has to be asked.
	Registry string `json:"registry,omitempty"`
	Index    string `json:"index,omitempty"`
	// Steps query and change the registry; only a release runs them, not a dry run.
	Steps []step.Step `json:"steps,omitempty"`
}

// planner makes the plan of one request.
type planner struct {
	workspace *cargo.Workspace
	request   Request
	toolchain string         // the image that steps run in
	rust      toolchain.Rust // the Rust in it, if slipway makes it with one that is not Debian's
	found     finding.List   // about the toolchain
}

// releases plans the crates to release, in order.
func (m *planner) releases() ([]*Crate, error) {
	chosen, err := chooseCrates(m.workspace, m.request.Crates)
	wrong := []error{err}
	if chosen, err = inOrder(m.workspace, chosen); err != nil {
		return nil, err
	}
	var list []*Crate
	for _, one := range chosen {
		p, err := m.release(one.crate, one.version)
		list = append(list, p)
		// A fault of the workspace is an error for each of its crates: report it once.
		if err != nil && !slices.ContainsFunc(wrong, func(told error) bool { return told != nil && told.Error() == err.Error() }) {
			wrong = append(wrong, err)
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	return list, nil
}

// newCrate returns what is known of every crate that is built.
func (m *planner) newCrate(c *cargo.Crate, targets []string) *Crate {
	return &Crate{
		Name: c.Name, Version: c.Version, Directory: c.Dir, Targets: targets, Source: m.request.Source.planned(), Toolchain: m.toolchain, Rust: m.rust,
		toolchain: m.workspace.Toolchain, Findings: slices.Clone(m.found),
	}
}

// release plans the release of a crate.
func (m *planner) release(c *cargo.Crate, requested string) (*Crate, error) {
	w, req := m.workspace, m.request
	v, err := checkVersion(c, requested)
	if err != nil {
		return nil, err
	}
	targets, err := chooseTargets(req.Targets)
	if err != nil {
		return nil, err
	}
	said, found, err := notes.Find(w, c, req.History)
	if err != nil {
		return nil, err
	}
	p := m.newCrate(c, targets)
	p.Prerelease, p.Tag = v.IsPrerelease(), v.Tag(c.Name)
	p.Notes, p.NotesFrom = said.Text, said.From
	p.Findings = slices.Concat(p.Findings, w.Findings(c, true, targets...), w.RegistryFindings(c), w.BinaryFindings(c), found, concerning(w, c, req.Source.findings(p.Tag)))
	p.Publish.Publishable, p.Publish.Reason = c.Publishable()
	p.Publish.Unpackageable = w.Unpackageable(c)
	p.Publish.Registries = c.Registries()
	p.Publish.choose(w, c)
	p.binaries, p.chosen = c.Shipped(), c.ChoosesBinaries()
	if len(p.binaries) > 0 {
		p.Signing, p.SigningServices = req.signing(), req.SigningServices
	}
	p.Latest = w.Settings.Main == c.Name && !p.Prerelease
	p.Owners = w.Settings.Owners
	return p, m.fill(p, c)
}

// fill derives the rest of a release from the choices: order, steps, artifacts.
func (m *planner) fill(p *Crate, c *cargo.Crate) error {
	before, err := m.workspace.Requires(c)
	if err != nil {
		p.Findings = append(p.Findings, finding.Finding{Stops: finding.Everything, Crate: c.Name, What: err.Error(), Do: "take one of the dependencies out of the cycle"})
	}
	for _, r := range before {
		if p.Publish.Publishable { // otherwise its dependencies are only built into it
			p.Requires = append(p.Requires, r.Name)
		}
	}
	if err := p.addSteps(m.workspace, c, before, m.request.Record); err != nil {
		return err
	}
	if err := p.addArtifacts(); err != nil {
		return err
	}
	p.addNotes(m.workspace, c)
	p.Findings = p.Findings.Sorted()
	return step.Check(slices.Concat(p.Steps, p.Publish.Steps), p.Trees)
}

func checkVersion(c *cargo.Crate, requested string) (version.Version, error) {
	v, err := version.Parse(requested)
	if err != nil {
		return v, err
	}
	if c.Version != "" && v.String() != c.Version { // otherwise there is a finding
		return v, fmt.Errorf("checking version %q: crate %q is at %q in its manifest: release that version, or change %q first", v, c.Name, c.Version, c.Dir+"/Cargo.toml")
	}
	return v, nil
}

// Accepts returns a finding if a compiler of the given release is not the one that the
// workspace's toolchain file asks for. For Debian's Rust the plan already has that finding. An image
// that slipway makes with another is right by the hash of its manifest; a release does not show the
// date of a nightly.
func (p *Crate) Accepts(release string) finding.List {
	made := p.Rust.Makes(p.Toolchain) && p.Rust != (toolchain.Rust{})
	name, _, dated := strings.Cut(p.Rust.Channel, "-")
	switch {
	case made && (p.Rust.Channel == release || dated && strings.Contains(release, "-"+name)):
		return nil
	case !made && (p.toolchain.Accepts(release) || p.Toolchain == toolchain.Reference()):
		return nil
	}
	return finding.List{wrongChannel(p.toolchain, fmt.Sprintf("toolchain %q", p.Toolchain), release)}
}
