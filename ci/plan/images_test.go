package plan

import (
	"slices"
	"strings"
	"testing"
)

func newImages(t *testing.T, version string, source Source, names ...string) *Plan {
	t.Helper()
	p, err := New(readDir(t, example), Request{Images: &ImagesRequest{Version: version, Names: names}, Source: source})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestImagesGolden compares the plan of the example's images with its golden file.
func TestImagesGolden(t *testing.T) {
	p := newImages(t, "0.1.0", Source{Commit: commit})
	text, err := p.Text()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := p.JSON()
	if err != nil {
		t.Fatal(err)
	}
	goldenPlan(t, "images.txt", p, text)
	goldenPlan(t, "images.json", p, string(raw))
}

// TestImagesOrder checks that an image is signed and described before it is tagged, and that
// `latest` comes after every version.
func TestImagesOrder(t *testing.T) {
	p := newImages(t, "0.1.0", Source{})
	at := func(kind, name string) int {
		i := slices.IndexFunc(p.Effects, func(e Effect) bool { return e.Kind == kind && e.Image == name })
		if i < 0 {
			t.Fatalf("no effect %q of %q", kind, name)
		}
		return i
	}
	for _, img := range p.Images {
		order := []string{EffectPush, EffectSign, EffectSBOM, EffectProvenance, EffectTag, EffectLatest}
		for i := range order[1:] {
			if at(order[i], img.Name) > at(order[i+1], img.Name) {
				t.Errorf("image %q: %q comes after %q", img.Name, order[i], order[i+1])
			}
		}
		for _, other := range p.Images {
			if at(EffectLatest, img.Name) < at(EffectTag, other.Name) {
				t.Errorf("latest of %q moves before the version of %q is there", img.Name, other.Name)
			}
		}
	}
	pre := newImages(t, "0.1.0-rc.1", Source{})
	if slices.ContainsFunc(pre.Effects, func(e Effect) bool { return e.Kind == EffectLatest }) {
		t.Error("a prerelease moves latest")
	}
}

func TestImagesChosen(t *testing.T) {
	p := newImages(t, "0.1.0", Source{}, "demo-hello")
	if len(p.Images) != 1 || p.Images[0].Name != "demo-hello" || len(p.Crates) != 0 {
		t.Errorf("it has the images %+v and %d builds, expected demo-hello and none", p.Images, len(p.Crates))
	}
}

func TestImagesRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		version string
		names   []string
		req     Request
		want    string
	}{
		"no version":    {"", nil, Request{}, "reading version"},
		"a bad version": {"1.2; rm -rf", nil, Request{}, "reading version"},
		"no such image": {"1.0.0", []string{"other"}, Request{}, `finding image "other": the workspace has ["demo-app"`},
		"a toolchain":   {"1.0.0", nil, Request{Toolchain: "-x"}, "expected an image reference"},
	} {
		tt.req.Images = &ImagesRequest{Version: tt.version, Names: tt.names}
		if _, err := New(readDir(t, example), tt.req); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", name, err, tt.want)
		}
	}
}

// TestImagesAndCrates checks that a plan may have both: the images of a crate that is released are
// made from its own release, and crates come before images in the order of effects.
func TestImagesAndCrates(t *testing.T) {
	w := readDir(t, example)
	req := Request{Crates: []string{"shim-demo"}, Images: &ImagesRequest{Version: "1.0.0", Names: []string{"shim-demo", "demo-app"}}}
	p, err := New(w, req)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Crates) != 2 || p.Crates[0].Name != "shim-demo" || p.Crates[1].Name != "demo-app" || p.Crates[1].Released() || len(p.Released()) != 1 {
		t.Errorf("crates %+v", p.Crates)
	}
	text, err := p.Text()
	for _, want := range []string{"Plan to release shim-demo/v0.1.0 and 2 images in version 1.0.0\n", "  1. shim-demo/v0.1.0\n     plan " + digest(t, Of(p.Crates[0])), "\nSteps for crate demo-app\n", "\n  shim-demo/v0.1.0\n    1. sign every", "\n  images in version 1.0.0\n    1. push image"} {
		if err != nil || !strings.Contains(text, want) {
			t.Errorf("%v: the text does not say %q:\n%s", err, want, text)
		}
	}
	if first := slices.IndexFunc(p.Effects, func(e Effect) bool { return e.Image != "" }); slices.ContainsFunc(p.Effects[first:], func(e Effect) bool { return e.Crate != "" }) {
		t.Errorf("effects %+v", p.Effects)
	}
	req.Crates = []string{"demo-app"}
	_, err = New(w, req)
	wantError(t, err, `planning the images of crate "demo-app": its own release is not built for wasm32-wasip1: release the images apart`)
}
