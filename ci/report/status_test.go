package report

import (
	"strings"
	"testing"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
)

// TestImagesStatusText checks that it says whether users can see a change: only a tag that was made
// is one.
func TestImagesStatusText(t *testing.T) {
	const unseen = "No tag that users look for has changed."
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
		text := ImagesStatusText([]publish.Outcome{{Kind: tt.kind, About: "x", State: tt.state}}, "slipway again")
		if strings.Contains(text, unseen) != tt.unseen || !strings.Contains(text, "slipway again") {
			t.Errorf("%s, %s:\n%s", tt.kind, tt.state, text)
		}
	}
}
