package e2e

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/registry"
)

// ignoredSecret must not be in any output, cache or upload.
const ignoredSecret = "canary-of-an-ignored-file-8a3f"

// littered returns the example as a repository that ignores secrets, and a clone of it with
// such secrets in its directory.
func littered(t testing.TB) (clean, littered string) {
	t.Helper()
	clean = example(t)
	ignoring(t, clean)
	repository(t, clean, "main")
	littered = filepath.Join(t.TempDir(), "littered")
	git(t, clean, "clone", "--quiet", clean, littered)
	litter(t, littered)
	return clean, littered
}

// ignoring makes a workspace ignore the files of [litter].
func ignoring(t testing.TB, dir string) {
	t.Helper()
	write(t, "/target\n.env\n*.pem\nnotes.txt\nlocal/\n.venv\nnode_modules/\n", dir, ".gitignore")
}

// litter adds ignored files to a working directory, inside and outside its crates.
func litter(t testing.TB, dir string) {
	t.Helper()
	for _, below := range []string{"", "crates/shimkit", "crates/shim-core/src", "crates/shim-demo"} {
		for _, name := range []string{".env", "key.pem", "notes.txt", "local/key.pem", "local/deep/er/id_rsa", "node_modules/m/index.js"} {
			write(t, ignoredSecret, dir, below, name)
		}
		check(t, os.MkdirAll(filepath.Join(dir, below, ".venv/bin"), 0o755))
		check(t, os.Symlink("/usr/bin/python3", filepath.Join(dir, below, ".venv/bin/python")))
		check(t, os.Symlink(filepath.Join(dir, ".env"), filepath.Join(dir, below, "link.pem")))
	}
	write(t, ignoredSecret, dir, "target/release/app")
	nested := filepath.Join(dir, "crates/shimkit/nested")
	check(t, os.Mkdir(nested, 0o755))
	write(t, ignoredSecret, nested, "file")
	repository(t, nested, "main")
}

// wantNoSecret fails the test if a file below a directory contains the secret, plain or
// compressed. It logs how many files it read.
func wantNoSecret(t testing.TB, what, dir string, skip ...string) {
	t.Helper()
	read := 0
	check(t, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		for _, s := range skip {
			if e.IsDir() && name == filepath.Join(dir, s) {
				return fs.SkipDir
			}
		}
		if strings.Contains(name, "id_rsa") || strings.HasSuffix(name, ".pem") && strings.Contains(name, "local") {
			t.Errorf("%s has %q", what, name)
		}
		if !e.Type().IsRegular() {
			return nil
		}
		raw, err := os.ReadFile(name)
		read++
		if holds(raw) {
			t.Errorf("%s: %q has the secret", what, name)
		}
		return err
	}))
	if read == 0 {
		t.Errorf("%s has no file: nothing was searched", what)
	}
	t.Logf("%s: %d files searched", what, read)
}

// holds reports whether raw, or its decompressed form, contains the secret.
func holds(raw []byte) bool {
	if bytes.Contains(raw, []byte(ignoredSecret)) {
		return true
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return false
	}
	inner, err := io.ReadAll(z)
	return err == nil && bytes.Contains(inner, []byte(ignoredSecret))
}

// TestLocalSourceIgnored checks that ignored files have no effect: the same commit gives
// the same plan and bytes, and no output or cache contains an ignored secret.
func TestLocalSourceIgnored(t *testing.T) {
	_, l := local(t)
	clean, dirty := littered(t)
	cache, err := l.newCache("ignored")
	check(t, err)
	w := on(cache)
	for crate, version := range map[string]string{"shimkit": "0.3.1", "shim-demo": "0.1.0"} {
		t.Run(crate, func(t *testing.T) {
			tmp := t.TempDir()
			r := release{source: dirty, crate: crate, version: version, out: filepath.Join(t.TempDir(), "out"), env: []string{"TMPDIR=" + tmp}}
			there := w.release(t, r).wantCode(t, 0)
			wantNoSecret(t, "the output", r.out)
			if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
				t.Errorf("the command has left %v, %v", left, err)
			}
			other := r
			other.source, other.out = clean, filepath.Join(t.TempDir(), "out")
			here := w.release(t, other).wantCode(t, 0)
			if digestOf(t, here.stdout) != digestOf(t, there.stdout) {
				t.Errorf("the plans differ:\n%s\n%s", here.stdout, there.stdout)
			}
			if a, b := digests(t, r.out), digests(t, other.out); !maps.Equal(a, b) {
				t.Errorf("the files differ: %v and %v", a, b)
			}
			for line := range strings.Lines(here.stderr) { // nothing runs again, because the source is the same
				if !strings.HasSuffix(line, ": already done, on the same inputs\n") {
					t.Errorf("without the ignored files it said %q", line)
				}
			}
		})
	}
	wantNoSecret(t, "the cache", cache, "images", "toolchain")

	t.Run("with changes", func(t *testing.T) { // files that git would track are built
		write(t, "// changed\n", dirty, "crates/shimkit/src/new.rs")
		r := release{source: dirty, crate: "shimkit", version: "0.3.1", out: filepath.Join(t.TempDir(), "out")}
		got := w.release(t, r).wantCode(t, 0)
		if !strings.Contains(got.stdout, "uncommitted") {
			t.Errorf("the dry run does not say that files differ:\n%s", last(got.stdout))
		}
		var names []string
		for _, e := range untar(t, r.out, "shimkit-0.3.1.crate") {
			names = append(names, e.header.Name)
		}
		if text := strings.Join(names, " "); !strings.Contains(text, "src/new.rs") || strings.Contains(text, "key.pem") || strings.Contains(text, "notes.txt") || strings.Contains(text, "nested") {
			t.Errorf("the package has %q", names)
		}
		wantNoSecret(t, "the output", r.out)
		wantNoSecret(t, "the cache", cache, "images", "toolchain")
	})
}

// TestLocalSourceUpload checks that a real release uploads no ignored file.
func TestLocalSourceUpload(t *testing.T) {
	w, _ := local(t)
	server := newRegistry(t, "")
	source := registryWorkspace(t, server)
	ignoring(t, source)
	repository(t, source, "main")
	h := fakeGitHubOf(t, source, func(*githubd.Options) {})
	token, err := server.Token("maintainer")
	check(t, err)
	p := &services{fakeGitHub: h, registry: server, token: token}
	r := p.crate(t, "shimkit", "0.3.1", "--initial-release")
	litter(t, r.source)
	w.release(t, r).wantCode(t, 0)
	p.wantCrate(t, "shimkit", "0.3.1")
	raw, err := server.Download("shimkit", "0.3.1")
	check(t, err)
	if holds(raw) {
		t.Error("the registry has a secret that git ignores")
	}
	wantNoSecret(t, "the output", r.out)
}

// TestLocalSourceBelow checks that a workspace below its repository's root can be released,
// and that the commands in the workflows generated for it work.
func TestLocalSourceBelow(t *testing.T) {
	w, _ := local(t)
	server := newRegistry(t, "")
	outer := filepath.Join(t.TempDir(), "outer")
	copyTo(t, registryWorkspace(t, server), filepath.Join(outer, "libs"))
	write(t, "key.pem\n", outer, ".gitignore")
	write(t, "beside\n", outer, "README.md")
	repository(t, outer, "main")
	h := fakeGitHubOf(t, outer, func(*githubd.Options) {})
	token, err := server.Token("maintainer")
	check(t, err)
	p := &services{fakeGitHub: h, registry: server, token: token}
	r := p.crate(t, "shimkit", "0.3.1", "--initial-release")
	top := r.source
	r.source = filepath.Join(top, "libs")
	write(t, "a change beside the workspace\n", top, "README.md")
	write(t, ignoredSecret, r.source, "crates/shimkit/key.pem")
	got := w.command("plan", release{source: r.source, crate: "shimkit", version: "0.3.1"}).run(t).wantCode(t, 0)
	if want := git(t, top, "rev-parse", "HEAD") + `, directory "libs"`; !strings.Contains(got.stdout, want) || strings.Contains(got.stdout, "uncommitted") {
		t.Errorf("the plan does not say %q:\n%s", want, got.stdout)
	}
	t.Run("workflows", func(t *testing.T) {
		args := []string{slipway, "workflows", "--source", top, "--workspace", "libs", "--slipway", slipwayPin, "--write"}
		command{args: args}.run(t).wantCode(t, 0)
		text := read(t, top, ".github/workflows/action-build.yml")
		if !strings.Contains(text, "SOURCE: libs\n") || strings.Contains(text, "submodules:") {
			t.Errorf("the workflow is\n%s", text)
		}
		staged := command{
			args: append([]string{slipway, "stage", "--out=" + t.TempDir() + "/staged", "--source=libs", "--crate=shimkit", "--version=0.3.1"}, w.flags...), dir: top,
		}
		staged.run(t).wantCode(t, 0)
	})
	w.release(t, r).wantCode(t, 0)
	p.wantCrate(t, "shimkit", "0.3.1")
	raw, err := server.Download("shimkit", "0.3.1")
	check(t, err)
	if holds(raw) {
		t.Error("the registry has a secret that git ignores")
	}
	info := packed(t, raw)["shimkit-0.3.1/.cargo_vcs_info.json"]
	if !strings.Contains(info, git(t, top, "rev-parse", "HEAD")) || !strings.Contains(info, `"path_in_vcs": "libs/crates/shimkit"`) || strings.Contains(info, "dirty") {
		t.Errorf("the package says of its repository %q", info)
	}
	write(t, "// a change\n", r.source, "crates/shimkit/src/new.rs")
	r.out = filepath.Join(t.TempDir(), "out")
	w.release(t, r).wantCode(t, 1).wantError(t, "files differ from commit")
}

// TestLocalSourceSubmodule checks that a build script can read the files of a submodule,
// that a submodule which is not checked out is reported, and that workflows check it out.
func TestLocalSourceSubmodule(t *testing.T) {
	w, _ := local(t)
	data := t.TempDir()
	write(t, "from the submodule\n", data, "words.txt")
	repository(t, data, "main")
	source := example(t)
	write(t, `fn main() { assert_eq!(std::fs::read_to_string("words/words.txt").unwrap(), "from the submodule\n"); }`+"\n", source, "crates/shimkit/build.rs")
	repository(t, source, "main")
	git(t, source, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "file://"+data, "crates/shimkit/words")
	write(t, "*.bin filter=lfs\n", source, "crates/shimkit/.gitattributes")
	git(t, source, "add", "--all")
	git(t, source, "commit", "--quiet", "--message", "a submodule")
	r := release{source: source, crate: "shimkit", version: "0.3.1", out: filepath.Join(t.TempDir(), "out")}
	w.release(t, r).wantCode(t, 0)
	clone := filepath.Join(t.TempDir(), "clone")
	git(t, source, "clone", "--quiet", source, clone)
	r.source = clone
	got := w.command("plan", release{source: clone, crate: "shimkit", version: "0.3.1"}).run(t).wantCode(t, 0)
	for _, want := range []string{"crates/shimkit/words: the submodule is not checked out", "git submodule update --init --recursive"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("the plan does not say %q:\n%s", want, got.stdout)
		}
	}
	r.flags = []string{"--dry-run=false", "--repository", "containerd/runwasi"}
	r.env = []string{"GITHUB_TOKEN=x", registry.TokenVariable + "=x", "CARGO_REGISTRY_TOKEN=x"}
	w.release(t, r).wantCode(t, 1).wantError(t, "crates/shimkit/words: the submodule is not checked out")
	command{args: []string{slipway, "workflows", "--source", clone, "--slipway", slipwayPin, "--write"}}.run(t).wantCode(t, 0)
	text := read(t, clone, ".github/workflows/action-build.yml")
	if n := strings.Count(text, "persist-credentials: false\n          submodules: recursive\n          lfs: true\n"); n == 0 || n != strings.Count(text, "persist-credentials:") {
		t.Errorf("the workflow checks out without submodules or LFS:\n%s", text)
	}
}

// TestLocalSourceSubmoduleMember checks that a crate in a submodule is built with the crate
// that depends on it, and that the error names the submodule if it is not checked out.
func TestLocalSourceSubmoduleMember(t *testing.T) {
	w, _ := local(t)
	other := t.TempDir()
	write(t, "[package]\nname = \"other\"\nversion = \"0.1.0\"\nedition = \"2021\"\n", other, "Cargo.toml")
	write(t, "pub fn answer() -> u8 { 42 }\n", other, "src/lib.rs")
	repository(t, other, "main")
	for name, workspace := range map[string]string{
		"a member": "[workspace]\nmembers = [\"third/other\"]\n", "by its path alone": "[workspace]\n", "excluded": "[workspace]\nexclude = [\"third\"]\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := made(t, "[dependencies]\nother = { path = \"third/other\" }\n"+workspace, map[string]string{
				"Cargo.lock": "version = 4\n\n[[package]]\nname = \"one\"\nversion = \"0.1.0\"\ndependencies = [\n \"other\",\n]\n\n[[package]]\nname = \"other\"\nversion = \"0.1.0\"\n",
				"src/lib.rs": "#[test]\nfn t() { assert_eq!(other::answer(), 42) }\n",
			})
			repository(t, r.source, "main")
			git(t, r.source, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "file://"+other, "third/other")
			git(t, r.source, "commit", "--quiet", "--message", "a submodule")
			w.tested(t, r).wantCode(t, 0).wantStdout(t, x8664+": 1 passed")
			clone := filepath.Join(t.TempDir(), "clone")
			git(t, r.source, "clone", "--quiet", r.source, clone)
			r.source = clone
			got := w.command("plan", r).run(t)
			if said := got.stdout + got.stderr; !strings.Contains(said, "third/other") || !strings.Contains(said, "is not checked out") || !strings.Contains(said, "git submodule update --init --recursive") {
				t.Errorf("it does not name the submodule:\n%s", said)
			}
		})
	}
}

// TestDaggerSource checks that the module, and the command with the Dagger runner, give the
// local runner's plan and bytes, whatever other files are in the directory.
func TestDaggerSource(t *testing.T) {
	w := dagger(t)
	here, _ := local(t)
	clean, dirty := littered(t)
	r := release{source: clean, crate: "shimkit", version: "0.3.1", out: filepath.Join(t.TempDir(), "local")}
	want := here.release(t, r).wantCode(t, 0)
	sums := digests(t, r.out)
	t.Run("command", func(t *testing.T) {
		r := r
		r.source, r.out = dirty, filepath.Join(t.TempDir(), "engine")
		got := w.release(t, r).wantCode(t, 0)
		if digestOf(t, got.stdout) != digestOf(t, want.stdout) {
			t.Errorf("the plans differ:\n%s\n%s", got.stdout, want.stdout)
		}
		if got := digests(t, r.out); !maps.Equal(got, sums) {
			t.Errorf("the files differ: %v, expected %v", got, sums)
		}
		wantNoSecret(t, "the output", r.out)
	})
	t.Run("module", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "module")
		got := call(t, dirty, "crate", "--name", "shimkit", "--version", "0.3.1", "dist", "export", "--path", out)
		got.run(t).wantCode(t, 0)
		if got := digests(t, out); !maps.Equal(got, sums) {
			t.Errorf("the files differ: %v, expected %v", got, sums)
		}
		plan := call(t, dirty, "plan", "--crate", "shimkit", "--version", "0.3.1").run(t).wantCode(t, 0)
		if digestOf(t, plan.stdout) != digestOf(t, want.stdout) {
			t.Errorf("the plans differ:\n%s\n%s", plan.stdout, want.stdout)
		}
		wantNoSecret(t, "the output", out)
	})
	t.Run("below the root", func(t *testing.T) {
		outer := filepath.Join(t.TempDir(), "outer")
		copyTo(t, clean, filepath.Join(outer, "libs"))
		check(t, removeAll(filepath.Join(outer, "libs/.git")))
		repository(t, outer, "main")
		litter(t, filepath.Join(outer, "libs"))
		there := call(t, outer, "--workspace", "libs", "plan", "--crate", "shimkit", "--version", "0.3.1").run(t).wantCode(t, 0)
		here := (&runner{}).command("plan", release{source: filepath.Join(outer, "libs"), crate: "shimkit", version: "0.3.1"}).run(t).wantCode(t, 0)
		if there.stdout != here.stdout || !strings.Contains(here.stdout, `directory "libs"`) {
			t.Errorf("the plans differ: module\n%s\ncommand\n%s", there.stdout, here.stdout)
		}
	})
}
