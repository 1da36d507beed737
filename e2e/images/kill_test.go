package images

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"dagger/slipway/e2e/imagereg"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/oci"
	"dagger/slipway/e2e/sigstack/fault"
)

// TestImagesKill kills a release at each request to the registry: before it is handled,
// when it is handled but not answered, and after its response. Then it runs the release
// again from a fresh clone. The tag latest starts at a lower version and never goes below
// that.
func TestImagesKill(t *testing.T) {
	w, _ := kit.Local(t)
	g := newImageHost(t, imagereg.Distribution)
	g.ReleaseCommand(t, w, "0.0.9", "--image", "demo-oci", "--image", "shim-demo").Run(t).WantCode(t, 0)
	var points, want atomic.Int32
	t.Run("and again", func(t *testing.T) {
		for image, stages := range map[string][]fault.Stage{
			"demo-oci":  {fault.Received, fault.Handled, fault.Answered},
			"shim-demo": {fault.Handled}, // the stage at which a response is lost
		} {
			g.Proxy.Reset()
			g.ReleaseCommand(t, w, "0.1.0", "--image", image).Run(t).WantCode(t, 0)
			requests := len(g.Proxy.Requests())
			for _, stage := range stages {
				for n := range requests {
					if testing.Short() && n%8 != 0 {
						continue
					}
					want.Add(1)
					t.Run(fmt.Sprintf("%s, request %d %s", image, n+1, stage), func(t *testing.T) {
						t.Parallel()
						if killedAt(t, g, w, image, stage, n+1) {
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

// killedAt kills a release of 0.1.0 at a stage of the nth request, to a new registry that
// has 0.0.9, and then completes it. It reports whether the stage was reached before the
// release ended.
func killedAt(t *testing.T, g *oci.Host, w *kit.Runner, image string, stage fault.Stage, n int) bool {
	own := &oci.Host{Registry: oci.StartRegistry(t, imagereg.Distribution), Stack: g.Stack, Source: g.Source}
	repo, lower := own.Repository(t, image), takeVersion(t, own, g, image)
	reached := kit.KillWhen(t, own.ReleaseCommand(t, w, "0.1.0", "--image", image), func(now func()) {
		var seen atomic.Int32
		own.Proxy.OnRequest(func(e fault.Event) {
			if e.Stage == stage && int(seen.Add(1)) == n {
				now()
			}
		})
	})
	own.Proxy.OnRequest(nil)
	if latest := oci.TagDigest(t, repo, "latest"); latest != lower && latest != oci.TagDigest(t, repo, "0.1.0") {
		t.Errorf("latest is at %s, expected %s or 0.1.0", latest, lower)
	}
	own.ReleaseCommand(t, w, "0.1.0", "--image", image).Run(t).WantCode(t, 0)
	if oci.TagDigest(t, repo, "latest") != oci.TagDigest(t, repo, "0.1.0") || oci.TagDigest(t, repo, "0.1.0") != oci.TagDigest(t, g.Repository(t, image), "0.1.0") {
		t.Error("it is not released")
	}
	if got := oci.Verify(t, g.Stack, repo.Tag("0.1.0").String()).WantCode(t, 0); !strings.Contains(got.Stdout, oci.Identity+", 1 signatures") {
		t.Errorf("slipway verify says\n%s", got.Stdout)
	}
	return reached
}

// takeVersion copies version 0.0.9 of an image, tagged also as latest, and returns its digest.
func takeVersion(t testing.TB, g *oci.Host, from *oci.Host, image string) string {
	t.Helper()
	head, err := remote.Get(from.Repository(t, image).Tag("0.0.9"))
	kit.Check(t, err)
	for _, tag := range []string{"0.0.9", "latest"} {
		ref := g.Repository(t, image).Tag(tag)
		if head.MediaType.IsIndex() {
			index, err := head.ImageIndex()
			kit.Check(t, err)
			kit.Check(t, remote.WriteIndex(ref, index))
		} else {
			img, err := head.Image()
			kit.Check(t, err)
			kit.Check(t, remote.Write(ref, img))
		}
	}
	return head.Digest.String()
}
