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
	"fmt"
	"slices"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/changelog"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/step"
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
	Channel    string      `json:"channel,omitempty"` // what rust-toolchain.toml asks for
	Targets    []string    `json:"targets"`
	Trees      []step.Tree `json:"trees"`
	Steps      []step.Step `json:"steps"`
	Signing    string      `json:"signing,omitempty"` // how binaries are signed; "" where there are none
	// SigningServices are as in the request.
	SigningServices []string   `json:"signingServices,omitempty"`
	Artifacts       []Artifact `json:"artifacts"`
	Effects         []Effect   `json:"effects"`
	Notes           string     `json:"notes"`             // the release notes: the changelog's section
	Latest          bool       `json:"latest,omitempty"`  // it may be the latest release of the repository
	Owners          string     `json:"owners,omitempty"`  // an owner that the registry must name
	Remarks         []string   `json:"remarks,omitempty"` // what a maintainer should know

	toolchain cargo.Toolchain
}

// Publish says whether the crate goes to a registry and why not.
type Publish struct {
	Publishable bool     `json:"publishable"`
	Reason      string   `json:"reason,omitempty"`
	Registries  []string `json:"registries,omitempty"`
	// Registry is the one to publish to, as cargo's --registry names it, "" for
	// crates.io; Index is its index, "" where cargo is asked for it.
	Registry string `json:"registry,omitempty"`
	Index    string `json:"index,omitempty"`
	// Steps ask and change the registry: a release runs them, a dry run does not.
	Steps []step.Step `json:"steps,omitempty"`
}

// New plans a release. Every error names the input that is wrong, what was
// expected and what to do; none is left for a container to find that the
// manifests can tell.
func New(w *cargo.Workspace, req Request) (*Plan, error) {
	c, err := w.Crate(req.Crate)
	if err != nil {
		return nil, err
	}
	v, err := checkVersion(c, req.Version)
	if err != nil {
		return nil, err
	}
	if err := req.Source.check(v.Tag(c.Name)); err != nil {
		return nil, err
	}
	if err := w.Check(c); err != nil {
		return nil, err
	}
	notes, err := readNotes(w, c, v)
	if err != nil {
		return nil, err
	}
	p := &Plan{
		Schema: Schema, Crate: c.Name, Version: v.String(), Prerelease: v.IsPrerelease(), Tag: v.Tag(c.Name),
		Directory: c.Dir, Source: req.Source, Channel: w.Toolchain.Channel, Notes: notes, toolchain: w.Toolchain,
	}
	p.Source.Branches = nil // a clone has others than the next, and the plan hangs on none
	p.Publish.Publishable, p.Publish.Reason = c.Publishable()
	p.Publish.Registries = c.Registries()
	p.Publish.choose(w)
	if err := p.choose(w, req); err != nil {
		return nil, err
	}
	if len(c.Bins) > 0 {
		p.Signing, p.SigningServices = cmp.Or(req.Signing, SignedKeyless), req.SigningServices
	}
	p.Latest = w.Settings.Main == c.Name && !p.Prerelease
	p.Owners = w.Settings.Owners
	return p, p.fill(w, c)
}

// fill derives what follows from the choices: order, steps, artifacts, effects.
func (p *Plan) fill(w *cargo.Workspace, c *cargo.Crate) error {
	before, err := w.Requires(c)
	if err != nil {
		return err
	}
	for _, r := range before {
		if p.Publish.Publishable { // otherwise what it needs is built into it
			p.Requires = append(p.Requires, r.Name)
		}
	}
	if err := p.addSteps(w, c, before); err != nil {
		return err
	}
	if err := p.addArtifacts(c); err != nil {
		return err
	}
	p.addEffects()
	p.addRemarks(w)
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

func readNotes(w *cargo.Workspace, c *cargo.Crate, v version.Version) (string, error) {
	name, text, err := w.ReadChangelog(c)
	if err != nil {
		return "", err
	}
	notes, err := changelog.Section(text, v.String())
	if err != nil {
		return "", fmt.Errorf("reading %q: %w", name, err)
	}
	return notes, nil
}

// Accepts returns an error when a compiler of the given release is not the one
// that the workspace's toolchain file asks for.
func (p *Plan) Accepts(release string) error {
	if p.toolchain.Accepts(release) {
		return nil
	}
	return fmt.Errorf("checking toolchain %q: it has Rust %s, but rust-toolchain.toml asks for channel %q: pass --toolchain with an image of that channel, or change the file", p.Toolchain, release, p.Channel)
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
