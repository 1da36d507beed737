package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/registry"
)

// TestPublishTwoAtOnce runs two releases of the same version concurrently.
func TestPublishTwoAtOnce(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	h := newFakeGitHub(t, s, example(t))
	one := w.command("release-crate", h.published(t, s)).start(t)
	two := w.command("release-crate", h.published(t, s)).start(t)
	codes := []int{one.code(), two.code()}
	if !slices.Contains(codes, 0) {
		t.Errorf("neither ended well:\n%s\n%s", last(one.out.String()), last(two.out.String()))
	}
	for i, p := range []*process{one, two} {
		if text := p.out.String(); codes[i] != 0 && !strings.Contains(text, "To continue, run the same command again") {
			t.Errorf("the one that lost says\n%s", last(text))
		}
	}
	w.release(t, h.published(t, s)).wantCode(t, 0)
	h.wantReleased(t, s)
	if os.Getenv("CI") == "" {
		t.Logf("two runs at once ended with %v", codes)
	}
}

// TestPublishMixed has another run replace a file of the draft just before it is published.
func TestPublishMixed(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	h := newFakeGitHub(t, s, example(t))
	h.OnRequest(func(e githubd.Event) {
		if e.Operation == createTag && e.Stage == githubd.Received {
			h.replace(t, "shim-demo-v1-x86_64-linux-musl.cdx.json", []byte("{}\n"))
		}
	})
	got := w.release(t, h.published(t, s)).wantCode(t, 1)
	h.OnRequest(nil)
	got.wantError(t, `asset "shim-demo-v1-x86_64-linux-musl.cdx.json"`, "another run of this release may be active", "Nothing that users can see has changed")
	w.release(t, h.published(t, s)).wantCode(t, 0)
	h.wantReleased(t, s)
}

// TestPublishCratesAtOnce releases three crates of a workspace concurrently, one with
// binaries and the others to the registry, and checks that they do not interfere.
func TestPublishCratesAtOnce(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	p := newServices(t, s)
	requests := map[string]release{
		"shim-demo": p.published(t, s),
		"shimkit":   p.crate(t, "shimkit", kitVersion, "--initial-release"),
		"fetcher":   p.crate(t, "fetcher", "0.5.0", "--initial-release"),
	}
	running := map[string]*process{}
	for name, r := range requests {
		running[name] = w.command("release-crate", r).start(t)
	}
	for name, run := range running {
		if code := run.code(); code != 0 {
			t.Errorf("the release of %s ended with status %d:\n%s", name, code, last(run.out.String()))
		}
	}
	p.wantReleased(t, s)
	p.wantCrate(t, "shimkit", kitVersion)
	p.wantCrate(t, "fetcher", "0.5.0")
	if n := registry.Changes(p.registry.Proxy.Requests()); n != 2 {
		t.Errorf("the registry was asked %d times for a change, expected two uploads", n)
	}
	if n := p.operations(createTag); n != 3 {
		t.Errorf("%d tags were made, expected one each", n)
	}
}
