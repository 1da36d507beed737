// Package report says what a run has done: as text for people, as Markdown for the summary of a CI
// job, and as JSON for programs.
package report

import (
	"encoding/json"
	"fmt"
	"slices"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/build"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/sign"
)

// Report is the result of a run of a plan.
type Report struct {
	DryRun bool   `json:"dryRun"`
	Title  string `json:"-"`    // what the plan releases, for people
	Plan   string `json:"plan"` // the plan's digest
	// Published means that all effects were performed.
	Published bool    `json:"published,omitempty"`
	Seconds   float64 `json:"seconds"`
	// Error is the reason why a release did not finish.
	Error     string `json:"error,omitempty"`
	Version   string `json:"version,omitempty"` // that of the images
	Runner    string `json:"runner,omitempty"`  // "" if nothing ran
	Toolchain string `json:"toolchain"`
	Rust      string `json:"rust,omitempty"`
	// Digest is the digest of the directory that another job continues from.
	Digest handover.Digest `json:"digest,omitempty"`
	// Staged means that only the results of the steps were written, for another job to sign.
	Staged bool     `json:"staged,omitempty"`
	Crates []*Crate `json:"crates,omitempty"` // in the plan's order
	Images []Image  `json:"images,omitempty"`
	// Signer and Issuer are the identity in the certificate of the images.
	Signer   string            `json:"signer,omitempty"`
	Issuer   string            `json:"issuer,omitempty"`
	Effects  []plan.Effect     `json:"effects"` // what a release does; a dry run has done none of it
	Outcomes []publish.Outcome `json:"outcomes,omitempty"`
	Notes    []string          `json:"notes,omitempty"`
	// Findings lists the plan's findings and those of a dry run.
	Findings finding.List `json:"findings,omitempty"`

	who sign.Identity // who signed the images
}

// Crate is the result for one crate.
type Crate struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Tag     string `json:"tag,omitempty"` // "" for a crate that is only built
	Plan    string `json:"plan"`          // the digest of the plan for this crate alone
	// State is how far the release has got: [Released], [Incomplete] or [NotBegun]; "" if there
	// was none.
	State     string        `json:"state,omitempty"`
	Signed    string        `json:"signed,omitempty"` // how the binaries were signed
	Tests     []build.Tests `json:"tests"`
	Dir       string        `json:"dir,omitempty"` // of the artifacts, below that of the run
	Artifacts []dist.File   `json:"artifacts"`
	URL       string        `json:"url,omitempty"` // of the GitHub release
	Steps     []string      `json:"-"`             // the names of the plan's steps, in order

	unpackaged bool // a dry run could not package it: there is a finding that says why
}

// The states of a release.
const (
	Released   = "released"
	Incomplete = "incomplete"
	NotBegun   = "not begun"
)

// Image is one image.
type Image struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Digest string `json:"digest"` // of the manifest that a tag points to
	// Reference is where the image was released, tagged with its version.
	Reference string `json:"reference,omitempty"`
}

// New returns the report of a dry run in which nothing has been done yet. runner is "" if nothing
// runs.
func New(p *plan.Plan, runner string) (*Report, error) {
	digest, err := p.Digest()
	if err != nil {
		return nil, err
	}
	r := &Report{
		DryRun: true, Title: p.Title(), Plan: digest, Version: p.Version, Runner: runner, Toolchain: p.Toolchain,
		Effects: p.Effects, Findings: p.Findings,
	}
	for _, c := range p.Crates {
		one := &Crate{Name: c.Name, Version: c.Version, Tag: c.Tag}
		if one.Plan, err = plan.Of(c).Digest(); err != nil {
			return nil, err
		}
		for _, s := range c.Steps {
			one.Steps = append(one.Steps, s.Name)
		}
		r.Crates = append(r.Crates, one)
	}
	return r, nil
}

// AddBuilt adds what the steps of one of the crates have built, tested and found.
func (r *Report) AddBuilt(c *Crate, b *build.Built) {
	r.Rust, r.Findings = b.Rust.Release, append(slices.Clone(r.Findings), b.Findings...).Sorted()
	c.Tests, c.unpackaged = b.Tests, b.Unpackaged
}

// AddImages adds the images that were made.
func (r *Report) AddImages(made []*assemble.Image) {
	for _, m := range made {
		r.Images = append(r.Images, Image{Name: m.Name, Kind: m.Kind, Digest: m.Digest.String()})
	}
}

// AddSigner adds who signs the images.
func (r *Report) AddSigner(who sign.Identity) {
	r.Signer, r.Issuer, r.who = who.Subject, who.Issuer, who
}

// AddNote adds a note, once.
func (r *Report) AddNote(note string) {
	if !slices.Contains(r.Notes, note) {
		r.Notes = append(r.Notes, note)
	}
}

// Fail notes the error that ended a release.
func (r *Report) Fail(err error) { r.Error = console.ErrorText(err) }

// JSON renders the report for programs.
func (r *Report) JSON() ([]byte, error) {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the report: %w", err)
	}
	return append(console.JSON(raw), '\n'), nil
}
