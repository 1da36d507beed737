package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLocalGitDependencies holds that dependencies from git repositories are built at the
// commit that Cargo.lock names, which is not the newest: by branch, with a manifest that
// inherits from its workspace, and with a submodule whose address is relative.
func TestLocalGitDependencies(t *testing.T) {
	w, _ := local(t)
	served := t.TempDir()
	write(t, "words of the submodule", served, "words", "words.txt")
	gitServe(t, filepath.Join(served, "words"))
	write(t, "[workspace]\nmembers = [\"first\", \"second\"]\n[workspace.package]\nversion = \"0.3.0\"\n", served, "dep", "Cargo.toml")
	for _, name := range []string{"first", "second"} {
		write(t, "[package]\nname = \""+name+"\"\nversion.workspace = true\nedition = \"2021\"\n", served, "dep", name, "Cargo.toml")
	}
	write(t, "pub fn f() -> u8 { 7 }\n", served, "dep", "first", "src", "lib.rs")
	write(t, "pub const WORDS: &str = include_str!(\"../../sub/words.txt\");\n", served, "dep", "second", "src", "lib.rs")
	write(t, "[submodule \"words\"]\n\tpath = sub\n\turl = ../../words/.git\n", served, "dep", ".gitmodules")
	dep := filepath.Join(served, "dep")
	git(t, dep, "init", "-q", "-b", "main")
	check(t, os.Mkdir(filepath.Join(dep, "sub"), 0o755))
	git(t, dep, "update-index", "--add", "--cacheinfo", "160000,"+git(t, filepath.Join(served, "words"), "rev-parse", "HEAD")+",sub")
	locked := gitServe(t, dep)
	write(t, "pub fn f() -> u8 { 8 }\n", dep, "first", "src", "lib.rs")
	gitServe(t, dep)

	server := httptest.NewServer(http.FileServer(http.Dir(served)))
	t.Cleanup(server.Close)
	url := server.URL + "/dep/.git"
	t.Setenv("CARGO_REGISTRIES_DEP_INDEX", url) // a server of this machine is reached only if it is named
	var lock strings.Builder
	fmt.Fprintf(&lock, "version = 4\n\n[[package]]\nname = \"first\"\nversion = \"0.3.0\"\nsource = \"git+%s#%s\"\n\n", url, locked)
	lock.WriteString("[[package]]\nname = \"one\"\nversion = \"0.1.0\"\ndependencies = [\n \"first\",\n \"second\",\n]\n")
	fmt.Fprintf(&lock, "\n[[package]]\nname = \"second\"\nversion = \"0.3.0\"\nsource = \"git+%s?branch=main#%s\"\n", url, locked)
	r := made(t, fmt.Sprintf("[dependencies]\nfirst = { git = %[1]q }\nsecond = { git = %[1]q, branch = \"main\" }\n", url), map[string]string{
		"Cargo.lock": lock.String(),
		"src/lib.rs": "#[test]\nfn t() { assert_eq!((first::f(), second::WORDS), (7, \"words of the submodule\")) }\n",
	})
	got := w.tested(t, r).wantCode(t, 0)
	for _, target := range []string{x8664, aarch64} {
		got.wantStdout(t, target+": 1 passed, ")
	}
}

// gitServe commits all of a directory and makes what a plain file server needs to serve
// it. It returns the commit.
func gitServe(t testing.TB, dir string) string {
	t.Helper()
	git(t, dir, "init", "-q", "-b", "main")
	git(t, dir, "add", ".")
	git(t, dir, "commit", "-q", "-m", "all")
	git(t, dir, "update-server-info")
	return git(t, dir, "rev-parse", "HEAD")
}
