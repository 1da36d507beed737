package plan

import (
	"slices"
	"strings"
	"testing"
)

func newImages(t *testing.T, version string, source Source, names ...string) *Images {
	t.Helper()
	p, err := NewImages(readDir(t, example), version, names, Request{Source: source})
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
	if len(p.Images) != 1 || p.Images[0].Name != "demo-hello" || len(p.Builds) != 0 {
		t.Errorf("it has the images %+v and %d builds, expected demo-hello and none", p.Images, len(p.Builds))
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
		if _, err := NewImages(readDir(t, example), tt.version, tt.names, tt.req); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", name, err, tt.want)
		}
	}
}
