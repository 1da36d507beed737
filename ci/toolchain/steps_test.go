package toolchain

import (
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/step"
	"dagger/slipway/ci/triple"
)

// TestStepsNetwork checks that only the step that fetches Debian's packages has the network and
// the base image, and that all others run in the packages that it has verified.
func TestStepsNetwork(t *testing.T) {
	base := step.Image{Ref: "debian:bookworm-slim"}
	for i, s := range Steps(base) {
		if first := i == 0; s.Network != first || (s.Image == base) != first {
			t.Errorf("step %q runs in %+v, with the network: %t", s.Name, s.Image, s.Network)
		}
		if i > 0 && (s.Image.Step != stepRoot || s.Image.Output != OutputImage) {
			t.Errorf("step %q runs in %+v", s.Name, s.Image)
		}
	}
}

// TestStepsAssemble checks that the last step gets everything that was compiled, each once, at the
// path that it is told, and nothing that no step makes.
func TestStepsAssemble(t *testing.T) {
	steps := Steps(step.Image{Machine: true})
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
	if want := 1 + len(triple.Triples()) + libraries; len(made) != want || libraries == 0 {
		t.Errorf("%d steps make parts, want %d", len(made), want)
	}
}

// TestStepsScripts checks that every script which a step runs is in the recipe.
func TestStepsScripts(t *testing.T) {
	trees := Trees()
	for _, s := range Steps(step.Image{Machine: true}) {
		name, found := strings.CutPrefix(s.Args[1], recipeDir+"/")
		if _, there := trees[0].Files[name]; !found || !there {
			t.Errorf("step %q runs %q, which is not in the recipe", s.Name, s.Args)
		}
		if !slices.ContainsFunc(s.Mounts, func(m step.Mount) bool { return m.Tree == trees[0].Name && m.Path == recipeDir && m.ReadOnly }) {
			t.Errorf("step %q has the mounts %+v", s.Name, s.Mounts)
		}
		if !slices.ContainsFunc(s.Env, func(e string) bool { return strings.HasPrefix(e, "PATH=") }) {
			t.Errorf("step %q has the environment %q", s.Name, s.Env)
		}
	}
}

// TestReference checks that the name of the image says which Rust and which recipe it has.
func TestReference(t *testing.T) {
	if strings.Count(Channel, ".") != 2 || len(Digest()) != 64 {
		t.Errorf("the channel is %q, the digest %q", Channel, Digest())
	}
	if want := "slipway/toolchain:" + Channel + "-" + Digest()[:12]; Reference() != want {
		t.Errorf("the reference is %q, want %q", Reference(), want)
	}
}

// TestEnv checks that the image's environment consists of variables.
func TestEnv(t *testing.T) {
	if len(Env()) == 0 {
		t.Error("it is empty")
	}
	for _, e := range Env() {
		if key, _, ok := strings.Cut(e, "="); !ok || key == "" || strings.ContainsAny(key, " \t#") {
			t.Errorf("%q is no variable", e)
		}
	}
}
