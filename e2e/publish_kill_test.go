package e2e

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/sigstack"
)

// trigger calls now at some moment of a release.
type trigger func(now func())

// killWhen starts a command and kills its process group when the trigger fires. It reports
// whether that was before the command ended.
func killWhen(t testing.TB, c command, at trigger) bool {
	t.Helper()
	var once sync.Once
	var killed atomic.Bool
	var pid int
	started := make(chan struct{})
	at(func() {
		<-started
		once.Do(func() { killed.Store(syscall.Kill(-pid, syscall.SIGKILL) == nil) })
	})
	p := c.start(t)
	pid = p.Process.Pid
	close(started)
	code := p.code()
	once.Do(func() {}) // wait until a kill in progress has been recorded
	return code == -1 && killed.Load()
}

// at triggers when the nth request to GitHub reaches a stage.
func (h *fakeGitHub) at(stage githubd.Stage, n int) trigger {
	return func(now func()) {
		var seen atomic.Int32
		h.OnRequest(func(e githubd.Event) {
			if e.Stage == stage && int(seen.Add(1)) == n {
				now()
			}
		})
	}
}

// when triggers when a request for an operation reaches a stage.
func (h *fakeGitHub) when(operation string, stage githubd.Stage) trigger {
	return func(now func()) {
		h.OnRequest(func(e githubd.Event) {
			if e.Operation == operation && e.Stage == stage {
				now()
			}
		})
	}
}

// interrupt kills a release of shim-demo when the trigger fires.
func (h *fakeGitHub) interrupt(t testing.TB, w *runner, s *sigstack.Stack, at trigger) {
	t.Helper()
	if !killWhen(t, w.command("release-crate", h.published(t, s)), at) {
		t.Fatal("the release ended before it was to be killed")
	}
	h.OnRequest(nil)
}

// TestPublishKill kills a release at each request to GitHub: before it is handled, after
// that, and after its response. Then it runs the release from a fresh clone.
func TestPublishKill(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	source := example(t)
	warm := newFakeGitHub(t, s, source)
	w.release(t, warm.published(t, s)).wantCode(t, 0)
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
func killEverywhere(t *testing.T, w *runner, s *sigstack.Stack, source string, requests int, points *atomic.Int32) {
	for _, stage := range []githubd.Stage{githubd.Received, githubd.Handled, githubd.Answered} {
		for n := range requests {
			if testing.Short() && n%8 != 0 {
				continue
			}
			t.Run(fmt.Sprintf("request %d %s", n+1, stage), func(t *testing.T) {
				t.Parallel() // on the first release's repository, each with its own fake GitHub
				h := fakeGitHubOf(t, source)
				if killWhen(t, w.command("release-crate", h.published(t, s)), h.at(stage, n+1)) {
					points.Add(1)
				}
				h.OnRequest(nil)
				w.release(t, h.published(t, s)).wantCode(t, 0)
				h.wantReleased(t, s)
			})
		}
	}
}
