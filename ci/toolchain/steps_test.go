package toolchain

import (
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/rustup"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/triple"
)

// images are one with Debian's Rust, and one with another.
func images() []Image {
	return []Image{{}, {
		Rust:     Rust{"1.86.0", strings.Repeat("a", 64)},
		Archives: []rustup.Archive{{URL: "https://rust.example/dist/rustc.tar.xz", SHA256: strings.Repeat("b", 64)}},
	}}
}

// TestStepsNetwork checks that only the steps that download have the network, that only the first
// has the base image, and that all others run in the packages that it has verified.
func TestStepsNetwork(t *testing.T) {
	base := step.Image{Ref: "debian:bookworm-slim"}
	for _, image := range images() {
		for i, s := range image.Steps(base) {
			if first := i == 0; s.Network != (first || s.Name == stepRust) || (s.Image == base) != first {
				t.Errorf("step %q runs in %+v, with the network: %t", s.Name, s.Image, s.Network)
			}
			if i > 0 && (s.Image.Step != stepRoot || s.Image.Output != OutputImage) {
				t.Errorf("step %q runs in %+v", s.Name, s.Image)
			}
		}
	}
}

// TestStepsRust checks that an image has either Debian's Rust or the release, verified by the hashes
// of its manifest.
func TestStepsRust(t *testing.T) {
	for i, image := range images() {
		steps := image.Steps(step.Image{Machine: true})
		debian := slices.Contains(steps[0].Args, "rust-packages")
		at := slices.IndexFunc(steps, func(s step.Step) bool { return s.Name == stepRust })
		if debian != (i == 0) || (at < 0) != (i == 0) {
			t.Errorf("image %d: Debian's Rust: %t, step for another at %d", i, debian, at)
		}
		if at < 0 {
			continue
		}
		a := image.Archives[0]
		if want := []string{"1.86.0", image.Rust.Manifest, outDir, a.URL, a.SHA256}; !slices.Equal(steps[at].Args[2:], want) {
			t.Errorf("the step runs %q, want the arguments %q", steps[at].Args, want)
		}
	}
}

// TestStepsAssemble checks that the last step gets everything that was compiled, each once, at the
// path that it is told, and nothing that no step makes.
func TestStepsAssemble(t *testing.T) {
	steps := (Image{}).Steps(step.Image{Machine: true})
	last := steps[len(steps)-1]
	if last.Name != StepImage || len(last.Outputs) != 1 || last.Outputs[0].Name != OutputImage {
		t.Fatalf("the last step is %+v", last)
	}
	made := map[string]bool{}
	for _, s := range steps[:len(steps)-1] {
		if made[s.Name] {
			t.Errorf("two steps are called %q", s.Name)
		}
		made[s.Name] = true
		if s.Name == stepRoot {
			continue
		}
		i := slices.IndexFunc(last.Mounts, func(m step.Mount) bool { return m.Step == s.Name })
		if i < 0 || !last.Mounts[i].ReadOnly || !slices.Contains(last.Args, last.Mounts[i].Path) {
			t.Errorf("what step %q makes does not get into the image", s.Name)
		}
	}
	for _, m := range last.Mounts {
		if m.Step != "" && !made[m.Step] {
			t.Errorf("no step makes %+v", m)
		}
	}
	libraries := len(lines("sources")) * len(triple.Released())
	if want := 1 + len(triple.Triples()) + len(triple.Released()) + libraries; len(made) != want || libraries == 0 {
		t.Errorf("%d steps make parts, want %d", len(made), want)
	}
}

// TestStepsScripts checks that every script which a step runs is in the recipe.
func TestStepsScripts(t *testing.T) {
	tree := Trees()[0]
	for _, image := range images() {
		for _, s := range image.Steps(step.Image{Machine: true}) {
			name, found := strings.CutPrefix(s.Args[1], recipeDir+"/")
			if _, there := tree.Files[name]; !found || !there {
				t.Errorf("step %q runs %q, which is not in the recipe", s.Name, s.Args)
			}
			if !slices.ContainsFunc(s.Mounts, func(m step.Mount) bool { return m.Tree == tree.Name && m.Path == recipeDir && m.ReadOnly }) {
				t.Errorf("step %q has the mounts %+v", s.Name, s.Mounts)
			}
			if !slices.ContainsFunc(s.Env, func(e string) bool { return strings.HasPrefix(e, "PATH=") }) {
				t.Errorf("step %q has the environment %q", s.Name, s.Env)
			}
		}
	}
}

// TestReference checks that the name of the image says which Rust and which recipe it has.
func TestReference(t *testing.T) {
	debian, other := Rust{}, Rust{"1.86.0", strings.Repeat("a", 64)}
	if strings.Count(Channel, ".") != 2 || len(debian.Digest()) != 64 {
		t.Errorf("the channel is %q, the digest %q", Channel, debian.Digest())
	}
	if want := "slipway/toolchain:" + Channel + "-" + debian.Digest()[:12]; Reference() != want || debian.Reference() != want {
		t.Errorf("the references are %q and %q, want %q", Reference(), debian.Reference(), want)
	}
	if want := "slipway/toolchain:1.86.0-" + other.Digest()[:12]; other.Reference() != want || other.Digest() == debian.Digest() {
		t.Errorf("the reference is %q, want %q", other.Reference(), want)
	}
	if again := (Rust{"1.86.0", strings.Repeat("b", 64)}); again.Reference() == other.Reference() {
		t.Errorf("another manifest gives the same reference %q", again.Reference())
	}
	if !other.Makes(other.Reference()) || other.Makes(Reference()) || !IsOwn(other.Reference()) || IsOwn("registry.example/slipway/toolchain:1.86.0") {
		t.Error("images are mistaken for others")
	}
}

// TestEnv checks that the image's environment consists of variables.
func TestEnv(t *testing.T) {
	for _, r := range []Rust{{}, {Channel: "1.86.0"}} {
		if len(r.Env()) == 0 {
			t.Error("it is empty")
		}
		for _, e := range r.Env() {
			if key, _, ok := strings.Cut(e, "="); !ok || key == "" || strings.ContainsAny(key, " \t#") {
				t.Errorf("%q is no variable", e)
			}
		}
	}
}
