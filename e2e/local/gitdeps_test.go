package local

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
)

// TestLocalGitDependencies holds that dependencies from git repositories are built at the
// commit that Cargo.lock names, which is not the newest: by branch, with a manifest that
// inherits from its workspace, and with a submodule whose address is relative.
func TestLocalGitDependencies(t *testing.T) {
	w, _ := kit.Local(t)
	served := t.TempDir()
	kit.Write(t, "words of the submodule", served, "words", "words.txt")
	gitServe(t, filepath.Join(served, "words"))
	kit.Write(t, "[workspace]\nmembers = [\"first\", \"second\"]\n[workspace.package]\nversion = \"0.3.0\"\n", served, "dep", "Cargo.toml")
	for _, name := range []string{"first", "second"} {
		kit.Write(t, "[package]\nname = \""+name+"\"\nversion.workspace = true\nedition = \"2021\"\n", served, "dep", name, "Cargo.toml")
	}
	kit.Write(t, "pub fn f() -> u8 { 7 }\n", served, "dep", "first", "src", "lib.rs")
	kit.Write(t, "pub const WORDS: &str = include_str!(\"../../sub/words.txt\");\n", served, "dep", "second", "src", "lib.rs")
	kit.Write(t, "[submodule \"words\"]\n\tpath = sub\n\turl = ../../words/.git\n", served, "dep", ".gitmodules")
	dep := filepath.Join(served, "dep")
	kit.Git(t, dep, "init", "-q", "-b", "main")
	kit.Check(t, os.Mkdir(filepath.Join(dep, "sub"), 0o755))
	kit.Git(t, dep, "update-index", "--add", "--cacheinfo", "160000,"+kit.Git(t, filepath.Join(served, "words"), "rev-parse", "HEAD")+",sub")
	locked := gitServe(t, dep)
	kit.Write(t, "pub fn f() -> u8 { 8 }\n", dep, "first", "src", "lib.rs")
	gitServe(t, dep)

	server := httptest.NewServer(http.FileServer(http.Dir(served)))
	t.Cleanup(server.Close)
	url := server.URL + "/dep/.git"
	t.Setenv("CARGO_REGISTRIES_DEP_INDEX", url) // a server of this machine is reached only if it is named
	var lock strings.Builder
	fmt.Fprintf(&lock, "version = 4\n\n[[package]]\nname = \"first\"\nversion = \"0.3.0\"\nsource = \"git+%s#%s\"\n\n", url, locked)
	lock.WriteString("[[package]]\nname = \"one\"\nversion = \"0.1.0\"\ndependencies = [\n \"first\",\n \"second\",\n]\n")
	fmt.Fprintf(&lock, "\n[[package]]\nname = \"second\"\nversion = \"0.3.0\"\nsource = \"git+%s?branch=main#%s\"\n", url, locked)
	r := kit.SmallCrate(t, fmt.Sprintf("[dependencies]\nfirst = { git = %[1]q }\nsecond = { git = %[1]q, branch = \"main\" }\n", url), map[string]string{
		"Cargo.lock": lock.String(),
		"src/lib.rs": "#[test]\nfn t() { assert_eq!((first::f(), second::WORDS), (7, \"words of the submodule\")) }\n",
	})
	got := w.Test(t, r).WantCode(t, 0)
	for _, target := range []string{kit.X8664, kit.AArch64} {
		got.WantStdout(t, target+": 1 passed, ")
	}
}

// gitServe commits all of a directory and makes what a plain file server needs to serve
// it. It returns the commit.
func gitServe(t testing.TB, dir string) string {
	t.Helper()
	kit.Git(t, dir, "init", "-q", "-b", "main")
	kit.Git(t, dir, "add", ".")
	kit.Git(t, dir, "commit", "-q", "-m", "all")
	kit.Git(t, dir, "update-server-info")
	return kit.Git(t, dir, "rev-parse", "HEAD")
}
