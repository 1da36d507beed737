package local

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/conformance"
	"dagger/slipway/e2e/kit/crates"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/registry"
)

// TestLocalSourceIgnored checks that ignored files have no effect: the same commit gives
// the same plan and bytes, and no output or cache contains an ignored secret.
func TestLocalSourceIgnored(t *testing.T) {
	_, l := kit.Local(t)
	clean, dirty := conformance.Littered(t)
	cache, err := l.NewCache("ignored")
	kit.Check(t, err)
	w := kit.LocalWith(cache)
	for crate, version := range map[string]string{"shimkit": "0.3.1", "shim-demo": "0.1.0"} {
		t.Run(crate, func(t *testing.T) {
			tmp := t.TempDir()
			r := kit.Release{Source: dirty, Crate: crate, Version: version, Out: filepath.Join(t.TempDir(), "out"), Env: []string{"TMPDIR=" + tmp}}
			there := w.Release(t, r).WantCode(t, 0)
			conformance.WantNoSecret(t, "the output", r.Out)
			if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
				t.Errorf("the command has left %v, %v", left, err)
			}
			other := r
			other.Source, other.Out = clean, filepath.Join(t.TempDir(), "out")
			here := w.Release(t, other).WantCode(t, 0)
			if kit.PlanDigest(t, here.Stdout) != kit.PlanDigest(t, there.Stdout) {
				t.Errorf("the plans differ:\n%s\n%s", here.Stdout, there.Stdout)
			}
			if a, b := kit.Digests(t, r.Out), kit.Digests(t, other.Out); !maps.Equal(a, b) {
				t.Errorf("the files differ: %v and %v", a, b)
			}
			for line := range strings.Lines(here.Stderr) { // nothing runs again, because the source is the same
				if !strings.HasSuffix(line, ": already done, on the same inputs\n") {
					t.Errorf("without the ignored files it said %q", line)
				}
			}
		})
	}
	conformance.WantNoSecret(t, "the cache", cache, "images", "toolchain")

	t.Run("with changes", func(t *testing.T) { // files that git would track are built
		kit.Write(t, "// changed\n", dirty, "crates/shimkit/src/new.rs")
		r := kit.Release{Source: dirty, Crate: "shimkit", Version: "0.3.1", Out: filepath.Join(t.TempDir(), "out")}
		got := w.Release(t, r).WantCode(t, 0)
		if !strings.Contains(got.Stdout, "uncommitted") {
			t.Errorf("the dry run does not say that files differ:\n%s", kit.Tail(got.Stdout))
		}
		var names []string
		for _, e := range kit.Untar(t, r.Out, "shimkit-0.3.1.crate") {
			names = append(names, e.Header.Name)
		}
		if text := strings.Join(names, " "); !strings.Contains(text, "src/new.rs") || strings.Contains(text, "key.pem") || strings.Contains(text, "notes.txt") || strings.Contains(text, "nested") {
			t.Errorf("the package has %q", names)
		}
		conformance.WantNoSecret(t, "the output", r.Out)
		conformance.WantNoSecret(t, "the cache", cache, "images", "toolchain")
	})
}

// TestLocalSourceUpload checks that a real release uploads no ignored file.
func TestLocalSourceUpload(t *testing.T) {
	w, _ := kit.Local(t)
	server := crates.NewRegistry(t, "")
	source := crates.Workspace(t, server)
	conformance.Ignore(t, source)
	kit.InitRepository(t, source, "main")
	h := forge.Of(t, source, func(*githubd.Options) {})
	token, err := server.Token("maintainer")
	kit.Check(t, err)
	p := &crates.Services{GitHub: h, Registry: server, RegistryToken: token}
	r := p.Request(t, "shimkit", "0.3.1", "--initial-release")
	conformance.Litter(t, r.Source)
	w.Release(t, r).WantCode(t, 0)
	p.WantCrate(t, "shimkit", "0.3.1")
	raw, err := server.Download("shimkit", "0.3.1")
	kit.Check(t, err)
	if conformance.HoldsSecret(raw) {
		t.Error("the registry has a secret that git ignores")
	}
	conformance.WantNoSecret(t, "the output", r.Out)
}

// TestLocalSourceBelow checks that a workspace below its repository's root can be released,
// and that the commands in the workflows generated for it work.
func TestLocalSourceBelow(t *testing.T) {
	w, _ := kit.Local(t)
	server := crates.NewRegistry(t, "")
	outer := filepath.Join(t.TempDir(), "outer")
	kit.CopyTo(t, crates.Workspace(t, server), filepath.Join(outer, "libs"))
	kit.Write(t, "key.pem\n", outer, ".gitignore")
	kit.Write(t, "beside\n", outer, "README.md")
	kit.InitRepository(t, outer, "main")
	h := forge.Of(t, outer, func(*githubd.Options) {})
	token, err := server.Token("maintainer")
	kit.Check(t, err)
	p := &crates.Services{GitHub: h, Registry: server, RegistryToken: token}
	r := p.Request(t, "shimkit", "0.3.1", "--initial-release")
	top := r.Source
	r.Source = filepath.Join(top, "libs")
	kit.Write(t, "a change beside the workspace\n", top, "README.md")
	kit.Write(t, conformance.IgnoredSecret, r.Source, "crates/shimkit/key.pem")
	got := w.Command("plan", kit.Release{Source: r.Source, Crate: "shimkit", Version: "0.3.1"}).Run(t).WantCode(t, 0)
	if want := kit.Git(t, top, "rev-parse", "HEAD") + `, directory "libs"`; !strings.Contains(got.Stdout, want) || strings.Contains(got.Stdout, "uncommitted") {
		t.Errorf("the plan does not say %q:\n%s", want, got.Stdout)
	}
	t.Run("workflows", func(t *testing.T) {
		args := []string{kit.Slipway, "workflows", "--source", top, "--workspace", "libs", "--slipway", kit.PinnedAction, "--write"}
		kit.Command{Args: args}.Run(t).WantCode(t, 0)
		text := kit.Read(t, top, ".github/workflows/action-build.yml")
		if !strings.Contains(text, "SOURCE: libs\n") || strings.Contains(text, "submodules:") {
			t.Errorf("the workflow is\n%s", text)
		}
		staged := kit.Command{
			Args: append([]string{kit.Slipway, "stage", "--out=" + t.TempDir() + "/staged", "--source=libs", "--crate=shimkit", "--version=0.3.1"}, w.Flags...), Dir: top,
		}
		staged.Run(t).WantCode(t, 0)
	})
	w.Release(t, r).WantCode(t, 0)
	p.WantCrate(t, "shimkit", "0.3.1")
	raw, err := server.Download("shimkit", "0.3.1")
	kit.Check(t, err)
	if conformance.HoldsSecret(raw) {
		t.Error("the registry has a secret that git ignores")
	}
	info := crates.Unpack(t, raw)["shimkit-0.3.1/.cargo_vcs_info.json"]
	if !strings.Contains(info, kit.Git(t, top, "rev-parse", "HEAD")) || !strings.Contains(info, `"path_in_vcs": "libs/crates/shimkit"`) || strings.Contains(info, "dirty") {
		t.Errorf("the package says of its repository %q", info)
	}
	kit.Write(t, "// a change\n", r.Source, "crates/shimkit/src/new.rs")
	r.Out = filepath.Join(t.TempDir(), "out")
	w.Release(t, r).WantCode(t, 1).WantError(t, "files differ from commit")
}

// TestLocalSourceSubmodule checks that a build script can read the files of a submodule,
// that a submodule which is not checked out is reported, and that workflows check it out.
func TestLocalSourceSubmodule(t *testing.T) {
	w, _ := kit.Local(t)
	data := t.TempDir()
	kit.Write(t, "from the submodule\n", data, "words.txt")
	kit.InitRepository(t, data, "main")
	source := kit.Example(t)
	kit.Write(t, `fn main() { assert_eq!(std::fs::read_to_string("words/words.txt").unwrap(), "from the submodule\n"); }`+"\n", source, "crates/shimkit/build.rs")
	kit.InitRepository(t, source, "main")
	kit.Git(t, source, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "file://"+data, "crates/shimkit/words")
	kit.Write(t, "*.bin filter=lfs\n", source, "crates/shimkit/.gitattributes")
	kit.Git(t, source, "add", "--all")
	kit.Git(t, source, "commit", "--quiet", "--message", "a submodule")
	r := kit.Release{Source: source, Crate: "shimkit", Version: "0.3.1", Out: filepath.Join(t.TempDir(), "out")}
	w.Release(t, r).WantCode(t, 0)
	clone := filepath.Join(t.TempDir(), "clone")
	kit.Git(t, source, "clone", "--quiet", source, clone)
	r.Source = clone
	got := w.Command("plan", kit.Release{Source: clone, Crate: "shimkit", Version: "0.3.1"}).Run(t).WantCode(t, 0)
	for _, want := range []string{"crates/shimkit/words: the submodule is not checked out", "git submodule update --init --recursive"} {
		if !strings.Contains(got.Stdout, want) {
			t.Errorf("the plan does not say %q:\n%s", want, got.Stdout)
		}
	}
	r.Flags = []string{"--dry-run=false", "--repository", "containerd/runwasi"}
	r.Env = []string{"GITHUB_TOKEN=x", registry.TokenVariable + "=x", "CARGO_REGISTRY_TOKEN=x"}
	w.Release(t, r).WantCode(t, 1).WantError(t, "crates/shimkit/words: the submodule is not checked out")
	kit.Command{Args: []string{kit.Slipway, "workflows", "--source", clone, "--slipway", kit.PinnedAction, "--write"}}.Run(t).WantCode(t, 0)
	text := kit.Read(t, clone, ".github/workflows/action-build.yml")
	if n := strings.Count(text, "persist-credentials: false\n          submodules: recursive\n          lfs: true\n"); n == 0 || n != strings.Count(text, "persist-credentials:") {
		t.Errorf("the workflow checks out without submodules or LFS:\n%s", text)
	}
}

// TestLocalSourceSubmoduleMember checks that a crate in a submodule is built with the crate
// that depends on it, and that the error names the submodule if it is not checked out.
func TestLocalSourceSubmoduleMember(t *testing.T) {
	w, _ := kit.Local(t)
	other := t.TempDir()
	kit.Write(t, "[package]\nname = \"other\"\nversion = \"0.1.0\"\nedition = \"2021\"\n", other, "Cargo.toml")
	kit.Write(t, "pub fn answer() -> u8 { 42 }\n", other, "src/lib.rs")
	kit.InitRepository(t, other, "main")
	for name, workspace := range map[string]string{
		"a member": "[workspace]\nmembers = [\"third/other\"]\n", "by its path alone": "[workspace]\n", "excluded": "[workspace]\nexclude = [\"third\"]\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := kit.SmallCrate(t, "[dependencies]\nother = { path = \"third/other\" }\n"+workspace, map[string]string{
				"Cargo.lock": "version = 4\n\n[[package]]\nname = \"one\"\nversion = \"0.1.0\"\ndependencies = [\n \"other\",\n]\n\n[[package]]\nname = \"other\"\nversion = \"0.1.0\"\n",
				"src/lib.rs": "#[test]\nfn t() { assert_eq!(other::answer(), 42) }\n",
			})
			kit.InitRepository(t, r.Source, "main")
			kit.Git(t, r.Source, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "file://"+other, "third/other")
			kit.Git(t, r.Source, "commit", "--quiet", "--message", "a submodule")
			w.Test(t, r).WantCode(t, 0).WantStdout(t, kit.X8664+": 1 passed")
			clone := filepath.Join(t.TempDir(), "clone")
			kit.Git(t, r.Source, "clone", "--quiet", r.Source, clone)
			r.Source = clone
			got := w.Command("plan", r).Run(t)
			if said := got.Stdout + got.Stderr; !strings.Contains(said, "third/other") || !strings.Contains(said, "is not checked out") || !strings.Contains(said, "git submodule update --init --recursive") {
				t.Errorf("it does not name the submodule:\n%s", said)
			}
		})
	}
}
