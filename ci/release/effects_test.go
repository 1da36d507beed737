package release

import (
	"slices"
	"testing"

	"dagger/slipway/ci/plan"
)

// TestUnknownKind checks that an effect that nothing performs ends a release before anything runs:
// it must not be reported as published.
func TestUnknownKind(t *testing.T) {
	rel, r := newRelease(t)
	rel.Plan.Source = plan.Source{Commit: "0123456789abcdef0123456789abcdef01234567", ReleaseBranch: "main", OnReleaseBranch: true}
	rel.Plan.Crates[0].Signing, rel.Plan.Findings = "", nil
	rel.Plan.Effects = append(rel.Plan.Effects, plan.Effect{Kind: "announce", About: "tell everyone"})
	_, err := rel.Publish(t.Context())
	says(t, err, `"tell everyone"`, `nothing performs effects of kind "announce"`)
	if _, err := begin(t, rel).newEffects(); err == nil {
		t.Error("the effect is dropped in silence")
	}
	if len(r.ran) > 0 {
		t.Errorf("ran %q", r.ran)
	}
}

// TestKindsOfPlans checks that every kind of effect that plans have is performed, and that none is
// entered that no plan has.
func TestKindsOfPlans(t *testing.T) {
	crate := []string{plan.EffectSign, plan.EffectDraft, plan.EffectAsset, plan.EffectRegistry, plan.EffectOwner, plan.EffectTag, plan.EffectRelease}
	images := []string{plan.EffectPush, plan.EffectSign, plan.EffectSBOM, plan.EffectProvenance, plan.EffectTag, plan.EffectLatest}
	for _, kind := range crate {
		if kinds[kind].crate == nil {
			t.Errorf("nothing performs %q for a crate", kind)
		}
	}
	for _, kind := range images {
		if kinds[kind].image == nil {
			t.Errorf("nothing performs %q for images", kind)
		}
	}
	for name, k := range kinds {
		if (k.crate != nil) != slices.Contains(crate, name) || (k.image != nil) != slices.Contains(images, name) {
			t.Errorf("kind %q is for crates: %t, for images: %t", name, k.crate != nil, k.image != nil)
		}
	}
	rel, _ := newRelease(t)
	for _, e := range rel.Plan.Effects {
		if kinds[e.Kind].crate == nil || e.Crate != "app" {
			t.Errorf("the plan has an effect of kind %q of %q", e.Kind, e.Crate)
		}
	}
}
