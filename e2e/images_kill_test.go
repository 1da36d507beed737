package e2e

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"dagger/slipway/e2e/imagereg"
	"dagger/slipway/e2e/sigstack/fault"
)

// TestImagesKill kills a release at each request to the registry: before it is handled,
// when it is handled but not answered, and after its response. Then it runs the release
// again from a fresh clone. The tag latest starts at a lower version and never goes below
// that.
func TestImagesKill(t *testing.T) {
	w, _ := local(t)
	g := newImageHost(t, imagereg.Distribution)
	g.release(t, w, "0.0.9", "--image", "demo-oci", "--image", "shim-demo").run(t).wantCode(t, 0)
	var points, want atomic.Int32
	t.Run("and again", func(t *testing.T) {
		for image, stages := range map[string][]fault.Stage{
			"demo-oci":  {fault.Received, fault.Handled, fault.Answered},
			"shim-demo": {fault.Handled}, // the stage at which a response is lost
		} {
			g.Proxy.Reset()
			g.release(t, w, "0.1.0", "--image", image).run(t).wantCode(t, 0)
			requests := len(g.Proxy.Requests())
			for _, stage := range stages {
				for n := range requests {
					if testing.Short() && n%8 != 0 {
						continue
					}
					want.Add(1)
					t.Run(fmt.Sprintf("%s, request %d %s", image, n+1, stage), func(t *testing.T) {
						t.Parallel()
						if g.killed(t, w, image, stage, n+1) {
							points.Add(1)
						}
					})
				}
			}
		}
	})
	t.Run("points", func(t *testing.T) {
		t.Logf("MEASURED: killed at %d points of the releases of an image and of an index", points.Load())
		if points.Load() < want.Load()-2 && !testing.Short() { // the command may end before the last response is seen
			t.Errorf("%d of %d kill points were reached", points.Load(), want.Load())
		}
	})
}

// killed kills a release of 0.1.0 at a stage of the nth request, to a new registry that has
// 0.0.9, and then completes it. It reports whether the stage was reached before the release
// ended.
func (g *imageHost) killed(t *testing.T, w *runner, image string, stage fault.Stage, n int) bool {
	own := &imageHost{Registry: startRegistry(t, imagereg.Distribution), stack: g.stack, source: g.source}
	repo, lower := own.repository(t, image), own.take(t, g, image)
	reached := killWhen(t, own.release(t, w, "0.1.0", "--image", image), func(now func()) {
		var seen atomic.Int32
		own.Proxy.OnRequest(func(e fault.Event) {
			if e.Stage == stage && int(seen.Add(1)) == n {
				now()
			}
		})
	})
	own.Proxy.OnRequest(nil)
	if latest := at(t, repo, "latest"); latest != lower && latest != at(t, repo, "0.1.0") {
		t.Errorf("latest is at %s, expected %s or 0.1.0", latest, lower)
	}
	own.release(t, w, "0.1.0", "--image", image).run(t).wantCode(t, 0)
	if at(t, repo, "latest") != at(t, repo, "0.1.0") || at(t, repo, "0.1.0") != at(t, g.repository(t, image), "0.1.0") {
		t.Error("it is not released")
	}
	if got := verifyImage(t, g.stack, repo.Tag("0.1.0").String()).wantCode(t, 0); !strings.Contains(got.stdout, imageIdentity+", 1 signatures") {
		t.Errorf("slipway verify says\n%s", got.stdout)
	}
	return reached
}

// take copies version 0.0.9 of an image, tagged also as latest, and returns its digest.
func (g *imageHost) take(t testing.TB, from *imageHost, image string) string {
	t.Helper()
	head, err := remote.Get(from.repository(t, image).Tag("0.0.9"))
	check(t, err)
	for _, tag := range []string{"0.0.9", "latest"} {
		ref := g.repository(t, image).Tag(tag)
		if head.MediaType.IsIndex() {
			index, err := head.ImageIndex()
			check(t, err)
			check(t, remote.WriteIndex(ref, index))
		} else {
			img, err := head.Image()
			check(t, err)
			check(t, remote.Write(ref, img))
		}
	}
	return head.Digest.String()
}
