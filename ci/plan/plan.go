// Package plan computes the plan of a release. The plan is a pure function of the workspace and
// the request and lists everything that will happen, in order, before anything does. Equal
// workspaces and requests give equal plans and equal digests on any machine.
package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"dagger/slipway/ci/address"
	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/gitdir"
	"dagger/slipway/ci/notes"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/toolchain"
	"dagger/slipway/ci/version"
)

// Schema is the version of a plan's JSON format. It changes when a reader of the old format would
// misread the new one.
const Schema = "slipway.plan/v1"

// Request describes the release that a maintainer asks for.
type Request struct {
	Crate   string
	Version string
	// Toolchain is an image reference, or the name of an image that was passed to the runner; ""
	// selects one (see chooseToolchain).
	Toolchain string
	// Targets are target triples; none means both musl targets.
	Targets []string
	// Signing is how binaries are signed: [SignedKeyless], the default for "", or [SignedByKey].
	Signing string
	// SigningServices are the addresses of sigstore services other than the public ones.
	SigningServices []string
	// Source is the state of the workspace's git repository.
	Source Source
	// History asks git for the commits to make notes from if no changelog has them; nil means
	// that there is no repository.
	History notes.Ask
	// Record is what cargo sees of the repository, so that the packaged crate names its commit;
	// nil for nothing.
	Record *gitdir.Record
}

// The ways of signing. A dry run signs with an ephemeral key whatever the plan says.
const (
	SignedKeyless = "keyless"
	SignedByKey   = "with a key"
)

// Plan is everything that a release does, in order. A dry run has the same plan and performs no
// effects.
type Plan struct {
	Schema     string      `json:"schema"`
	Crate      string      `json:"crate"`
	Version    string      `json:"version"`
	Prerelease bool        `json:"prerelease"`
	Tag        string      `json:"tag"`
	Directory  string      `json:"directory"`
	Source     Source      `json:"source,omitzero"`
	Publish    Publish     `json:"publish"`
	Requires   []string    `json:"requires,omitempty"` // workspace crates to publish first, in order
	Toolchain  string      `json:"toolchain"`
	Channel    string      `json:"channel,omitempty"` // what the toolchain file asks for
	Targets    []string    `json:"targets"`
	Trees      []step.Tree `json:"trees"`
	Steps      []step.Step `json:"steps"`
	Signing    string      `json:"signing,omitempty"` // how binaries are signed; "" if there are none
	// SigningServices are those of the request.
	SigningServices []string   `json:"signingServices,omitempty"`
	Artifacts       []Artifact `json:"artifacts"`
	Effects         []Effect   `json:"effects"`
	Notes           string     `json:"notes"`               // the release notes
	NotesFrom       string     `json:"notesFrom,omitempty"` // where they come from
	Latest          bool       `json:"latest,omitempty"`    // it may become the latest release of the repository
	Owners          string     `json:"owners,omitempty"`    // an owner that the crate must have in the registry
	// Findings are the faults of the workspace and notes for the maintainer, sorted.
	Findings finding.List `json:"findings,omitempty"`

	toolchain cargo.Toolchain
	binaries  []cargo.Target // the binaries to release
	chosen    bool           // the binaries are not all that cargo would build
}

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

// checkAddresses refuses addresses that contain a secret, because plans are shown.
func (r Request) checkAddresses() error {
	for _, service := range r.SigningServices {
		if err := address.Check("a service that signs (--fulcio-url, --rekor-url, --timestamp-url)", service); err != nil {
			return err
		}
	}
	return address.CheckReference("the toolchain (--toolchain)", r.Toolchain)
}

// New plans a release. Faults of the workspace are in the plan's findings. An error means that
// the request is invalid, or that the workspace cannot be read.
func New(w *cargo.Workspace, req Request) (*Plan, error) {
	if err := req.checkAddresses(); err != nil {
		return nil, err
	}
	c, err := w.Crate(req.Crate)
	if err != nil {
		return nil, err
	}
	v, err := checkVersion(c, req.Version)
	if err != nil {
		return nil, err
	}
	if err := req.Source.check(); err != nil {
		return nil, err
	}
	said, found, err := notes.Find(w, c, req.History)
	if err != nil {
		return nil, err
	}
	p := &Plan{
		Schema: Schema, Crate: c.Name, Version: v.String(), Prerelease: v.IsPrerelease(), Tag: v.Tag(c.Name),
		Directory: c.Dir, Source: req.Source, Channel: w.Toolchain.Channel, toolchain: w.Toolchain,
		Notes: said.Text, NotesFrom: said.From,
	}
	if err := p.choose(w, req); err != nil {
		return nil, err
	}
	p.Findings = slices.Concat(p.Findings, w.Findings(c, true, p.Targets...), w.RegistryFindings(c), w.BinaryFindings(c), found, req.Source.findings(p.Tag))
	p.Source.Branches = nil // branch names differ between clones, so the plan does not include them
	p.Publish.Publishable, p.Publish.Reason = c.Publishable()
	p.Publish.Unpackageable = w.Unpackageable(c)
	p.Publish.Registries = c.Registries()
	p.Publish.choose(w, c)
	p.binaries, p.chosen = c.Shipped(), c.ChoosesBinaries()
	if len(p.binaries) > 0 {
		p.Signing, p.SigningServices = cmp.Or(req.Signing, SignedKeyless), req.SigningServices
	}
	p.Latest = w.Settings.Main == c.Name && !p.Prerelease
	p.Owners = w.Settings.Owners
	return p, p.fill(w, c, req.Record)
}

// fill derives the rest of the plan from the choices: order, steps, artifacts, effects.
func (p *Plan) fill(w *cargo.Workspace, c *cargo.Crate, record *gitdir.Record) error {
	before, err := w.Requires(c)
	if err != nil {
		p.Findings = append(p.Findings, finding.Finding{Stops: finding.Everything, Crate: c.Name, What: err.Error(), Do: "take one of the dependencies out of the cycle"})
	}
	for _, r := range before {
		if p.Publish.Publishable { // otherwise its dependencies are only built into it
			p.Requires = append(p.Requires, r.Name)
		}
	}
	if err := p.addSteps(w, c, before, record); err != nil {
		return err
	}
	if err := p.addArtifacts(c); err != nil {
		return err
	}
	p.addEffects()
	p.addNotes(w, c)
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

// CheckDryRun returns a *finding.Error if not even a dry run is possible.
func (p *Plan) CheckDryRun() error {
	return p.Findings.Check(fmt.Sprintf("checking crate %q", p.Crate), finding.Everything)
}

// CheckRelease returns an error unless a real release, not just a dry run, may be made. The error
// is about the state of the source, the workspace's findings (a *finding.Error), or both.
func (p *Plan) CheckRelease() error {
	found := p.Findings.Check(fmt.Sprintf("checking crate %q", p.Crate), finding.Everything, finding.Release, finding.Registry)
	return errors.Join(p.Source.CheckRelease(), found)
}

// Accepts returns a finding if a compiler of the given release is not the one that the
// workspace's toolchain file asks for. For slipway's own image the plan already has that finding.
func (p *Plan) Accepts(release string) finding.List {
	if p.toolchain.Accepts(release) || p.Toolchain == toolchain.Reference() {
		return nil
	}
	return finding.List{wrongChannel(p.toolchain, fmt.Sprintf("toolchain %q", p.Toolchain), release)}
}

// JSON returns the plan as indented JSON.
func (p *Plan) JSON() ([]byte, error) { return render(p) }

// Digest returns "sha256:" and the hex digest of the plan's JSON.
func (p *Plan) Digest() (string, error) { return digestOf(p) }

func render(plan any) ([]byte, error) {
	raw, err := json.MarshalIndent(plan, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing plan: %w", err)
	}
	return append(console.JSON(raw), '\n'), nil
}

func digestOf(plan any) (string, error) {
	raw, err := render(plan)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}
