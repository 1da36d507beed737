package plan

import (
	"cmp"
	"strings"

	"dagger/slipway/ci/console"
)

// Text renders the plan for people: the images, what is built, the effects.
func (p *Images) Text() (string, error) {
	digest, err := p.Digest()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	console.Fprintf(&b, "Plan to release %d images in version %s\n\n  plan       %s\n  toolchain  %s\n", len(p.Images), p.Version, digest, p.Toolchain)
	if p.Source.Commit != "" {
		console.Fprintf(&b, "  commit     %s\n", p.Source.text())
	}
	b.WriteString("\nImages\n")
	for _, img := range p.Images {
		from := "crate " + img.Crate
		if img.File != "" {
			from = img.File
		}
		console.Fprintf(&b, "  %s: %s of %s for %s, entrypoint %s\n", img.Name, img.Kind, from, strings.Join(img.Targets, ", "), cmp.Or(img.Entrypoint, "none"))
	}
	for _, build := range p.Builds {
		console.Fprintf(&b, "\nSteps for crate %s\n", build.Crate)
		build.stepLines(&b)
	}
	b.WriteString("\nEffects of a real release\n")
	for i, e := range p.Effects {
		console.Fprintf(&b, "  %d. %s\n", i+1, e.About)
	}
	b.WriteString(FindingsText(p.Findings))
	return b.String(), nil
}
