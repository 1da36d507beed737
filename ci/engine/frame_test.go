package engine

import (
	"strings"
	"testing"

	"dagger/slipway/ci/step"
)

// TestSupervisedMerged checks that a step with merged streams sends its errors to its output, and
// that the script is otherwise the same.
func TestSupervisedMerged(t *testing.T) {
	apart, merged := supervised(step.Step{}), supervised(step.Step{Merged: true})
	if apart != supervise || apart == merged {
		t.Fatalf("merged: %t", apart == merged)
	}
	const run = ">/slipway-run/out 2>&1 & box=$!; : >/slipway-run/err\n"
	if strings.Count(merged, run) != 1 || strings.Replace(merged, run, ">/slipway-run/out 2>/slipway-run/err & box=$!\n", 1) != apart {
		t.Errorf("the script is\n%s", merged)
	}
}
