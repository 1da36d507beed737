package report

import (
	"strings"
	"testing"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
)

// TestImagesStatus checks that it says whether users can see a change: only a tag that was made
// is one.
func TestImagesStatus(t *testing.T) {
	const unseen = "Nothing that users can see has changed."
	for _, tt := range []struct {
		kind, state string
		unseen      bool
	}{
		{plan.EffectPush, publish.WasDone, true},
		{plan.EffectTag, publish.NotBegun, true},
		{plan.EffectTag, publish.Failed, true},
		{plan.EffectTag, publish.WasDone, false},
		{plan.EffectTag, publish.Unchanged, false},
	} {
		s := &Report{Version: "1.0.0", Outcomes: []publish.Outcome{{Kind: tt.kind, Image: "x", About: "x", State: tt.state}}}
		text := s.Status("slipway again")
		if strings.Contains(text, unseen) != tt.unseen || !strings.Contains(text, "slipway again") {
			t.Errorf("%s, %s:\n%s", tt.kind, tt.state, text)
		}
	}
}
