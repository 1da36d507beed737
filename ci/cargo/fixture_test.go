package cargo

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"dagger/slipway/ci/finding"
)

const (
	example    = "../../examples/workspace"
	workspaces = "../../e2e/testdata/workspaces"
)

// files returns a file system with the given contents by name, and an empty lock file unless
// there is one. A crate without sources of its own gets a test, as cargo builds none without a target.
func files(contents map[string]string) fstest.MapFS {
	m := fstest.MapFS{"Cargo.lock": {Data: []byte("version = 4\n"), Mode: 0o644}}
	for name, content := range contents {
		m[name] = &fstest.MapFile{Data: []byte(content), Mode: 0o644}
	}
	for dir := range withoutSources(contents) {
		m[path.Join(dir, "tests/any.rs")] = &fstest.MapFile{Mode: 0o644}
	}
	return m
}

// withoutSources returns the directories of the packages among files that have no source beside
// or below their manifest.
func withoutSources(contents map[string]string) map[string]bool {
	dirs := map[string]bool{}
	for name, content := range contents {
		if path.Base(name) == "Cargo.toml" && (strings.Contains(content, "[package]") || strings.Contains(content, "[project]")) {
			dirs[path.Dir(name)] = true
		}
	}
	for name := range contents {
		for dir := path.Dir(name); path.Ext(name) == ".rs"; dir = path.Dir(dir) {
			if dirs[dir] || dir == "." || dir == "/" {
				delete(dirs, dir)
				break
			}
		}
	}
	return dirs
}

// read reads a workspace with the given contents, which must be valid.
func read(t *testing.T, contents map[string]string) *Workspace {
	t.Helper()
	w, err := Read(files(contents))
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return w
}

// faults returns the error of reading a workspace or else all findings about its members.
func faults(fsys fs.FS) error {
	w, err := Read(fsys)
	if err != nil {
		return err
	}
	list := w.Unread()
	for i := range w.Crates {
		list = slices.Concat(list, w.Findings(&w.Crates[i], true), w.BinaryFindings(&w.Crates[i]))
	}
	return list.Check("reading", finding.Nothing, finding.Registry, finding.Release, finding.Everything)
}

func readDir(t *testing.T, dir string) *Workspace {
	t.Helper()
	w, err := Read(os.DirFS(filepath.FromSlash(dir)))
	if err != nil {
		t.Fatalf("Read(%s): %v", dir, err)
	}
	return w
}

func crate(t *testing.T, w *Workspace, name string) *Crate {
	t.Helper()
	c, err := w.Crate(name)
	if err != nil {
		t.Fatalf("Crate: %v", err)
	}
	return c
}

// wantError fails the test unless err contains every part.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, expected one that says %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
}

// pkg returns a manifest's [package] table with further lines.
func pkg(name string, lines ...string) string {
	return "[package]\nname = \"" + name + "\"\nversion = \"1.0.0\"\nedition = \"2024\"\n" + strings.Join(lines, "\n") + "\n"
}

// published holds the manifest lines that make a crate publishable.
const published = "description = \"x\"\nlicense = \"MIT\""

// locked returns a lock file of workspace members, each given as name, version, dependencies.
func locked(members ...[]string) string {
	var b strings.Builder
	b.WriteString("version = 4\n")
	for _, m := range members {
		b.WriteString("\n[[package]]\nname = \"" + m[0] + "\"\nversion = \"1.0.0\"\n")
		if len(m) > 1 {
			b.WriteString("dependencies = [\n \"" + strings.Join(m[1:], "\",\n \"") + "\",\n]\n")
		}
	}
	return b.String()
}
