package plan

import (
	"cmp"
	"fmt"
	"strings"
)

// Effect is a change that is visible to others. A dry run performs none.
type Effect struct {
	Kind string `json:"kind"`
	// Crate is the crate, or Image the image, that the effect is about.
	Crate string `json:"crate,omitempty"`
	Image string `json:"image,omitempty"`
	// Artifact is the file that the effect uploads, "" for other effects.
	Artifact string `json:"artifact,omitempty"`
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

// effects returns the effects of releasing the crate in order: first signatures, which are harmless
// if the release never happens, then what can be undone (a draft that no one sees), then what
// cannot (a published version), then the announcement. A release that stops half way is either
// invisible, or has published a crate whose announcement a second run completes. A crate that is
// only built has none.
func (p *Crate) effects() (list []Effect) {
	if !p.Released() {
		return nil
	}
	add := func(kind, format string, args ...any) {
		list = append(list, Effect{Kind: kind, Crate: p.Name, About: fmt.Sprintf(format, args...)})
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
			list[len(list)-1].Artifact = a.Name
		}
	}
	if p.Publish.Publishable {
		to := cmp.Or(p.Publish.Registry, "cargo's default registry")
		add(EffectRegistry, "publish %s %s to %s and wait until its index shows it", p.Name, p.Version, to)
		add(EffectOwner, "invite the releasing user as an owner of %s, unless already one", p.Name)
	}
	add(EffectTag, "create tag %q at %s", p.Tag, cmp.Or(p.Source.Commit, "the released commit"))
	add(EffectRelease, "publish the draft as %s", map[bool]string{true: "a prerelease", false: "a release"}[p.Prerelease])
	return list
}

// addImageEffects adds the effects of releasing the images in order. An image is pushed by digest,
// which nobody looks up, then signed and described. Then the version's tag makes it public, so that
// no tag ever points to an unsigned image. `latest` moves once all versions are there.
func (p *Plan) addImageEffects(prerelease bool) {
	add := func(kind, name, target, about string) {
		p.Effects = append(p.Effects, Effect{Kind: kind, Image: name, Target: target, About: about})
	}
	for _, img := range p.Images {
		add(EffectPush, img.Name, "", "push image "+img.Name+" by its digest")
		add(EffectSign, img.Name, "", "sign image "+img.Name+" "+p.Signing+", and record it in the transparency log")
		for _, t := range img.Targets {
			what := "image " + img.Name
			if len(img.Targets) > 1 {
				what += " for " + t
				add(EffectSign, img.Name, t, "sign "+what+" likewise")
			}
			add(EffectSBOM, img.Name, t, "attach the signed SBOM of "+what)
		}
		add(EffectProvenance, img.Name, "", "attach the signed provenance of image "+img.Name)
	}
	for _, img := range p.Images {
		add(EffectTag, img.Name, "", "tag image "+img.Name+" as "+p.Version)
	}
	if prerelease {
		return
	}
	for _, img := range p.Images {
		add(EffectLatest, img.Name, "", "tag image "+img.Name+" as latest, unless a higher version exists")
	}
}
