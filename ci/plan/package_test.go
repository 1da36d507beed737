package plan

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/triple"
)

// libraries returns a workspace of published library crates, with more files.
func libraries(t *testing.T, root string, crates map[string]string, more map[string]string) fstest.MapFS {
	t.Helper()
	in := map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"crates/*\"]\n" + root, "Cargo.lock": "version = 4\n"}
	for name, lines := range crates {
		dir := "crates/" + name
		in[dir+"/Cargo.toml"] = "[package]\nname = \"" + name + "\"\nversion = \"1.0.0\"\nedition = \"2021\"\ndescription = \"x\"\nlicense = \"MIT\"\n" + lines
		in[dir+"/src/lib.rs"] = ""
		in["Cargo.lock"] += "\n[[package]]\nname = \"" + name + "\"\nversion = \"1.0.0\"\n"
	}
	maps.Copy(in, more)
	fsys := fstest.MapFS{}
	for name, content := range in {
		fsys[name] = &fstest.MapFile{Data: []byte(content), Mode: 0o644}
	}
	return fsys
}

func planOf(t *testing.T, in fstest.MapFS, crate string) planned {
	t.Helper()
	return newPlan(t, read(t, in), Request{Crates: []string{crate + "@1.0.0"}})
}

// TestPackageSiblings checks that cargo can write to its home only where it packages several
// crates.
func TestPackageSiblings(t *testing.T) {
	in := libraries(t, "", map[string]string{
		"outer": "[dependencies]\ninner = { path = \"../inner\", version = \"1\" }\nlog = \"0.4\"\n",
		"inner": "[dependencies]\nlog = \"0.4\"\n",
	}, nil)
	for crate, readOnly := range map[string]bool{"outer": false, "inner": true} {
		s := stepNamed(t, planOf(t, in, crate), StepVerifyPackage)
		i := slices.IndexFunc(s.Mounts, func(m step.Mount) bool { return m.Path == cargoHome })
		if s.Mounts[i].ReadOnly != readOnly || s.Mounts[i].Step != StepFetch {
			t.Errorf("%s: cargo's home is %+v", crate, s.Mounts[i])
		}
	}
}

// TestPackageDevelopment checks that a development dependency with a version is packaged too, and
// published first.
func TestPackageDevelopment(t *testing.T) {
	in := libraries(t, "[workspace.dependencies]\nkit = { path = \"crates/kit\", version = \"1\" }\n", map[string]string{
		"lib": "[dev-dependencies]\nkit.workspace = true\n", "kit": "",
	}, nil)
	p := planOf(t, in, "lib")
	if line := strings.Join(stepNamed(t, p, StepPackage).Args, " "); !strings.Contains(line, "--package kit --package lib --no-verify") || !slices.Equal(p.Requires, []string{"kit"}) {
		t.Errorf("it requires %q and is packaged by %s", p.Requires, line)
	}
}

// TestPackageCycle checks that a cycle through versions of development dependencies is a note, and
// that the crates are packaged with what the registry has.
func TestPackageCycle(t *testing.T) {
	in := libraries(t, "", map[string]string{
		"a": "[dev-dependencies]\nb = { path = \"../b\", version = \"1\" }\n", "b": "[dependencies]\na = { path = \"../a\", version = \"1\" }\n",
	}, nil)
	for crate, want := range map[string]string{"a": "--package a", "b": "--package a --package b"} {
		p := planOf(t, in, crate)
		if line := strings.Join(stepNamed(t, p, StepPackage).Args, " "); !strings.Contains(line, want+" --no-verify") {
			t.Errorf("%s is packaged by %s", crate, line)
		}
		stepNamed(t, p, StepResolvePackage)
		if text := strings.Join(p.Plan.Findings.Lines(), "\n"); !strings.Contains(text, "closes the cycle a → b → a") || len(p.Plan.Findings.Stopping(finding.Registry)) > 0 {
			t.Errorf("%s: it finds %q", crate, text)
		}
	}
}

// TestResolvePackage checks that what a package takes from the registry instead of the workspace is
// downloaded by a step of its own, which sees manifests and stubs but no source, and that nothing
// that compiles has a network.
func TestResolvePackage(t *testing.T) {
	const patch = "[patch.crates-io]\ninner = { path = \"crates/inner\" }\n"
	crates := map[string]string{
		"outer": "license-file = \"COPYING\"\nreadme = \"about.md\"\n[dependencies]\ninner = \"1\"\nbeside = { path = \"../beside\", version = \"1\" }\n",
		"inner": "", "beside": "[dependencies]\ninner = \"1\"\n",
	}
	lock := "version = 4\n\n[[package]]\nname = \"beside\"\nversion = \"1.0.0\"\ndependencies = [\n \"inner\",\n]\n\n[[package]]\nname = \"inner\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"outer\"\nversion = \"1.0.0\"\ndependencies = [\n \"beside\",\n \"inner\",\n]\n"
	for name, config := range map[string]string{"": "", "vendored": "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n"} {
		in := libraries(t, patch, crates, map[string]string{
			"Cargo.lock": lock, ".cargo/config.toml": config, "crates/outer/COPYING": "own\n", "crates/outer/about.md": "own\n", "crates/outer/src/lib.rs": "// own\n", "crates/outer/src/other.rs": "// own\n",
		})
		p := planOf(t, in, "outer")
		s := stepNamed(t, p, StepResolvePackage)
		line := strings.Join(s.Args[3:], " ")
		if line != "resolvepackage.sh crates-io cargo package --locked --package beside --package outer --manifest-path /src/Cargo.toml" || !s.Network {
			t.Errorf("%s: it runs %s, with a network: %t", name, line, s.Network)
		}
		for _, m := range s.Mounts {
			tree := slices.IndexFunc(p.Trees, func(tree step.Tree) bool { return tree.Name == m.Tree })
			if m.Path == confDir && config != "" && tree >= 0 && strings.Contains(p.Trees[tree].Files[".cargo/config.toml"], "vendor") {
				t.Errorf("%s: it replaces the registry", name)
			}
			if m.Path != srcDir {
				continue
			}
			for file, text := range p.Trees[tree].Files {
				if p.Trees[tree].Source || strings.Contains(text, "own") {
					t.Errorf("%s: it sees %s: %q", name, file, text)
				}
			}
			if _, there := p.Trees[tree].Files["crates/outer/COPYING"]; !there {
				t.Errorf("%s: cargo would refuse to package without COPYING", name)
			}
		}
		for _, s := range p.Steps {
			if s.Network && s.Name != StepFetch && s.Name != StepResolvePackage {
				t.Errorf("%s: step %q has a network", name, s.Name)
			}
		}
		for _, packs := range []string{StepPackage, StepVerifyPackage} {
			s := stepNamed(t, p, packs)
			if !slices.Contains(s.Args, "--offline") || !slices.ContainsFunc(s.Mounts, func(m step.Mount) bool { return m.Path == cargoHome && m.Step == StepResolvePackage }) {
				t.Errorf("%s: step %q runs %q on %+v", name, packs, s.Args, s.Mounts)
			}
		}
		if !slices.Equal(p.Requires, []string{"inner", "beside"}) || !p.Publish.Packaged() {
			t.Errorf("%s: it requires %q, and is packaged: %t", name, p.Requires, p.Publish.Packaged())
		}
	}
}

// TestSharedLibrary checks that a library that is only a shared object is not built for musl
// targets, but still tested and packaged.
func TestSharedLibrary(t *testing.T) {
	for types, shared := range map[string]bool{`"cdylib"`: true, `"dylib"`: true, `"cdylib", "dylib"`: true, `"cdylib", "rlib"`: false, `"staticlib"`: false, `"lib"`: false} {
		in := libraries(t, "", map[string]string{"lib": "[dependencies]\nlog = \"0.4\"\n[lib]\ncrate-type = [" + types + "]\n"}, nil)
		p := planOf(t, in, "lib")
		told := slices.ContainsFunc(p.Plan.Findings, func(f finding.Finding) bool {
			return f.Stops == finding.Nothing && strings.Contains(f.What, triple.X8664+" and "+triple.AArch64+" does not support")
		})
		built := slices.ContainsFunc(p.Steps, func(s step.Step) bool { return slices.Contains(s.Args, "build") && s.Name == StepBuild(triple.AArch64) })
		if built == shared || told != shared {
			t.Errorf("%s: it is built: %t, and said to be none of musl: %t", types, built, told)
		}
		stepNamed(t, p, StepTest(triple.AArch64))
		stepNamed(t, p, StepVerifyPackage)
	}
	linked := libraries(t, "", map[string]string{"lib": "[lib]\ncrate-type = [\"dylib\"]\n"}, map[string]string{"crates/lib/src/main.rs": ""})
	wantError(t, planOf(t, linked, "lib").CheckDryRun(), "crates/lib/Cargo.toml: the library is only a dylib, which "+triple.X8664+" and "+triple.AArch64+" does not support, and the crate's binaries are linked with it", `add "rlib"`)
	in := libraries(t, "", map[string]string{"lib": "[lib]\ncrate-type = [\"cdylib\"]\n"}, map[string]string{"crates/lib/src/main.rs": ""})
	if s := stepNamed(t, planOf(t, in, "lib"), StepBuild(triple.X8664)); s.Args[len(s.Args)-1] != "--bins" || len(s.Outputs) != 2 {
		t.Errorf("with a binary it is built by %q, which leaves %+v", s.Args, s.Outputs)
	}
}

// TestSharedExamples checks that an example that is only a shared object does not prevent tests,
// and that the plan says what is left out.
func TestSharedExamples(t *testing.T) {
	const settings = "[package.metadata.slipway]\ntest = [\"--doc\"]\n"
	for lines, want := range map[string]string{
		"[[example]]\nname = \"e\"\ncrate-type = [\"cdylib\"]\n":                                       " --no-fail-fast --tests",
		"[[example]]\nname = \"e\"\n[[example]]\nname = \"f\"\ncrate-type = [\"dylib\", \"cdylib\"]\n": " --no-fail-fast --tests",
		"[[example]]\nname = \"e\"\ncrate-type = [\"cdylib\", \"rlib\"]\n":                             " --no-fail-fast",
		"[[example]]\nname = \"e\"\n":                                                                  " --no-fail-fast",
		"[[example]]\nname = \"e\"\ncrate-type = [\"cdylib\"]\nrequired-features = [\"wasm\"]\n":       " --no-fail-fast",
		"[[example]]\nname = \"e\"\ncrate-type = [\"cdylib\"]\n" + settings:                            " --no-fail-fast --doc",
	} {
		p := planOf(t, libraries(t, "", map[string]string{"lib": lines}, map[string]string{"crates/lib/examples/e.rs": ""}), "lib")
		line := strings.Join(stepNamed(t, p, StepTest(triple.AArch64)).Args, " ")
		told := strings.Contains(strings.Join(p.Plan.Findings.Lines(), "\n"), "are only shared objects, which "+triple.X8664+" and "+triple.AArch64+" does not support")
		if !strings.HasSuffix(line, want) || told != strings.HasSuffix(want, "--tests") || p.CheckDryRun() != nil {
			t.Errorf("%s: it is tested by %s, and told: %t", lines, line, told)
		}
	}
}

// TestPartlyVendored checks that the step that downloads what is not vendored sees, of the
// workspace, its manifests and what is vendored.
func TestPartlyVendored(t *testing.T) {
	const crates = "registry+https://github.com/rust-lang/crates.io-index"
	in := libraries(t, "", map[string]string{"app": "[dependencies]\nlog = \"0.4\"\nown = { git = \"https://example.org/own\" }\n"}, map[string]string{
		".cargo/config.toml":              "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n",
		"vendor/log/Cargo.toml":           "[package]\nname = \"log\"\nversion = \"0.4.1\"\n",
		"vendor/log/src/lib.rs":           "\n",
		"vendor/log/.cargo-checksum.json": `{"files":{},"package":"aa"}`,
		"vendor/stray/src/secret.rs":      "// own\n",
		"notes/secret.txt":                "own\n",
		"Cargo.lock":                      "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\n \"log\",\n \"own\",\n]\n\n[[package]]\nname = \"log\"\nversion = \"0.4.1\"\nsource = \"" + crates + "\"\nchecksum = \"aa\"\n\n[[package]]\nname = \"own\"\nversion = \"1.0.0\"\nsource = \"git+https://example.org/own#1111111111111111111111111111111111111111\"\n",
	})
	p := planOf(t, in, "app")
	fetch := stepNamed(t, p, StepFetch)
	i := slices.IndexFunc(p.Trees, func(tree step.Tree) bool { return tree.Name == fetch.Mounts[1].Tree })
	if !fetch.Network || i < 0 {
		t.Fatalf("it fetches from %v, with a network: %t", fetch.Mounts, fetch.Network)
	}
	files := p.Trees[i].Files
	for name, want := range map[string]bool{"notes/secret.txt": false, "vendor/stray/src/secret.rs": false, "vendor/log/src/lib.rs": true, "vendor/log/.cargo-checksum.json": true} {
		text, changed := files[name]
		if seen := !changed || text != ""; seen != want {
			t.Errorf("%s is seen: %t", name, seen)
		}
	}
	for name, text := range files {
		if strings.HasSuffix(name, ".rs") && strings.TrimSpace(text) != "" && text != "fn main() {}\n" {
			t.Errorf("%s has the text %q", name, text)
		}
	}
}

// TestVendored checks that nothing is downloaded if everything is vendored, except to package
// crates that depend on each other.
func TestVendored(t *testing.T) {
	more := map[string]string{
		".cargo/config.toml":              "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n",
		"vendor/log/Cargo.toml":           "[package]\nname = \"log\"\nversion = \"0.4.1\"\n",
		"vendor/log/.cargo-checksum.json": `{"files":{},"package":"aa"}`,
		"Cargo.lock":                      "version = 4\n\n[[package]]\nname = \"inner\"\nversion = \"1.0.0\"\ndependencies = [\n \"log\",\n]\n\n[[package]]\nname = \"log\"\nversion = \"0.4.1\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"aa\"\n\n[[package]]\nname = \"outer\"\nversion = \"1.0.0\"\ndependencies = [\n \"inner\",\n]\n",
	}
	in := libraries(t, "", map[string]string{"outer": "[dependencies]\ninner = { path = \"../inner\", version = \"1\" }\n", "inner": "[dependencies]\nlog = \"0.4\"\n"}, more)
	for crate, want := range map[string]string{"inner": "", "outer": StepFetch + " " + StepPackage} {
		p := planOf(t, in, crate)
		var network []string
		for _, s := range p.Steps {
			if s.Network {
				network = append(network, s.Name)
			}
		}
		if got := strings.Join(network, ", "); got != want {
			t.Errorf("%s: the network is there for %q", crate, got)
		}
		if err := p.CheckDryRun(); err != nil {
			t.Errorf("%s: %v", crate, err)
		}
		upload := p.Publish.Steps[slices.IndexFunc(p.Publish.Steps, func(s step.Step) bool { return s.Name == StepUpload })]
		if slices.ContainsFunc(upload.Mounts, func(m step.Mount) bool { return m.Tree == confTree }) {
			t.Errorf("%s: the upload has the replaced sources", crate)
		}
	}
}
