package plan

import (
	"cmp"
	"fmt"
	"strings"
)

// Text renders the plan for people: the images, what is built, the effects.
func (p *Images) Text() (string, error) {
	digest, err := p.Digest()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Plan to release %d images in version %s\n\n  plan       %s\n  toolchain  %s\n", len(p.Images), p.Version, digest, p.Toolchain)
	if p.Source.Commit != "" {
		fmt.Fprintf(&b, "  commit     %s%s\n", p.Source.Commit, map[bool]string{true: " with uncommitted changes"}[p.Source.Dirty])
	}
	b.WriteString("\nImages\n")
	for _, img := range p.Images {
		from := "crate " + img.Crate
		if img.File != "" {
			from = img.File
		}
		fmt.Fprintf(&b, "  %s: %s of %s for %s, entrypoint %s\n", img.Name, img.Kind, from, strings.Join(img.Targets, ", "), cmp.Or(img.Entrypoint, "none"))
	}
	for _, build := range p.Builds {
		fmt.Fprintf(&b, "\nSteps for crate %s\n", build.Crate)
		build.stepLines(&b)
	}
	b.WriteString("\nEffects of a release that is no dry run\n")
	for i, e := range p.Effects {
		fmt.Fprintf(&b, "  %d. %s\n", i+1, e.About)
	}
	if len(p.Remarks) > 0 {
		fmt.Fprintf(&b, "\nRemarks\n  %s\n", strings.Join(p.Remarks, "\n  "))
	}
	return b.String(), nil
}
