package report

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
)

// Text renders the report for people. dir is the directory with the files; "" means that the
// reader has yet to export them.
func (r *Report) Text(dir string) string {
	var b strings.Builder
	console.Fprintf(&b, "\n%s\n\n  plan       %s\n", r.sentence(), r.Plan)
	if r.Runner != "" {
		console.Fprintf(&b, "  runner     %s\n  toolchain  %s%s\n", r.Runner, r.Toolchain, inRust(r.Rust))
	}
	parts := r.parts()
	for i, p := range parts {
		if len(parts) > 1 {
			p.writeHeading(&b, i+1)
		}
		r.writePart(&b, p)
	}
	b.WriteString(plan.FindingsText(r.Findings))
	if len(r.Notes) > 0 {
		console.Fprintf(&b, "\nNotes\n%s\n", console.List("  ", r.Notes))
	}
	r.writeNext(&b, dir)
	return b.String()
}

// sentence says what the run has done.
func (r *Report) sentence() string {
	is := " are"
	url := ""
	if parts := r.parts(); len(parts) == 1 && parts[0].crate != nil {
		is, url = " is", parts[0].crate.URL
	}
	switch {
	case r.Error != "":
		return r.heading()
	case r.Published && url != "":
		return r.heading() + ": " + url
	case r.Published:
		return r.heading()
	case r.Staged:
		return r.Title + is + " " + r.staged() + "; nothing is signed yet."
	case r.DryRun:
		return r.heading() + ": every step ran" + r.exception() + ", nothing was changed anywhere."
	}
	return r.Title + is + " built, tested and signed; nothing was published."
}

// exception says that packaging was left out, if a crate could not be packaged.
func (r *Report) exception() string {
	switch {
	case !slices.ContainsFunc(r.Crates, func(c *Crate) bool { return c.unpackaged }):
		return ""
	case len(r.parts()) > 1:
		return " except those that package a crate"
	}
	return " except those that package it"
}

// heading says the same in a few words.
func (r *Report) heading() string {
	switch {
	case r.Error != "":
		return r.Title + ": not finished"
	case r.Published:
		return "Released " + r.Title
	case r.Staged:
		return r.Title + ": " + r.staged() + ", not signed yet"
	case r.DryRun:
		return "Dry run of " + r.Title
	}
	return r.Title + ": built, tested and signed"
}

// staged says what was done for what was staged. Images are made by the job that signs them.
func (r *Report) staged() string {
	if r.Version != "" {
		return "built and tested"
	}
	return "built, tested and packaged"
}

func (p part) writeHeading(b *strings.Builder, n int) {
	console.Fprintf(b, "\n%d. %s", n, p.title)
	if p.crate != nil {
		console.Fprintf(b, "  (plan %s)", p.crate.Plan)
	}
	b.WriteString("\n")
	if p.crate != nil && p.crate.URL != "" {
		console.Fprintf(b, "   %s\n", p.crate.URL)
	}
}

// writePart writes what was tested, signed, made and done.
func (r *Report) writePart(b *strings.Builder, p part) {
	section := func(title string, lines []string) {
		if len(lines) > 0 {
			console.Fprintf(b, "\n%s\n%s\n", title, console.List("  ", lines))
		}
	}
	section("Tested", r.tested(p))
	if p.crate != nil && p.crate.Signed != "" {
		section("Signed", []string{p.crate.Signed, "verified as whoever downloads it would"})
	}
	section("Made", r.made(p))
	p.writeEffects(b, r.Published)
}

// made returns a line for each file or image of a part.
func (r *Report) made(p part) (lines []string) {
	if p.crate == nil {
		for _, img := range r.Images {
			lines = append(lines, console.Sprintf("%-24s %-9s %s", img.Name, img.Kind, img.Digest))
		}
		return lines
	}
	for _, f := range p.crate.Artifacts {
		lines = append(lines, console.Sprintf("%-50s %9s  sha256:%s", f.Name, humanize.IBytes(uint64(f.Size)), f.SHA256))
	}
	return lines
}

// writeEffects lists the performed effects, or those that a release would perform.
func (p part) writeEffects(b *strings.Builder, published bool) {
	if !published && len(p.outcomes) == 0 {
		b.WriteString("\nA release would now\n")
		for i, e := range p.effects {
			console.Fprintf(b, "  %d. %s\n", i+1, e.About)
		}
		return
	}
	b.WriteString("\nPublished\n")
	for _, o := range p.outcomes {
		console.Fprintf(b, "  %-10s  %s\n", o.State, o.About)
	}
}

// writeNext says how to verify the files, or how to continue from staged results.
func (r *Report) writeNext(b *strings.Builder, dir string) {
	if r.Staged {
		b.WriteString(r.continued(cmp.Or(dir, "DIR")))
		return
	}
	var lines []string
	for _, c := range r.Crates {
		for _, f := range c.Artifacts {
			switch {
			case f.Name != plan.SumsName:
			case dir == "":
				b.WriteString("\nTo verify them, export the directory `dist` and run there\n  sha256sum --check " + plan.SumsName + "\n")
			default:
				lines = append(lines, console.Sprintf("(cd %s && sha256sum --check %s)", below(dir, c.Dir), plan.SumsName))
			}
		}
	}
	lines = append(lines, r.verifyLines()...)
	if len(lines) > 0 {
		console.Fprintf(b, "\nTo verify them\n%s\n", console.List("  ", lines))
	}
	if len(r.Images) > 0 && !r.Published && dir != "" {
		console.Fprintf(b, "\nEach is an OCI layout below %s, with its SBOM beside it.\n", dir)
	}
}

// below returns a directory below dir, dir itself for "".
func below(dir, name string) string {
	if name == "" {
		return dir
	}
	return filepath.Join(dir, name)
}

// continued returns the command that continues from what was staged in dir, "" if it is of several
// crates, for which there is none.
func (r *Report) continued(dir string) string {
	switch parts := r.parts(); {
	case len(parts) != 1:
		return ""
	case parts[0].crate == nil:
		return console.Sprintf("\nTo continue, in a job that runs nothing of the workspace\n  slipway release-demo-app --version %s --staged %s --staged-digest %s\n", r.Version, dir, r.Digest)
	default:
		c := parts[0].crate
		return console.Sprintf("\nTo sign them, in a job that runs nothing of the workspace\n  slipway dist --crate %s --version %s --staged %s --staged-digest %s\n", c.Name, c.Version, dir, r.Digest)
	}
}

// verifyLines returns the commands that verify the images that were released.
func (r *Report) verifyLines() (lines []string) {
	for _, img := range r.Images {
		switch {
		case !r.Published:
		case r.Signer == "":
			lines = append(lines, "cosign verify --key cosign.pub "+img.Reference)
		default:
			lines = append(lines, strings.Join(append([]string{"cosign verify", img.Reference}, r.who.CosignFlags()...), " "))
		}
	}
	return lines
}

// inRust renders the Rust version of a toolchain, or "" if it is unknown.
func inRust(release string) string {
	if release == "" {
		return ""
	}
	return " (Rust " + release + ")"
}
