package plan

import (
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/step"
	"dagger/slipway/ci/triple"
)

func appWith(settings string) map[string]string {
	return map[string]string{"app/Cargo.toml": string(base(nil)["app/Cargo.toml"].Data) + settings}
}

// TestCommit checks that a build whose crate asks for the commit gets it, in a git directory and
// in variables, and that other steps do not: dependencies are compiled once for all commits.
func TestCommit(t *testing.T) {
	in := appWith("[package.metadata.slipway]\ncommit = true\ncommit-env = [\"APP_SHA\"]\n")
	in["Cargo.lock"] = strings.Replace(string(base(nil)["Cargo.lock"].Data), " \"lib\",\n", " \"lib\",\n \"log\",\n", 1) + "\n[[package]]\nname = \"log\"\nversion = \"0.4.1\"\nsource = \"registry+x\"\n"
	in["app/Cargo.toml"] = strings.Replace(in["app/Cargo.toml"], "[dependencies]\n", "[dependencies]\nlog = \"0.4\"\n", 1)
	w := read(t, base(in))
	p := newPlan(t, w, Request{Crates: []string{"app@1.2.3"}, Source: Source{Commit: commit, ReleaseBranch: "trunk"}})
	i := slices.IndexFunc(p.Trees, func(tree step.Tree) bool { return tree.Name == headTree })
	if i < 0 || p.Trees[i].Files["HEAD"] != "ref: refs/heads/trunk\n" || p.Trees[i].Files["refs/heads/trunk"] != commit+"\n" || p.Trees[i].Source {
		t.Fatalf("trees %+v", p.Trees)
	}
	for _, s := range p.Steps {
		gets := false
		for _, begin := range []string{"libraries ", "test libraries ", "build ", "test x", "test a"} {
			gets = gets || strings.HasPrefix(s.Name, begin)
		}
		found := slices.ContainsFunc(s.Mounts, func(m step.Mount) bool { return m.Path == "/src/.git" && m.Tree == headTree })
		if found != gets {
			t.Errorf("step %q finds a git directory: %t, want %t", s.Name, found, gets)
		}
		for _, want := range []string{"APP_SHA=" + commit, "VERGEN_GIT_SHA=" + commit, "VERGEN_GIT_DIRTY=false", "BUILT_OVERRIDE_app_GIT_COMMIT_HASH=" + commit} {
			if gets && !slices.Contains(s.Env, want) {
				t.Errorf("step %q has no %s", s.Name, want)
			}
		}
		if strings.Contains(s.Name, "dependencies") && strings.Contains(strings.Join(s.Env, " "), commit) {
			t.Errorf("step %q depends on the commit: %q", s.Name, s.Env)
		}
	}
	dirty := newPlan(t, w, Request{Crates: []string{"app@1.2.3"}, Source: Source{Commit: commit, Dirty: true}})
	if s := stepNamed(t, dirty, StepBuild(triple.X8664)); !slices.Contains(s.Env, "VERGEN_GIT_DIRTY=true") {
		t.Errorf("the build of a dirty tree has %q", s.Env)
	}
	none := newPlan(t, w, Request{Crates: []string{"app@1.2.3"}})
	if s := stepNamed(t, none, StepBuild(triple.X8664)); strings.Contains(strings.Join(s.Env, " "), "VERGEN") || !strings.Contains(strings.Join(none.Plan.Findings.Lines(), "\n"), "no git repository") {
		t.Errorf("without a commit the build has %q, the findings are %q", s.Env, none.Plan.Findings)
	}
}

// TestAskForCommit checks the notes about build scripts that ask for the commit but do not get
// it.
func TestAskForCommit(t *testing.T) {
	tests := []struct {
		name string
		in   map[string]string
		want string
	}{
		{"a command", map[string]string{"app/build.rs": "use std::process::Command;\nfn main() {\n  Command::new(\"git\").arg(\"rev-parse\");\n}\n"}, "app/build.rs:3: the build script asks git"},
		{"a crate for it", appWith("[build-dependencies]\nvergen-gix = { path = \"../lib\", package = \"vergen-gix\" }\n"), "app/Cargo.toml: `vergen-gix` asks git"},
		{"of a library in the workspace", map[string]string{"lib/build.rs": "fn main() { git2::Repository::discover(\".\"); }"}, "lib/build.rs:1: the build script asks git"},
		{"another build script", map[string]string{"app/build.rs": "fn main() { println!(\"cargo:rerun-if-changed=build.rs\"); }"}, ""},
		{"the setting is there", map[string]string{"app/build.rs": "fn main() { Command::new(\"git\"); }", "app/Cargo.toml": appWith("[package.metadata.slipway]\ncommit = true\n")["app/Cargo.toml"]}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "a crate for it" {
				tt.in["lib/Cargo.toml"] = strings.Replace(string(base(nil)["lib/Cargo.toml"].Data), `"lib"`, `"vergen-gix"`, 1)
				tt.in["app/Cargo.toml"] = strings.Replace(tt.in["app/Cargo.toml"], "lib = { path = \"../lib\", version = \"1.2.3\" }\n", "", 1)
				tt.in["Cargo.lock"] = strings.NewReplacer(` "lib",`, ` "vergen-gix",`, `name = "lib"`, `name = "vergen-gix"`).Replace(string(base(nil)["Cargo.lock"].Data))
			}
			p := newPlan(t, read(t, base(tt.in)), Request{Crates: []string{"app@1.2.3"}, Source: Source{Commit: commit}})
			got := strings.Join(p.Plan.Findings.Lines(), "\n")
			if tt.want == "" && strings.Contains(got, "asks git") || !strings.Contains(got, tt.want) {
				t.Errorf("findings\n%s\nwant %q", got, tt.want)
			}
			if tt.want != "" && !strings.Contains(got, "set `commit = true` in [package.metadata.slipway] of crate app") {
				t.Errorf("findings without what to do:\n%s", got)
			}
		})
	}
}

// TestTargetSettings checks that settings of one target replace the crate's for that target
// alone, even with an empty list.
func TestTargetSettings(t *testing.T) {
	in := appWith("[package.metadata.slipway]\nfeatures = [\"all\"]\ntest = [\"--lib\"]\n[package.metadata.slipway.target.aarch64-unknown-linux-musl]\nfeatures = [\"small\", \"plain\"]\ntest = []\n")
	p := newPlan(t, read(t, base(in)), Request{Crates: []string{"app@1.2.3"}})
	common := " --manifest-path /src/app/Cargo.toml --release --locked --offline --target "
	for name, want := range map[string]string{
		StepBuild(triple.X8664):   "cargo build" + common + triple.X8664 + " --features all",
		StepTest(triple.X8664):    "cargo test" + common + triple.X8664 + " --features all --no-fail-fast --lib",
		StepBuild(triple.AArch64): "cargo build" + common + triple.AArch64 + " --features small,plain",
		StepTest(triple.AArch64):  "cargo test" + common + triple.AArch64 + " --features small,plain --no-fail-fast",
	} {
		if got := strings.Join(stepNamed(t, p, name).Args, " "); got != want {
			t.Errorf("step %q runs\n%s\nwant\n%s", name, got, want)
		}
	}
	if args := stepNamed(t, p, StepCrates(triple.AArch64)).Args; !slices.Contains(args, "plain,small") {
		t.Errorf("the SBOM of one target is asked for with %q", args)
	}
}

// TestEmulatedTests checks which steps may run programs of another architecture.
func TestEmulatedTests(t *testing.T) {
	p := newPlan(t, read(t, base(nil)), Request{Crates: []string{"app@1.2.3"}})
	for _, s := range p.Steps {
		want := ""
		if s.Name == StepTest(triple.AArch64) {
			want = "qemu-aarch64-static"
		}
		if s.Emulator != want {
			t.Errorf("step %q has emulator %q, want %q", s.Name, s.Emulator, want)
		}
		if tests := strings.HasPrefix(s.Name, "test a") || strings.HasPrefix(s.Name, "test x"); s.Merged != tests {
			t.Errorf("step %q merges its streams: %t", s.Name, s.Merged)
		}
	}
}
