package report

import (
	"cmp"
	"strings"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/build"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sign"
)

// Images is the result of a run for images, as text for people or as JSON for machines.
type Images struct {
	Unit
	Images []Image      `json:"images"`
	Tests  []CrateTests `json:"tests,omitempty"`
	Signer string       `json:"signer,omitempty"` // the certificate's identity
	Issuer string       `json:"issuer,omitempty"`

	who sign.Identity // the signer
}

// Image is one image.
type Image struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Digest string `json:"digest"` // of the manifest that a tag points to
	// Reference is where the image was released, tagged with its version.
	Reference string `json:"reference,omitempty"`
}

// CrateTests is the test result of a crate that an image is built from.
type CrateTests struct {
	Crate string `json:"crate"`
	build.Tests
}

// NewImages returns the report of a dry run in which nothing has been done yet. runner is "" if
// nothing is built.
func NewImages(p *plan.Images, runner string) (*Images, error) {
	digest, err := p.Digest()
	if err != nil {
		return nil, err
	}
	s := &Images{Unit: Unit{
		Run: Run{DryRun: true, Plan: digest}, Version: p.Version, Runner: runner, Toolchain: p.Toolchain, Effects: p.Effects, Findings: p.Findings,
	}}
	for _, b := range p.Builds {
		s.Steps = append(s.Steps, stepNames(b.Crate+": ", b.Steps)...)
	}
	return s, nil
}

// AddBuilt adds what the steps of a crate have built, tested and found.
func (s *Images) AddBuilt(crate string, b *build.Built) {
	s.addBuilt(b)
	for _, t := range b.Tests {
		s.Tests = append(s.Tests, CrateTests{crate, t})
	}
}

// AddImages adds the images that were made.
func (s *Images) AddImages(made []*assemble.Image) {
	for _, m := range made {
		s.Images = append(s.Images, Image{Name: m.Name, Kind: m.Kind, Digest: m.Digest.String()})
	}
}

// AddSigner adds who signs the images.
func (s *Images) AddSigner(who sign.Identity) {
	s.Signer, s.Issuer, s.who = who.Subject, who.Issuer, who
}

// JSON renders the summary for machines.
func (s *Images) JSON() ([]byte, error) { return render(s) }

// title describes the result in one line.
func (s *Images) title() string {
	switch {
	case s.Error != "":
		return "Images in version " + s.Version + ": not finished"
	case s.Published:
		return "Released images in version " + s.Version
	case s.Staged:
		return "Images in version " + s.Version + ": built and tested, nothing is signed yet"
	}
	return "Dry run of images in version " + s.Version
}

// Text renders the summary for people. dir is the directory with the images; "" means that the
// reader has yet to export them.
func (s *Images) Text(dir string) string {
	var b strings.Builder
	console.Fprintf(&b, "\n%s", s.title())
	if s.DryRun && !s.Staged {
		b.WriteString(": every step ran, nothing was changed anywhere.")
	}
	console.Fprintf(&b, "\n\n  plan       %s\n", s.Plan)
	if s.Runner != "" {
		console.Fprintf(&b, "  runner     %s\n  toolchain  %s%s\n", s.Runner, s.Toolchain, inRust(s.Rust))
	}
	if len(s.Tests) > 0 {
		b.WriteString("\nTested\n")
	}
	for _, t := range s.Tests {
		console.Fprintf(&b, "  %s, %s\n", t.Crate, t.Tests)
	}
	b.WriteString("\nMade\n")
	for _, img := range s.Images {
		console.Fprintf(&b, "  %-24s %-9s %s\n", img.Name, img.Kind, img.Digest)
	}
	s.writeEffects(&b)
	s.writeNotes(&b)
	s.writeUse(&b, dir)
	return b.String()
}

// writeUse tells how to verify the release, or where to find the output.
func (s *Images) writeUse(b *strings.Builder, dir string) {
	if s.Staged {
		console.Fprintf(b, "\nTo continue, in a job that runs nothing of the workspace\n  slipway release-demo-app --version %s --staged %s --staged-digest %s\n", s.Version, cmp.Or(dir, "DIR"), s.Digest)
		return
	}
	if !s.Published {
		if dir != "" {
			console.Fprintf(b, "\nEach is an OCI layout below %s, with its SBOM beside it.\n", dir)
		}
		return
	}
	b.WriteString("\nTo verify them\n")
	for _, img := range s.Images {
		console.Fprintf(b, "  %s\n", s.verifyLine(img))
	}
}

// verifyLine returns the command that verifies an image.
func (s *Images) verifyLine(img Image) string {
	if s.Signer == "" {
		return "cosign verify --key cosign.pub " + img.Reference
	}
	return strings.Join(append([]string{"cosign verify", img.Reference}, s.who.CosignFlags()...), " ")
}

// Markdown renders the summary for a CI job summary.
func (s *Images) Markdown() string {
	var b strings.Builder
	console.Fprintf(&b, "## %s\n\n| | |\n| --- | --- |\n| plan | %s |\n", console.Markdown(s.title()), console.Code(s.Plan))
	if s.Runner != "" {
		console.Fprintf(&b, "| runner | %s |\n| toolchain | %s%s |\n", console.Markdown(s.Runner), console.Code(s.Toolchain), console.Markdown(inRust(s.Rust)))
	}
	for _, t := range s.Tests {
		console.Fprintf(&b, "| tested | %s, %s |\n", console.Markdown(t.Crate), console.Markdown(t.Tests.String()))
	}
	b.WriteString("\n| image | kind | digest |\n| --- | --- | --- |\n")
	for _, img := range s.Images {
		name := console.Markdown(img.Name)
		if img.Reference != "" {
			name = console.Code(img.Reference)
		}
		console.Fprintf(&b, "| %s | %s | %s |\n", name, console.Markdown(img.Kind), console.Code(img.Digest))
	}
	markEffects(&b, s.Effects, s.Outcomes)
	if s.Published {
		var lines []string
		for _, img := range s.Images {
			lines = append(lines, "$ "+console.Inline(s.verifyLine(img)))
		}
		console.Fprintf(&b, "\n%s", console.Fence("console", strings.Join(lines, "\n")))
	}
	markEnd(&b, s.Error, s.Findings, s.Notes)
	var names []string
	for _, img := range s.Images {
		names = append(names, img.Name)
	}
	markOrder(&b, s.Steps, names, s.Effects)
	return b.String()
}
