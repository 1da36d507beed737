package e2e

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"
)

// made writes a workspace with one crate, "one" 0.1.0, with a library, a binary and more
// files, and returns its release. manifest is added to the end of [package] and may begin
// further tables.
func made(t testing.TB, manifest string, more map[string]string) release {
	t.Helper()
	files := map[string]string{
		"Cargo.toml":   "[package]\nname = \"one\"\nversion = \"0.1.0\"\nedition = \"2021\"\npublish = false\n" + manifest,
		"Cargo.lock":   "version = 4\n\n[[package]]\nname = \"one\"\nversion = \"0.1.0\"\n",
		"CHANGELOG.md": "## [0.1.0] - 2026-01-01\n\n- First.\n",
		"src/lib.rs":   "",
		"src/main.rs":  "fn main() { println!(\"one {}\", std::env::args().skip(1).collect::<Vec<_>>().join(\",\")); }\n",
	}
	maps.Copy(files, more)
	source := filepath.Join(t.TempDir(), "one")
	for name, content := range files {
		write(t, content, source, filepath.FromSlash(name))
	}
	return release{source: source, crate: "one", version: "0.1.0"}
}

// tested runs `slipway test` for a crate.
func (w *runner) tested(t testing.TB, r release) result {
	t.Helper()
	return w.command("test", r).run(t)
}

// wantStdout fails the test unless stdout contains each text.
func (r result) wantStdout(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.stdout, text) {
			t.Errorf("stdout does not say %q:\n%s", text, last(r.stdout))
		}
	}
}
