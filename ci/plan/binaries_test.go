package plan

import (
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/triple"
)

// withBinaries returns the workspace of base with a second binary and settings in app.
func withBinaries(t *testing.T, lines string) *cargo.Workspace {
	t.Helper()
	app := string(base(nil)["app/Cargo.toml"].Data) + lines
	return read(t, base(map[string]string{"app/Cargo.toml": app, "app/src/bin/helper.rs": "fn main() {}"}))
}

// TestBinariesThatDoNotShip checks that only the binaries that the setting names are built,
// packed, signed and described, and that the plan has notes about the others.
func TestBinariesThatDoNotShip(t *testing.T) {
	p := newPlan(t, withBinaries(t, "[package.metadata.slipway]\nbinaries = [\"app\"]\n"), Request{Crates: []string{"app@1.2.3"}})
	build := stepNamed(t, p, StepBuild(triple.X8664))
	if line := strings.Join(build.Args, " "); !strings.HasSuffix(line, " --bin app") || strings.Contains(line, "helper") {
		t.Errorf("the build runs %s", line)
	}
	if len(build.Outputs) != 2 || build.Outputs[1].Name != OutputBinary("app") {
		t.Errorf("the build leaves %+v", build.Outputs)
	}
	for _, a := range p.Artifacts {
		if strings.Contains(a.Name, "helper") || slices.Contains(a.Files, "helper") || slices.Contains(a.Binaries, "helper") {
			t.Errorf("artifact %+v has the binary that is left out", a)
		}
	}
	if text := planText(t, p); !strings.Contains(text, "binary helper is left out: `binaries` does not name it") {
		t.Errorf("the text does not tell which binary is left out:\n%s", text)
	}
	all := newPlan(t, withBinaries(t, ""), Request{Crates: []string{"app@1.2.3"}})
	build = all.Steps[slices.IndexFunc(all.Steps, func(s step.Step) bool { return s.Name == StepBuild(triple.X8664) })]
	if slices.Contains(build.Args, "--bin") || len(build.Outputs) != 3 {
		t.Errorf("without the setting the build runs %q and leaves %+v", build.Args, build.Outputs)
	}
}

// TestBinariesOfFeatures checks that a binary whose features are not enabled is left out, as
// cargo does.
func TestBinariesOfFeatures(t *testing.T) {
	const gated = "[[bin]]\nname = \"helper\"\nrequired-features = [\"extra\"]\n[[bin]]\nname = \"app\"\npath = \"src/main.rs\"\n[features]\nextra = []\n"
	p := newPlan(t, withBinaries(t, gated), Request{Crates: []string{"app@1.2.3"}})
	if files := p.Artifacts[0].Binaries; !slices.Equal(files, []string{"app"}) {
		t.Errorf("the tarball has %q", files)
	}
	p = newPlan(t, withBinaries(t, gated+"[package.metadata.slipway]\nfeatures = [\"extra\"]\n"), Request{Crates: []string{"app@1.2.3"}})
	if files := p.Artifacts[0].Binaries; !slices.Equal(files, []string{"app", "helper"}) {
		t.Errorf("with its feature the tarball has %q", files)
	}
}

// TestBinariesNone checks that a crate may ship no binaries.
func TestBinariesNone(t *testing.T) {
	p := newPlan(t, withBinaries(t, "[package.metadata.slipway]\nbinaries = []\n[lib]\npath = \"src/lib.rs\"\n"), Request{Crates: []string{"app@1.2.3"}})
	build := stepNamed(t, p, StepBuild(triple.X8664))
	if !strings.HasSuffix(strings.Join(build.Args, " "), " --lib") || len(build.Outputs) != 1 || p.Crate.Signing != "" || len(p.Artifacts) != 0 {
		t.Errorf("the build runs %q; signing %q, artifacts %+v", build.Args, p.Crate.Signing, p.Artifacts)
	}
}

// TestBinariesUnknown checks that the finding about an unknown binary lists the existing ones.
func TestBinariesUnknown(t *testing.T) {
	p := newPlan(t, withBinaries(t, "[package.metadata.slipway]\nbinaries = [\"ap\"]\n"), Request{Crates: []string{"app@1.2.3"}})
	wantError(t, p.CheckDryRun(), `app/Cargo.toml:9`, "`binaries` names \"ap\", which is not a binary of the crate: it has app, helper")
}

// TestBinariesOfImages checks that an image contains the binary that it names, whether the
// crate's own release ships it or not, and that no other is built for it.
func TestBinariesOfImages(t *testing.T) {
	app := string(base(nil)["app/Cargo.toml"].Data) + "[package.metadata.slipway]\nbinaries = [\"app\"]\n"
	w := read(t, base(map[string]string{
		"Cargo.toml":     string(base(nil)["Cargo.toml"].Data) + "[workspace.metadata.slipway.images.demo]\nkind = \"module\"\ncrate = \"app\"\nbinary = \"helper\"\n",
		"app/Cargo.toml": app, "app/src/bin/helper.rs": "fn main() {}",
	}))
	p, err := New(w, Request{Images: &ImagesRequest{Version: "1.0.0"}})
	if err != nil {
		t.Fatal(err)
	}
	steps := p.Crates[0].Steps
	build := steps[slices.IndexFunc(steps, func(s step.Step) bool { return s.Name == StepBuild(triple.Wasm) })]
	if line := strings.Join(build.Args, " "); !strings.HasSuffix(line, " --bin helper") || len(build.Outputs) != 2 || build.Outputs[1].Name != OutputBinary("helper") {
		t.Errorf("the build runs %s and leaves %+v", line, build.Outputs)
	}
}
