package release

import (
	"testing"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
)

// TestUnknownKind checks that an effect that nothing performs ends a release before anything runs:
// it must not be reported as published.
func TestUnknownKind(t *testing.T) {
	rel, r := newRelease(t)
	rel.Plan.Source = plan.Source{Commit: "0123456789abcdef0123456789abcdef01234567", ReleaseBranch: "main", OnReleaseBranch: true}
	rel.Plan.Signing, rel.Plan.Findings = "", nil
	rel.Plan.Effects = append(rel.Plan.Effects, plan.Effect{Kind: "announce", About: "tell everyone"})
	_, err := rel.Publish(t.Context(), Remotes{})
	says(t, err, `"tell everyone"`, `nothing performs effects of kind "announce"`)
	p := &publishing{Release: rel, github: &publish.GitHub{}}
	if _, err := p.newEffects(); err == nil {
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
		if _, known := kinds[kind]; !known {
			t.Errorf("nothing performs %q for a crate", kind)
		}
	}
	for _, kind := range images {
		if imageKinds[kind] == nil {
			t.Errorf("nothing performs %q for images", kind)
		}
	}
	if len(kinds) != len(crate) || len(imageKinds) != len(images) {
		t.Errorf("there are %d and %d kinds, expected %d and %d", len(kinds), len(imageKinds), len(crate), len(images))
	}
	rel, _ := newRelease(t)
	for _, e := range rel.Plan.Effects {
		if _, known := kinds[e.Kind]; !known {
			t.Errorf("the plan has an effect of kind %q", e.Kind)
		}
	}
}
