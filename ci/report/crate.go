// Package report says what a run has done: as text for people, as Markdown for the summary of a CI
// job, and as JSON for programs.
package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/build"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/plan"
)

// Crate is the result of a run for a crate, as text for people or as JSON for machines.
type Crate struct {
	Unit
	Crate     string        `json:"crate"`
	Tag       string        `json:"tag"`
	Signed    string        `json:"signed,omitempty"` // how the binaries were signed
	Tests     []build.Tests `json:"tests"`
	Artifacts []dist.File   `json:"artifacts"`
	URL       string        `json:"url,omitempty"` // of the GitHub release

	unpackaged bool
}

// NewCrate returns the report of a dry run in which nothing has been done yet.
func NewCrate(p *plan.Plan, runner string) (*Crate, error) {
	digest, err := p.Digest()
	if err != nil {
		return nil, err
	}
	return &Crate{Crate: p.Crate, Tag: p.Tag, Unit: Unit{
		Run: Run{DryRun: true, Plan: digest}, Version: p.Version, Runner: runner, Toolchain: p.Toolchain,
		Effects: p.Effects, Findings: p.Findings, Steps: stepNames("", p.Steps),
	}}, nil
}

// AddBuilt adds what the steps have built, tested and found.
func (s *Crate) AddBuilt(b *build.Built) {
	s.addBuilt(b)
	s.Tests, s.unpackaged = b.Tests, b.Unpackaged
}

// AddDist adds the files of the release.
func (s *Crate) AddDist(d *assemble.Dist) { s.Artifacts, s.Signed = d.Files, d.How }

// JSON renders the summary for machines.
func (s *Crate) JSON() ([]byte, error) { return render(s) }

// Text renders the summary for people. dir is the directory with the artifacts; "" means that
// the reader has yet to export them.
func (s *Crate) Text(dir string) string {
	var b strings.Builder
	switch {
	case s.Published:
		console.Fprintf(&b, "\nReleased %s: %s\n", s.Tag, s.URL)
	case s.Staged:
		console.Fprintf(&b, "\n%s is built, tested and packaged; nothing is signed yet.\n", s.Tag)
	case s.DryRun && s.unpackaged:
		console.Fprintf(&b, "\nDry run of %s: every step ran except those that package it, nothing was changed anywhere.\n", s.Tag)
	case s.DryRun:
		console.Fprintf(&b, "\nDry run of %s: every step ran, nothing was changed anywhere.\n", s.Tag)
	default:
		console.Fprintf(&b, "\n%s is built, tested and signed; nothing was published.\n", s.Tag)
	}
	console.Fprintf(&b, "\n  plan       %s\n  runner     %s\n  toolchain  %s%s\n", s.Plan, s.Runner, s.Toolchain, inRust(s.Rust))
	s.writeBody(&b, dir)
	return b.String()
}

// writeBody writes what was tested, signed, made and done.
func (s *Crate) writeBody(b *strings.Builder, dir string) {
	if len(s.Tests) > 0 {
		b.WriteString("\nTested\n")
		b.WriteString(s.TestText())
	}
	if s.Signed != "" {
		console.Fprintf(b, "\nSigned\n  %s\n  verified as whoever downloads it would\n", s.Signed)
	}
	if len(s.Artifacts) > 0 {
		b.WriteString("\nMade\n")
	}
	for _, f := range s.Artifacts {
		console.Fprintf(b, "  %-50s %9s  sha256:%s\n", f.Name, humanize.IBytes(uint64(f.Size)), f.SHA256)
	}
	s.writeEffects(b)
	s.writeNotes(b)
	b.WriteString(s.verifyLines(dir))
}

// TestText describes what was tested, one line per target.
func (s *Crate) TestText() string {
	var b strings.Builder
	for _, t := range s.Tests {
		console.Fprintf(&b, "  %s\n", t)
	}
	return b.String()
}

// verifyLines returns the commands that verify the artifacts, or those that continue from
// staged results.
func (s *Crate) verifyLines(dir string) string {
	if s.Staged {
		return fmt.Sprintf("\nTo sign them, in a job that runs nothing of the workspace\n  slipway dist --crate %s --version %s --staged %s --staged-digest %s\n", s.Crate, s.Version, cmp.Or(dir, "DIR"), s.Digest)
	}
	for _, f := range s.Artifacts {
		if f.Name == plan.SumsName {
			if dir == "" {
				return "\nTo verify them, export the directory `dist` and run there\n  sha256sum --check " + plan.SumsName + "\n"
			}
			return console.Sprintf("\nTo verify them\n  (cd %s && sha256sum --check %s)\n", dir, plan.SumsName)
		}
	}
	return ""
}
