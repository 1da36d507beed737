// Package plan makes the plan of a release: a pure function of the workspace
// and the request that says everything that will happen, in order, before
// anything does. Equal workspaces and requests give equal plans and equal
// digests on any machine.
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

// Schema names the form of a plan's JSON. It changes when a reader of the old
// form would be misled by the new.
const Schema = "slipway.plan/v1"

// Request is what a maintainer asks for.
type Request struct {
	Crate   string
	Version string
	// Toolchain is an image reference, or a name that the runner was given an
	// image for; "" chooses (see chooseToolchain).
	Toolchain string
	// Targets are target triples; none means both musl targets.
	Targets []string
	// Signing is how a release signs its binaries: [SignedKeyless], which "" means
	// too, or [SignedByKey].
	Signing string
	// SigningServices are the addresses of a sigstore other than the public one.
	SigningServices []string
	// Source is what is known of the workspace's git repository.
	Source Source
	// History asks git for the commits that notes are made of where no changelog has them;
	// nil means that there is no repository.
	History notes.Ask
	// Record is what cargo is shown of it, nil for nothing: the commit that the packaged
	// crate names then.
	Record *gitdir.Record
}

// The ways of signing. A dry run signs with a key of no worth whatever the plan says.
const (
	SignedKeyless = "keyless"
	SignedByKey   = "with a key"
)

// Plan is everything that a release does, in order. Whether it is a dry run is
// no part of it: a dry run follows the same plan and performs no effect.
type Plan struct {
	Schema     string      `json:"schema"`
	Crate      string      `json:"crate"`
	Version    string      `json:"version"`
	Prerelease bool        `json:"prerelease"`
	Tag        string      `json:"tag"`
	Directory  string      `json:"directory"`
	Source     Source      `json:"source,omitzero"`
	Publish    Publish     `json:"publish"`
	Requires   []string    `json:"requires,omitempty"` // workspace crates to publish before, in order
	Toolchain  string      `json:"toolchain"`
	Channel    string      `json:"channel,omitempty"` // what the toolchain file asks for
	Targets    []string    `json:"targets"`
	Trees      []step.Tree `json:"trees"`
	Steps      []step.Step `json:"steps"`
	Signing    string      `json:"signing,omitempty"` // how binaries are signed; "" where there are none
	// SigningServices are as in the request.
	SigningServices []string   `json:"signingServices,omitempty"`
	Artifacts       []Artifact `json:"artifacts"`
	Effects         []Effect   `json:"effects"`
	Notes           string     `json:"notes"`               // the release notes
	NotesFrom       string     `json:"notesFrom,omitempty"` // where they come from
	Latest          bool       `json:"latest,omitempty"`    // it may be the latest release of the repository
	Owners          string     `json:"owners,omitempty"`    // an owner that the registry must name
	// Findings are what is wrong with the workspace and what a maintainer should know, sorted.
	Findings finding.List `json:"findings,omitempty"`

	toolchain cargo.Toolchain
	binaries  []cargo.Target // those that are released
	chosen    bool           // they are not all that cargo would build
}

// Publish says whether the crate goes to a registry and why not.
type Publish struct {
	Publishable bool   `json:"publishable"`
	Reason      string `json:"reason,omitempty"`
	// Unpackageable says why cargo cannot package the crate, "" where it can: a finding then
	// stops the registry, and a dry run does all but packaging.
	Unpackageable string   `json:"unpackageable,omitempty"`
	Registries    []string `json:"registries,omitempty"`
	// Registry is the one to publish to, as cargo's --registry names it, "" for
	// crates.io; Index is its index, "" where cargo is asked for it.
	Registry string `json:"registry,omitempty"`
	Index    string `json:"index,omitempty"`
	// Steps ask and change the registry: a release runs them, a dry run does not.
	Steps []step.Step `json:"steps,omitempty"`
}

// checkAddresses refuses addresses that hold a secret: a plan shows them.
func (r Request) checkAddresses() error {
	for _, service := range r.SigningServices {
		if err := address.Check("a service that signs (--fulcio-url, --rekor-url, --timestamp-url)", service); err != nil {
			return err
		}
	}
	return address.CheckReference("the toolchain (--toolchain)", r.Toolchain)
}

// New plans a release. What is wrong with the workspace is in the plan's findings; an error
// is a request that names what is not there, or a workspace that cannot be read.
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
	p.Findings = slices.Concat(w.Findings(c, true), w.RegistryFindings(c), w.BinaryFindings(c), found, req.Source.findings(p.Tag))
	p.Source.Branches = nil // branch names differ between clones, so the plan does not include them
	p.Publish.Publishable, p.Publish.Reason = c.Publishable()
	p.Publish.Unpackageable = w.Unpackageable(c)
	p.Publish.Registries = c.Registries()
	p.Publish.choose(w, c)
	if err := p.choose(w, req); err != nil {
		return nil, err
	}
	p.binaries, p.chosen = c.Shipped(), c.ChoosesBinaries()
	if len(p.binaries) > 0 {
		p.Signing, p.SigningServices = cmp.Or(req.Signing, SignedKeyless), req.SigningServices
	}
	p.Latest = w.Settings.Main == c.Name && !p.Prerelease
	p.Owners = w.Settings.Owners
	return p, p.fill(w, c, req.Record)
}

// fill derives what follows from the choices: order, steps, artifacts, effects.
func (p *Plan) fill(w *cargo.Workspace, c *cargo.Crate, record *gitdir.Record) error {
	before, err := w.Requires(c)
	if err != nil {
		p.Findings = append(p.Findings, finding.Finding{Stops: finding.Everything, Crate: c.Name, What: err.Error(), Do: "take one of the dependencies out of the cycle"})
	}
	for _, r := range before {
		if p.Publish.Publishable { // otherwise what it needs is built into it
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
	if v.String() != c.Version {
		return v, fmt.Errorf("checking version %q: crate %q is at %q in its manifest: release that version, or change %q first", v, c.Name, c.Version, c.Dir+"/Cargo.toml")
	}
	return v, nil
}

// CheckDryRun returns an error, a *finding.Error, where not even a dry run can be made.
func (p *Plan) CheckDryRun() error {
	return p.Findings.Check(fmt.Sprintf("checking crate %q", p.Crate), finding.Everything)
}

// CheckRelease returns an error where a release that is no dry run may not be made: of what is
// wrong with the workspace, a *finding.Error; of where it is made from.
func (p *Plan) CheckRelease() error {
	found := p.Findings.Check(fmt.Sprintf("checking crate %q", p.Crate), finding.Everything, finding.Release, finding.Registry)
	return errors.Join(p.Source.CheckRelease(), found)
}

// Accepts returns a finding when a compiler of the given release is not the one that the
// workspace's toolchain file asks for. Of slipway's own image the plan has said so.
func (p *Plan) Accepts(release string) finding.List {
	if p.toolchain.Accepts(release) || p.Toolchain == toolchain.Reference() {
		return nil
	}
	return finding.List{wrongChannel(p.toolchain, fmt.Sprintf("toolchain %q", p.Toolchain), release)}
}

// JSON renders the plan, sorted and indented.
func (p *Plan) JSON() ([]byte, error) { return render(p) }

// Digest is "sha256:" and the digest of the plan's JSON.
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
