package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/build"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/step"
)

// Run is what every report has.
type Run struct {
	DryRun bool   `json:"dryRun"`
	Plan   string `json:"plan"` // the plan's digest
	// Published means that the effects were performed.
	Published bool    `json:"published,omitempty"`
	Seconds   float64 `json:"seconds"`
	// Error is the reason why a release did not finish.
	Error string `json:"error,omitempty"`
}

// Fail notes the error that ended the run.
func (r *Run) Fail(err error) { r.Error = console.ErrorText(err) }

// Failed reports whether the release did not finish. The report then says what has happened.
func (r *Run) Failed() bool { return r.Error != "" }

// PlanDigest returns the digest of the plan that was followed.
func (r *Run) PlanDigest() string { return r.Plan }

// Unit is what the reports of a crate and of images have in common.
type Unit struct {
	Run
	Version   string   `json:"version"`
	Runner    string   `json:"runner,omitempty"`
	Toolchain string   `json:"toolchain"`
	Rust      string   `json:"rust,omitempty"`
	Steps     []string `json:"-"` // names of the plan's steps, in order
	// Digest is the digest of the directory that another job continues from.
	Digest handover.Digest `json:"digest,omitempty"`
	// Staged means that only the results of the steps were written, for another job to sign.
	Staged   bool              `json:"staged,omitempty"`
	Effects  []plan.Effect     `json:"effects"` // what a release does; a dry run has done none of it
	Outcomes []publish.Outcome `json:"outcomes,omitempty"`
	Notes    []string          `json:"notes,omitempty"`
	// Findings lists the plan's findings and those of a dry run.
	Findings finding.List `json:"findings,omitempty"`
}

// HandoverDigest returns the digest of the directory left for another job, or "".
func (u *Unit) HandoverDigest() string { return string(u.Digest) }

func (u *Unit) addBuilt(b *build.Built) {
	u.Rust, u.Findings = b.Rust.Release, append(slices.Clone(u.Findings), b.Findings...).Sorted()
}

// writeEffects lists the performed effects, or those that a release would perform.
func (u *Unit) writeEffects(b *strings.Builder) {
	if !u.Published && len(u.Outcomes) == 0 {
		b.WriteString("\nA release would now\n")
		for i, e := range u.Effects {
			console.Fprintf(b, "  %d. %s\n", i+1, e.About)
		}
		return
	}
	b.WriteString("\nPublished\n")
	for _, o := range u.Outcomes {
		console.Fprintf(b, "  %-10s  %s\n", o.State, o.About)
	}
}

// writeNotes lists the findings and the notes.
func (u *Unit) writeNotes(b *strings.Builder) {
	b.WriteString(plan.FindingsText(u.Findings))
	if len(u.Notes) > 0 {
		console.Fprintf(b, "\nNotes\n%s\n", console.List("  ", u.Notes))
	}
}

// inRust renders the Rust version of a toolchain, or "" if it is unknown.
func inRust(release string) string {
	if release == "" {
		return ""
	}
	return " (Rust " + release + ")"
}

// stepNames returns the names of a plan's steps in order, each with a prefix.
func stepNames(prefix string, steps []step.Step) []string {
	var names []string
	for _, s := range steps {
		names = append(names, prefix+s.Name)
	}
	return names
}

func render(report any) ([]byte, error) {
	raw, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the report: %w", err)
	}
	return append(console.JSON(raw), '\n'), nil
}
