package publish

import (
	"fmt"
	"sync/atomic"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// atRequest triggers when the nth request to GitHub reaches a stage.
func atRequest(h *forge.GitHub, stage githubd.Stage, n int) kit.Trigger {
	return func(now func()) {
		var seen atomic.Int32
		h.OnRequest(func(e githubd.Event) {
			if e.Stage == stage && int(seen.Add(1)) == n {
				now()
			}
		})
	}
}

// atOperation triggers when a request for an operation reaches a stage.
func atOperation(h *forge.GitHub, operation string, stage githubd.Stage) kit.Trigger {
	return func(now func()) {
		h.OnRequest(func(e githubd.Event) {
			if e.Operation == operation && e.Stage == stage {
				now()
			}
		})
	}
}

// interruptDemo kills a release of shim-demo when the trigger fires.
func interruptDemo(t testing.TB, h *forge.GitHub, w *kit.Runner, s *sigstack.Stack, at kit.Trigger) {
	t.Helper()
	if !kit.KillWhen(t, w.Command("release-crate", h.DemoRequest(t, s)), at) {
		t.Fatal("the release ended before it was to be killed")
	}
	h.OnRequest(nil)
}

// TestPublishKill kills a release at each request to GitHub: before it is handled, after
// that, and after its response. Then it runs the release from a fresh clone.
func TestPublishKill(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	source := kit.Example(t)
	warm := forge.New(t, s, source)
	w.Release(t, warm.DemoRequest(t, s)).WantCode(t, 0)
	requests := len(warm.Requests())
	var points atomic.Int32
	t.Run("and again", func(t *testing.T) { killEverywhere(t, w, s, source, requests, &points) })
	t.Run("points", func(t *testing.T) {
		t.Logf("MEASURED: killed at %d points: %d requests, before, during and after each", points.Load(), requests)
		if int(points.Load()) < 3*requests-3 && !testing.Short() {
			t.Errorf("%d of %d kill points were reached", points.Load(), 3*requests)
		}
	})
}

// killEverywhere kills a release of the repository at each stage of each request, completes
// it, and counts the kills.
func killEverywhere(t *testing.T, w *kit.Runner, s *sigstack.Stack, source string, requests int, points *atomic.Int32) {
	for _, stage := range []githubd.Stage{githubd.Received, githubd.Handled, githubd.Answered} {
		for n := range requests {
			if testing.Short() && n%8 != 0 {
				continue
			}
			t.Run(fmt.Sprintf("request %d %s", n+1, stage), func(t *testing.T) {
				t.Parallel() // on the first release's repository, each with its own fake GitHub
				h := forge.Of(t, source)
				if kit.KillWhen(t, w.Command("release-crate", h.DemoRequest(t, s)), atRequest(h, stage, n+1)) {
					points.Add(1)
				}
				h.OnRequest(nil)
				w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
				h.WantReleased(t, s)
			})
		}
	}
}
