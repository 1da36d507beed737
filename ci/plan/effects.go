package plan

import (
	"cmp"
	"fmt"
	"strings"
)

// Effect is a change that is visible to others. A dry run performs none.
type Effect struct {
	Kind string `json:"kind"`
	// Image is the image that the effect changes, "" for a crate's effects.
	Image string `json:"image,omitempty"`
	// Target is the image's manifest that the effect is about, "" for what a tag names.
	Target string `json:"target,omitempty"`
	// About describes the effect for people.
	About string `json:"about"`
}

// The kinds of effect. Those of signing and tagging are about files and git's tag for a crate, and
// about images and their tags for images.
const (
	EffectSign = "sign"
	EffectTag  = "tag"

	EffectDraft    = "draft"    // make the draft of a GitHub release
	EffectAsset    = "asset"    // upload a file to it
	EffectRegistry = "registry" // publish a crate
	EffectOwner    = "owner"    // invite an owner of it
	EffectRelease  = "release"  // publish the draft

	EffectPush       = "push"       // push an image by its digest
	EffectSBOM       = "sbom"       // attach an SBOM to it
	EffectProvenance = "provenance" // attach its provenance
	EffectLatest     = "latest"     // move its tag "latest"
)

// addEffects lists the effects in order: first signatures, which are harmless if the release
// never happens, then what can be undone (a draft that no one sees), then what cannot (a
// published version), then the announcement. A release that stops half way is either invisible,
// or has published a crate whose announcement a second run completes.
func (p *Plan) addEffects() {
	add := func(kind, format string, args ...any) {
		p.Effects = append(p.Effects, Effect{Kind: kind, About: fmt.Sprintf(format, args...)})
	}
	if p.Signing != "" {
		with := ""
		if len(p.SigningServices) > 0 {
			with = " of " + strings.Join(p.SigningServices, ", ")
		}
		add(EffectSign, "sign every binary %s, and record it in the transparency log%s", p.Signing, with)
	}
	add(EffectDraft, "create a draft of GitHub release %q", p.Tag)
	for _, a := range p.Artifacts {
		if a.IsAsset() {
			add(EffectAsset, "upload %s to the draft and compare its digest", a.Name)
		}
	}
	if p.Publish.Publishable {
		to := cmp.Or(p.Publish.Registry, "cargo's default registry")
		add(EffectRegistry, "publish %s %s to %s and wait until its index shows it", p.Crate, p.Version, to)
	}
	if p.Publish.Publishable {
		add(EffectOwner, "invite the releasing user as an owner of %s, unless already one", p.Crate)
	}
	at := p.Source.Commit
	if at == "" {
		at = "the released commit"
	}
	add(EffectTag, "create tag %q at %s", p.Tag, at)
	add(EffectRelease, "publish the draft as %s", map[bool]string{true: "a prerelease", false: "a release"}[p.Prerelease])
}
