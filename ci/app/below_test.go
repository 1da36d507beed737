package app

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/change"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/gittest"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/prepare"
	"dagger/slipway/ci/step"
)

// belowRoot returns the files of a repository with a workspace in the directory "rust", and more
// files.
func belowRoot(lines string, more map[string]string) map[string]string {
	files := map[string]string{
		"rust/Cargo.toml": "[workspace]\nresolver = \"2\"\nmembers = [\"a\"]\n", "rust/Cargo.lock": lock("a"),
		"rust/a/Cargo.toml": manifest("a", lines), "rust/a/src/lib.rs": "//\n", "other/large": "not needed\n",
	}
	maps.Copy(files, more)
	return files
}

// TestPackageBelow checks that a package holds what cargo packages in a clone, where the files are
// above the workspace.
func TestPackageBelow(t *testing.T) {
	readme := map[string]string{"README.md": "the readme\n", "docs/LICENSE": "the licence\n"}
	for name, files := range map[string]map[string]string{
		"a readme":                 belowRoot(`readme = "../../README.md"`, readme),
		"a licence":                belowRoot(`license-file = "../../docs/LICENSE"`, readme),
		"an inherited readme":      belowRoot(`readme.workspace = true`, map[string]string{"README.md": "x\n", "rust/Cargo.toml": "[workspace]\nresolver = \"2\"\nmembers = [\"a\"]\n[workspace.package]\nreadme = \"../README.md\"\n"}),
		"a link":                   belowRoot("", map[string]string{"LICENSE": "x\n", "rust/a/LICENSE": "-> ../../LICENSE"}),
		"a link to a link":         belowRoot("", map[string]string{"docs/LICENSE": "x\n", "LICENSE": "-> docs/LICENSE", "rust/LICENSE": "-> ../LICENSE", "rust/a/LICENSE": "-> ../LICENSE"}),
		"a link to a directory":    belowRoot("", map[string]string{"testdata/x/one": "1\n", "testdata/two": "-> ../docs/two", "docs/two": "2\n", "rust/a/testdata": "-> ../../testdata"}),
		"through a link":           belowRoot(`readme = "../../linked/README.md"`, map[string]string{"docs/README.md": "x\n", "linked": "-> docs"}),
		"a configuration above":    belowRoot("", map[string]string{"LICENSE": "x\n", "rust/a/LICENSE": "-> ../../LICENSE", ".cargo/config.toml": "[build]\nrustflags = [\"--cfg\", \"x\"]\n"}),
		"a package, nothing above": belowRoot("", nil),
		"a tracked target":         belowRoot("", map[string]string{"rust/a/target/x": "1\n", "rust/a/target/y/z": "2\n"}),
		"a link to the repository": belowRoot("exclude = [\"repository\"]", map[string]string{"rust/a/repository": "-> ../.."}),
	} {
		t.Run(name, func(t *testing.T) { wantSamePackage(t, tree(t, files), "rust", "a") })
	}
}

// TestBuildBelow checks that the tests of a crate pass in the plan's tree as they do in a clone:
// with path dependencies, sources, variables and flags from above the workspace.
func TestBuildBelow(t *testing.T) {
	const unpublished = "publish = false\n[dependencies]\nshared = { path = \"../../shared\" }"
	uses := map[string]string{
		"rust/Cargo.lock":   strings.Replace(lock("a", "shared"), "\"a\"\nversion = \"0.1.0\"\n", "\"a\"\nversion = \"0.1.0\"\ndependencies = [\n \"shared\",\n]\n", 1),
		"rust/a/src/lib.rs": "#[test]\nfn works() { assert_eq!(shared::N, 7); }\n", "shared/src/lib.rs": "pub const N: u8 = 7;\n",
	}
	with := func(more map[string]string) map[string]string {
		all := maps.Clone(uses)
		maps.Copy(all, more)
		return all
	}
	for name, files := range map[string]map[string]string{
		"a path dependency": belowRoot(unpublished, with(map[string]string{"shared/Cargo.toml": manifest("shared")})),
		"that inherits": belowRoot(unpublished, with(map[string]string{
			"Cargo.toml":        "[workspace]\nmembers = [\"shared\"]\nexclude = [\"rust\"]\n[workspace.package]\nversion = \"0.1.0\"\n",
			"shared/Cargo.toml": "[package]\nname = \"shared\"\nversion.workspace = true\nedition = \"2021\"\n",
		})),
		"that reads a file": belowRoot(unpublished, with(map[string]string{
			"shared/Cargo.toml": manifest("shared"), "shared/src/lib.rs": "pub const N: u8 = include_bytes!(\"seven\")[0] - b'0';\n", "shared/src/seven": "-> ../../data/seven", "data/seven": "7\n",
		})),
		"a linked source": belowRoot("", map[string]string{
			"rust/a/src/lib.rs": "mod shared;\n#[test]\nfn works() { assert_eq!(shared::N, 7); }\n", "rust/a/src/shared.rs": "-> ../../../common.rs", "common.rs": "pub const N: u8 = 7;\n",
		}),
		"an included file": belowRoot("", map[string]string{
			"rust/a/src/lib.rs": "#![doc = include_str!(\"../../../README.md\")]\n#[path = \"../../../common.rs\"]\nmod shared;\n#[test]\nfn works() { assert_eq!(shared::N, 7); }\n", "common.rs": "pub const N: u8 = 7;\n", "README.md": "x\n",
		}),
		"a configuration": belowRoot("", map[string]string{
			".cargo/config.toml":      "[env]\nGREETING = \"hello\"\nFILE = { value = \"data/file\", relative = true }\n[build]\nrustflags = [\"--cfg\", \"outer\"]\n",
			"rust/.cargo/config.toml": "[env]\nGREETING = \"good day\"\n[build]\nrustflags = [\"--cfg\", \"inner\"]\n", "data/file": "content",
			"rust/a/src/lib.rs": "#[test]\nfn works() {\n    assert_eq!(env!(\"GREETING\"), \"good day\");\n    assert_eq!(std::fs::read_to_string(env!(\"FILE\")).unwrap(), \"content\");\n    assert!(cfg!(outer) && cfg!(inner));\n}\n",
		}),
		"an included configuration": belowRoot("", map[string]string{
			"rust/.cargo/config.toml": "include = [\"more.toml\", { path = \"../conf/third.toml\" }, { path = \"absent.toml\", optional = true }]\n[env]\nA = \"own\"\n",
			"rust/.cargo/more.toml":   "[env]\nA = \"more\"\nB = \"more\"\n", "rust/conf/third.toml": "[env]\nB = \"third\"\nC = { value = \"a/Cargo.toml\", relative = true }\n",
			"rust/a/src/lib.rs": "#[test]\nfn works() { assert_eq!((env!(\"A\"), env!(\"B\")), (\"own\", \"third\")); assert!(std::fs::exists(env!(\"C\")).unwrap()); }\n",
		}),
	} {
		t.Run(name, func(t *testing.T) {
			dir := tree(t, files)
			p, source := planned(t, filepath.Join(dir, "rust"), "a")
			if err := plan.Of(p).CheckDryRun(); err != nil || len(p.Findings.Stopping(finding.Release)) > 0 {
				t.Errorf("the plan has the findings %q, %v", p.Findings.Lines(), err)
			}
			name := plan.StepTest(p.Targets[0])
			i := slices.IndexFunc(p.Steps, func(s step.Step) bool { return s.Name == name })
			args := p.Steps[i].Args
			p.Steps[i].Args = slices.Delete(args, slices.Index(args, "--target"), slices.Index(args, "--target")+2) // the machine may have no musl target
			if _, out, err := onHost(t, p, source, name); err != nil || !strings.Contains(out, "1 passed") {
				t.Errorf("the plan's step says %v\n%s", err, out)
			}
			cargo := exec.Command("cargo", "test", "--offline", "--locked")
			cargo.Dir, cargo.Env = filepath.Join(dir, "rust"), append(os.Environ(), "CARGO_TARGET_DIR="+t.TempDir())
			if out, err := cargo.CombinedOutput(); err != nil || !strings.Contains(string(out), "1 passed") {
				t.Errorf("in a clone cargo says %v\n%s", err, out)
			}
		})
	}
}

// TestNothingAbove checks that the plan of a crate which needs nothing from above its workspace
// is the one of the same workspace at a repository's root, apart from the name of its directory.
func TestNothingAbove(t *testing.T) {
	shape := func(p *plan.Crate) (list []string) {
		for _, s := range p.Steps {
			if s.Name != plan.StepPackage && s.Name != plan.StepVerifyPackage {
				list = append(list, strings.Join(append(s.Args, s.Dir), " "))
			}
		}
		for _, tree := range p.Trees {
			if tree.Repository {
				t.Errorf("tree %q is the repository", tree.Name)
			}
			list = append(list, strings.Join(slices.Sorted(maps.Keys(tree.Files)), " "))
		}
		return list
	}
	files := belowRoot("", map[string]string{"README.md": "x\n", "rust/a/README.md": "x\n", "rust/a/link": "-> ../Cargo.toml", "rust/Makefile": "-> ../other/large"})
	below, _ := planned(t, filepath.Join(tree(t, files), "rust"), "a")
	top := map[string]string{}
	for name, content := range files {
		if within, ok := strings.CutPrefix(name, "rust/"); ok {
			top[within] = content
		}
	}
	root, _ := planned(t, tree(t, top), "a")
	a, b := shape(below), shape(root)
	if !slices.Equal(a[:5], b[:5]) {
		t.Errorf("below a root the plan is\n%q\nat it\n%q", a, b)
	}
}

// TestAboveSaid checks what a plan says of files above the workspace: the nearest toolchain file
// and changelog count, and keys that a release refuses are findings with their file.
func TestAboveSaid(t *testing.T) {
	dir := tree(t, map[string]string{
		"x/rust/Cargo.toml": manifest("a", "[workspace]"), "x/rust/Cargo.lock": lock("a"), "x/rust/src/lib.rs": "//\n",
		"rust-toolchain.toml": "[toolchain]\nchannel = \"1.70.0\"\n", "x/rust-toolchain": "1.71.0\n",
		"CHANGELOG.md": "## 0.1.0\n\nfrom above\n", ".cargo/config.toml": "[build]\nrustc-wrapper = \"x\"\n", "x/.cargo/config": "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n",
	})
	p, _ := planned(t, filepath.Join(dir, "x/rust"), "a")
	if plan.Of(p).Channel != "1.71.0" || !strings.Contains(p.Notes, "from above") || !strings.HasPrefix(p.NotesFrom, "../../CHANGELOG.md") {
		t.Errorf("the channel is %q, the notes are %q from %q", plan.Of(p).Channel, p.Notes, p.NotesFrom)
	}
	said := strings.Join(p.Findings.Stopping(finding.Release).Lines(), "\n")
	for _, want := range []string{"../../.cargo/config.toml:2: \"build.rustc-wrapper\" is not allowed in a release", "../.cargo/config:1: \"source\" is not allowed in a release"} {
		if !strings.Contains(said, want) {
			t.Errorf("the findings are\n%s\nwithout %q", said, want)
		}
	}
}

// TestOutOfRepository checks that nothing outside the repository is read or built, and that
// nothing which git ignores is, whichever way leads there.
func TestOutOfRepository(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(secret, []byte("canary"), 0o644))
	for name, tt := range map[string]struct {
		files map[string]string
		want  string
	}{
		"a link out":            {belowRoot("", map[string]string{"rust/a/x": "-> ../../../x"}), `rust/a/x|a/x: the symbolic link points to "../../../x", outside the repository`},
		"a link to a link out":  {belowRoot("", map[string]string{"rust/a/x": "-> ../../x", "x": "-> " + secret}), "a/x: the symbolic link points to"},
		"a link in a directory": {belowRoot("", map[string]string{"rust/a/x": "-> ../../d/y", "d": "-> " + filepath.Dir(secret)}), "a/x: the symbolic link points to"},
		"a link to git's own":   {belowRoot("", map[string]string{"rust/a/x": "-> ../../.git/config"}), "a/x: the symbolic link points to"},
		"what git ignores":      {belowRoot("", map[string]string{"rust/a/x": "-> ../../ignored/x", ".gitignore": "ignored\n"}), "a/x: the symbolic link points to"},
		"a dependency out":      {belowRoot("[dependencies]\nb = { path = \"../../../b\" }", nil), "outside the repository"},
		"an ignored dependency": {belowRoot("[dependencies]\nb = { path = \"../../ignored\" }", map[string]string{".gitignore": "ignored\n"}), "git does not track it"},
		"a readme out":          {belowRoot(`readme = "../../../README.md"`, nil), "there is no file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := tree(t, tt.files)
			must(t, os.MkdirAll(filepath.Join(dir, "ignored"), 0o755))
			must(t, os.WriteFile(filepath.Join(dir, "ignored", "x"), []byte("canary"), 0o644))
			must(t, os.WriteFile(filepath.Join(dir, "ignored", "Cargo.toml"), []byte(manifest("b")), 0o644))
			p, source := planned(t, filepath.Join(dir, "rust"), "a")
			said := strings.Join(p.Findings.Stopping(finding.Registry, finding.Release, finding.Everything).Lines(), "\n")
			if parts := strings.Split(tt.want, "|"); !strings.Contains(said, parts[len(parts)-1]) {
				t.Errorf("the findings are\n%s\nwithout %q", said, tt.want)
			}
			must(t, filepath.WalkDir(source.Root, func(name string, e os.DirEntry, err error) error {
				if err == nil && e.Type().IsRegular() {
					raw, err := os.ReadFile(name)
					must(t, err)
					if strings.Contains(string(raw), "canary") {
						t.Errorf("the source has %q", name)
					}
				}
				return err
			}))
		})
	}
}

// TestAboveDirty checks that a change to a file above the workspace makes the source dirty if the
// workspace needs it, and that no other file there matters.
func TestAboveDirty(t *testing.T) {
	dir := tree(t, belowRoot(`readme = "../../README.md"`, map[string]string{"README.md": "x\n"}))
	check := func(what string, dirty bool, readme string) {
		t.Helper()
		p, source := planned(t, filepath.Join(dir, "rust"), "a")
		raw, _ := os.ReadFile(filepath.Join(source.Root, "README.md"))
		if p.Source.Dirty != dirty || string(raw) != readme {
			t.Errorf("%s: it is dirty: %t, and the readme is %q", what, p.Source.Dirty, raw)
		}
		if _, err := os.Lstat(filepath.Join(source.Root, "other")); err == nil {
			t.Errorf("%s: the source has what nothing needs", what)
		}
	}
	check("clean", false, "x\n")
	must(t, os.WriteFile(filepath.Join(dir, "other/large"), []byte("changed"), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "new"), []byte("new"), 0o644))
	check("another file", false, "x\n")
	must(t, os.WriteFile(filepath.Join(dir, "README.md"), []byte("y\n"), 0o644))
	check("a changed readme", true, "y\n")
	must(t, os.Remove(filepath.Join(dir, "README.md")))
	check("a deleted readme", true, "")
	gittest.Run(t, dir, "restore", "README.md")
	must(t, os.WriteFile(filepath.Join(dir, "rust-toolchain"), []byte("1.71.0\n"), 0o644))
	check("a new toolchain file", true, "x\n")
}

// TestSubmoduleAbove checks that a path dependency in a submodule outside the workspace is a
// finding that names the submodule.
func TestSubmoduleAbove(t *testing.T) {
	inner := tree(t, map[string]string{"Cargo.toml": manifest("inner"), "src/lib.rs": "//\n"})
	dir := tree(t, belowRoot("[dependencies]\ninner = { path = \"../../third\" }", nil))
	gittest.Run(t, dir, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "file://"+inner, "third")
	commitAll(t, dir)
	p, _ := planned(t, filepath.Join(dir, "rust"), "a")
	if err := plan.Of(p).CheckDryRun(); err == nil || !strings.Contains(err.Error(), "the submodule \"../third\", which may have it, is outside the workspace") {
		t.Errorf("the plan says %v", err)
	}
}

// TestPrepareBelow checks that the changelog above a workspace gets the section that a release of it
// then finds.
func TestPrepareBelow(t *testing.T) {
	const log = "# Changelog\n\n## Unreleased\n\n- from above\n\n## 0.1.0\n\n- first\n"
	dir := tree(t, belowRoot("", map[string]string{"CHANGELOG.md": log, "shared/Cargo.toml": manifest("shared")}))
	h := &fakeHost{t: t, dir: filepath.Join(dir, "rust")}
	v := &Prepare{Crate: "a", Version: "0.2.0"}
	made, err := v.Run(t.Context(), h)
	if err != nil || !strings.Contains(made.Files["../CHANGELOG.md"], "## 0.2.0") || !strings.Contains(strings.Join(made.Notes, "\n"), "outside the workspace") {
		t.Fatalf("%v: %s\n%q", err, made.Output, made.Notes)
	}
	source, err := h.Source(t.Context(), v.Root)
	must(t, err)
	proposed, err := tracked(t.Context(), source, &prepare.Changeset{Files: []change.File{{Path: "a/Cargo.toml"}, {Path: "../CHANGELOG.md"}, {Path: "ignored"}}})
	if names := slices.Sorted(maps.Keys(proposed)); err != nil || !slices.Equal(names, []string{"CHANGELOG.md", "rust/a/Cargo.toml"}) {
		t.Errorf("proposed are %q, %v", names, err)
	}
	v.Write = true
	_, err = v.Run(t.Context(), h)
	raw, read := os.ReadFile(filepath.Join(dir, "CHANGELOG.md"))
	if err != nil || read != nil || string(raw) != made.Files["../CHANGELOG.md"] {
		t.Errorf("%v, %v: the file is\n%s", err, read, raw)
	}
	commitAll(t, dir)
	var planned Plan
	p, err := planned.planOne(t.Context(), &fakeHost{t: t, dir: h.dir}, &planned.Signing, Subject{Crate: "a", Version: "0.2.0"})
	if err != nil || !strings.Contains(p.plan.Crates[0].Notes, "from above") {
		t.Errorf("a release of it finds %v", err)
	}
}

// TestPartlyVendoredBelow checks that the step that downloads what is not vendored sees, of a
// repository, the manifests and what is vendored, if the workspace is below its root and needs
// files above.
func TestPartlyVendoredBelow(t *testing.T) {
	const index = "registry+https://github.com/rust-lang/crates.io-index"
	const vendor = "rust/vendor"
	config := "[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n"
	dir := tree(t, belowRoot("readme = \"../../README.md\"\n[dependencies]\nlog = \"0.4\"\nown = { git = \"https://example.org/own\" }", map[string]string{
		"rust/.cargo/config.toml": config, "README.md": "x\n", "other/secret.txt": "own\n", "rust/notes/secret.txt": "own\n",
		vendor + "/log/Cargo.toml": "[package]\nname = \"log\"\nversion = \"0.4.1\"\n", vendor + "/log/src/lib.rs": "// vendored\n",
		vendor + "/log/.cargo-checksum.json": `{"files":{},"package":"aa"}`, vendor + "/stray/src/secret.rs": "// own\n",
		"rust/Cargo.lock": "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\ndependencies = [\n \"log\",\n \"own\",\n]\n\n[[package]]\nname = \"log\"\nversion = \"0.4.1\"\nsource = \"" + index + "\"\nchecksum = \"aa\"\n\n[[package]]\nname = \"own\"\nversion = \"1.0.0\"\nsource = \"git+https://example.org/own#1111111111111111111111111111111111111111\"\n",
	}))
	p, source := planned(t, filepath.Join(dir, "rust"), "a")
	i := slices.IndexFunc(p.Steps, func(s step.Step) bool { return s.Name == plan.StepFetch })
	if i < 0 {
		t.Fatalf("it fetches nothing; the findings are %q", p.Findings.Lines())
	}
	files := p.Trees[slices.IndexFunc(p.Trees, func(tree step.Tree) bool { return tree.Name == p.Steps[i].Mounts[1].Tree })]
	if !files.Repository || !p.Steps[i].Network {
		t.Fatalf("it fetches with %+v", p.Steps[i])
	}
	seen := map[string]bool{}
	must(t, filepath.WalkDir(source.Root, func(name string, e os.DirEntry, err error) error {
		name, _ = filepath.Rel(source.Root, name)
		if text, changed := files.Files[name]; err == nil && !e.IsDir() && (!changed || text != "") {
			seen[name] = true
		}
		return err
	}))
	for name, want := range map[string]bool{
		"rust/notes/secret.txt": false, vendor + "/stray/src/secret.rs": false, "README.md": false, "other/secret.txt": false,
		vendor + "/log/src/lib.rs": true, vendor + "/log/.cargo-checksum.json": true, "rust/a/Cargo.toml": true, "rust/Cargo.lock": true,
	} {
		if seen[name] != want {
			t.Errorf("%s is seen: %t", name, seen[name])
		}
	}
}
