package plan

import (
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/triple"
)

var released = []struct{ crate, version string }{
	{"shim-demo", "0.1.0"}, {"fetcher", "0.5.0"}, {"shimkit", "0.3.1"}, {"shim-core", "0.2.0"},
}

func TestGolden(t *testing.T) {
	w := readDir(t, example)
	for _, tt := range released {
		t.Run(tt.crate, func(t *testing.T) {
			p := newPlan(t, w, Request{Crates: []string{tt.crate + "@" + tt.version}})
			goldenPlan(t, tt.crate+".json", p, planJSON(t, p))
			text := planText(t, p)
			goldenPlan(t, tt.crate+".txt", p, text)
			for _, s := range p.Steps {
				if line := strings.Join(s.Args, " "); !strings.Contains(text, "\n     "+line+"\n") {
					t.Errorf("the text does not show the command of step %q: %s", s.Name, line)
				}
			}
		})
	}
}

// TestSafeSteps checks what every plan guarantees about its steps.
func TestSafeSteps(t *testing.T) {
	w := readDir(t, example)
	for _, tt := range released {
		p := newPlan(t, w, Request{Crates: []string{tt.crate + "@" + tt.version}})
		for _, s := range p.Steps {
			if s.Network != (s.Name == StepFetch) {
				t.Errorf("%s: step %q has network %t", tt.crate, s.Name, s.Network)
			}
			if s.Image.Ref != p.Plan.Toolchain {
				t.Errorf("%s: step %q runs in %+v", tt.crate, s.Name, s.Image)
			}
			if s.Name == StepToolchain {
				continue
			}
			for _, env := range []string{"RUSTC_WRAPPER=", "RUSTC_WORKSPACE_WRAPPER=", "CARGO_HOME=/cargo", "CARGO_TARGET_DIR=/target"} {
				if !slices.Contains(s.Env, env) {
					t.Errorf("%s: step %q lacks %s", tt.crate, s.Name, env)
				}
			}
			if s.Name == StepFetch { // its lock file is compared with the workspace's
				continue
			}
			if !slices.Contains(s.Args, "--locked") || !slices.Contains(s.Args, "--offline") {
				t.Errorf("%s: step %q runs %q", tt.crate, s.Name, s.Args)
			}
		}
	}
}

// TestTestsCannotTouchTheRelease checks that no step takes anything from a test step, so that
// what a test overwrites is discarded.
func TestTestsCannotTouchTheRelease(t *testing.T) {
	p := newPlan(t, readDir(t, example), Request{Crates: []string{"shim-demo@0.1.0"}})
	// Steps called "test libraries …" only compile and run no test.
	ran := func(name string) bool { return name == StepTest(triple.X8664) || name == StepTest(triple.AArch64) }
	for _, s := range p.Steps {
		for _, need := range s.Needs() {
			if ran(need) {
				t.Errorf("step %q needs %q", s.Name, need)
			}
		}
		if strings.HasPrefix(s.Name, "test ") && !ran(s.Name) && !slices.Contains(s.Args, "--no-run") {
			t.Errorf("step %q runs tests: %q", s.Name, s.Args)
		}
		if ran(s.Name) && len(s.Outputs) > 0 {
			t.Errorf("step %q leaves %v", s.Name, s.Outputs)
		}
	}
}

func TestEffects(t *testing.T) {
	w := readDir(t, example)
	tests := []struct {
		crate, version string
		source         Source
		want           []string
	}{
		{"shim-demo", "0.1.0", Source{Commit: commit, Branch: "main"}, []string{
			"sign: sign every binary keyless, and record it in the transparency log",
			`draft: create a draft of GitHub release "shim-demo/v0.1.0"`,
			"asset: upload shim-demo-x86_64-linux-musl.tar.gz to the draft and compare its digest",
			"asset: upload shim-demo-aarch64-linux-musl.tar.gz to the draft and compare its digest",
			"asset: upload SHA256SUMS to the draft and compare its digest",
			"asset: upload shim-demo-v1-x86_64-linux-musl.cdx.json to the draft and compare its digest",
			"asset: upload shim-demo-v1-x86_64-linux-musl.cdx.sigstore.json to the draft and compare its digest",
			"asset: upload shim-demo-v1-x86_64-linux-musl.spdx.json to the draft and compare its digest",
			"asset: upload shim-demo-v1-x86_64-linux-musl.spdx.sigstore.json to the draft and compare its digest",
			"asset: upload shim-demo-v1-aarch64-linux-musl.cdx.json to the draft and compare its digest",
			"asset: upload shim-demo-v1-aarch64-linux-musl.cdx.sigstore.json to the draft and compare its digest",
			"asset: upload shim-demo-v1-aarch64-linux-musl.spdx.json to the draft and compare its digest",
			"asset: upload shim-demo-v1-aarch64-linux-musl.spdx.sigstore.json to the draft and compare its digest",
			"asset: upload shim-demo.provenance.sigstore.json to the draft and compare its digest",
			`tag: create tag "shim-demo/v0.1.0" at ` + commit,
			"release: publish the draft as a release",
		}},
		{"shim-core", "0.2.0", Source{}, []string{
			`draft: create a draft of GitHub release "shim-core/v0.2.0"`,
			"registry: publish shim-core 0.2.0 to cargo's default registry and wait until its index shows it",
			"owner: invite the releasing user as an owner of shim-core, unless already one",
			`tag: create tag "shim-core/v0.2.0" at the released commit`,
			"release: publish the draft as a release",
		}},
	}
	for _, tt := range tests {
		p := newPlan(t, w, Request{Crates: []string{tt.crate + "@" + tt.version}, Source: tt.source})
		var got []string
		for _, e := range p.Effects {
			got = append(got, e.Kind+": "+e.About)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("effects\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
}

func TestRegistries(t *testing.T) {
	lib := "[package]\nname = \"lib\"\nversion = \"1.2.3\"\nedition = \"2024\"\ndescription = \"x\"\nlicense = \"MIT\"\npublish = [\"ours\", \"crates-io\"]\n"
	p := newPlan(t, read(t, base(map[string]string{"lib/Cargo.toml": lib})), Request{Crates: []string{"lib@1.2.3"}})
	if text := planText(t, p); !strings.Contains(text, "publish lib 1.2.3 to ours and wait") {
		t.Errorf("the text does not name the registry:\n%s", text)
	}
	if !slices.Equal(p.Publish.Registries, []string{"ours", "crates-io"}) { // a release refuses more than one
		t.Errorf("registries %q", p.Publish.Registries)
	}
}

func TestPrerelease(t *testing.T) {
	change := map[string]string{}
	for name, file := range base(nil) {
		change[name] = strings.ReplaceAll(string(file.Data), "1.2.3", "1.2.3-rc.1")
	}
	p := newPlan(t, read(t, base(change)), Request{Crates: []string{"app@1.2.3-rc.1"}})
	last := p.Effects[len(p.Effects)-1]
	if !p.Prerelease || p.Tag != "app/v1.2.3-rc.1" || last.About != "publish the draft as a prerelease" {
		t.Errorf("prerelease %t, tag %q, last effect %q", p.Prerelease, p.Tag, last.About)
	}
	if !strings.Contains(planText(t, p), "app 1.2.3-rc.1 in app, a prerelease") {
		t.Errorf("the text does not say that it is a prerelease")
	}
}

func TestRequires(t *testing.T) {
	w := readDir(t, example)
	if p := newPlan(t, w, Request{Crates: []string{"shim-core@0.2.0"}}); !slices.Equal(p.Requires, []string{"shimkit"}) {
		t.Errorf("shim-core requires %q", p.Requires)
	}
	if p := newPlan(t, w, Request{Crates: []string{"shim-demo@0.1.0"}}); p.Requires != nil {
		t.Errorf("shim-demo, which is not published, requires %q", p.Requires)
	}
}

func TestSettings(t *testing.T) {
	app := string(base(nil)["app/Cargo.toml"].Data) + "[package.metadata.slipway]\nfeatures = [\"cli\", \"net\"]\ntest = [\"--lib\", \"--\", \"--test-threads=1\"]\n"
	p := newPlan(t, read(t, base(map[string]string{"app/Cargo.toml": app})), Request{Crates: []string{"app@1.2.3"}, Targets: []string{triple.X8664}})
	want := map[string]string{
		StepBuild(triple.X8664): "cargo build --manifest-path /src/app/Cargo.toml --release --locked --offline --target x86_64-unknown-linux-musl --features cli,net",
		StepTest(triple.X8664):  "cargo test --manifest-path /src/app/Cargo.toml --release --locked --offline --target x86_64-unknown-linux-musl --features cli,net --no-fail-fast --lib -- --test-threads=1",
	}
	for _, s := range p.Steps {
		if line, known := want[s.Name]; known && strings.Join(s.Args, " ") != line {
			t.Errorf("step %q runs\n%s\nwant\n%s", s.Name, strings.Join(s.Args, " "), line)
		}
	}
	if !slices.Equal(p.Targets, []string{triple.X8664}) || len(p.Artifacts) != 7 {
		t.Errorf("targets %q, artifacts %v", p.Targets, p.Artifacts)
	}
	dependencies := map[string]string{
		"Cargo.lock":     string(base(nil)["Cargo.lock"].Data) + "\n[[package]]\nname = \"log\"\nversion = \"0.4.1\"\nsource = \"registry+x\"\n",
		"app/Cargo.toml": strings.Replace(app, "[dependencies]\n", "[dependencies]\nlog = \"0.4\"\n", 1),
	}
	dependencies["Cargo.lock"] = strings.Replace(dependencies["Cargo.lock"], " \"lib\",\n", " \"lib\",\n \"log\",\n", 1)
	p = newPlan(t, read(t, base(dependencies)), Request{Crates: []string{"app@1.2.3"}, Targets: []string{triple.X8664}})
	for _, s := range p.Steps {
		if s.Name == "test dependencies "+triple.X8664 {
			if at, end := slices.Index(s.Args, "--no-run"), slices.Index(s.Args, "--"); at < 0 || end >= 0 && at > end {
				t.Errorf("cargo does not see --no-run in %q", s.Args)
			}
		}
	}
}

func TestAddNotes(t *testing.T) {
	w := read(t, base(map[string]string{
		".cargo/config.toml":     "[build]\njobs = 2\n",
		"app/.cargo/config.toml": "[build]\njobs = 2\n",
		"Cross.toml":             "[target.x86_64-unknown-linux-musl.dockerfile]\nfile = \"cross/D\"\n[target.aarch64-unknown-linux-musl]\nimage = \"x/y:1\"\n",
	}))
	p := newPlan(t, w, Request{Crates: []string{"app@1.2.3"}, Source: Source{Commit: commit, Branch: "main", Dirty: true}})
	text := planText(t, p)
	for _, want := range []string{
		".cargo/config.toml: build.jobs is not used: it belongs to a developer's machine",
		"app/.cargo/config.toml: the file is not used: a release is built from the workspace's root",
		"Cross.toml: it names cross/D for x86_64-unknown-linux-musl", "Cross.toml: it names x/y:1 for aarch64-unknown-linux-musl",
		"the working tree has uncommitted changes: a dry run builds them, a release refuses them",
		"the crate is not published to a registry: publish = false",
		commit + " with uncommitted changes",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text does not say %q", want)
		}
	}
	p = newPlan(t, w, Request{Crates: []string{"app@1.2.3"}, Source: Source{Commit: commit, Branch: "main"}})
	if strings.Contains(planText(t, p), "uncommitted") {
		t.Error("the text calls a clean tree dirty")
	}
}
