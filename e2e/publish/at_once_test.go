package publish

import (
	"os"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/registry"
)

// TestPublishTwoAtOnce runs two releases of the same version concurrently.
func TestPublishTwoAtOnce(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	h := forge.New(t, s, kit.Example(t))
	one := w.Command("release-crate", h.DemoRequest(t, s)).Start(t)
	two := w.Command("release-crate", h.DemoRequest(t, s)).Start(t)
	codes := []int{one.ExitCode(), two.ExitCode()}
	if !slices.Contains(codes, 0) {
		t.Errorf("neither ended well:\n%s\n%s", kit.Tail(one.Out.String()), kit.Tail(two.Out.String()))
	}
	for i, p := range []*kit.Job{one, two} {
		if text := p.Out.String(); codes[i] != 0 && !strings.Contains(text, "To continue, run the same command again") {
			t.Errorf("the one that lost says\n%s", kit.Tail(text))
		}
	}
	w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
	h.WantReleased(t, s)
	if os.Getenv("CI") == "" {
		t.Logf("two runs at once ended with %v", codes)
	}
}

// TestPublishMixed has another run replace a file of the draft just before it is published.
func TestPublishMixed(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	h := forge.New(t, s, kit.Example(t))
	h.OnRequest(func(e githubd.Event) {
		if e.Operation == createTag && e.Stage == githubd.Received {
			replaceAsset(t, h, "shim-demo-v1-x86_64-linux-musl.cdx.json", []byte("{}\n"))
		}
	})
	got := w.Release(t, h.DemoRequest(t, s)).WantCode(t, 1)
	h.OnRequest(nil)
	got.WantError(t, `asset "shim-demo-v1-x86_64-linux-musl.cdx.json"`, "another run of this release may be active", "Nothing that users can see has changed")
	w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
	h.WantReleased(t, s)
}

// TestPublishCratesAtOnce releases three crates of a workspace concurrently, one with
// binaries and the others to the registry, and checks that they do not interfere.
func TestPublishCratesAtOnce(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	p := newServices(t, s)
	requests := map[string]kit.Release{
		"shim-demo": p.DemoRequest(t, s),
		"shimkit":   p.Request(t, "shimkit", kitVersion, "--initial-release"),
		"fetcher":   p.Request(t, "fetcher", "0.5.0", "--initial-release"),
	}
	running := map[string]*kit.Job{}
	for name, r := range requests {
		running[name] = w.Command("release-crate", r).Start(t)
	}
	for name, run := range running {
		if code := run.ExitCode(); code != 0 {
			t.Errorf("the release of %s ended with status %d:\n%s", name, code, kit.Tail(run.Out.String()))
		}
	}
	p.WantReleased(t, s)
	p.WantCrate(t, "shimkit", kitVersion)
	p.WantCrate(t, "fetcher", "0.5.0")
	if n := registry.Changes(p.Registry.Proxy.Requests()); n != 2 {
		t.Errorf("the registry was asked %d times for a change, expected two uploads", n)
	}
	if n := countOperations(p.GitHub, createTag); n != 3 {
		t.Errorf("%d tags were made, expected one each", n)
	}
}
