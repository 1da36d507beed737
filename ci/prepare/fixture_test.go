package prepare

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"dagger/slipway/ci/cargo"
)

const example = "../../examples/workspace"

var day = time.Date(2026, 4, 21, 23, 59, 0, 0, time.UTC)

// workspaceText reads testdata/<name>.txt, which holds the files of a workspace, each after a
// line "==== path". A crate without source gets an empty library.
func workspaceText(t *testing.T, name string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, part := range strings.Split("\n"+string(raw), "\n==== ")[1:] {
		file, content, _ := strings.Cut(part, "\n")
		files[file] = strings.TrimPrefix(content, "\n")
		if !strings.HasSuffix(content, "\n") {
			files[file] += "\n"
		}
	}
	for _, file := range slices.Collect(maps.Keys(files)) {
		if path.Base(file) == "Cargo.toml" && strings.Contains(files[file], "[package]") {
			files[path.Join(path.Dir(file), "src/lib.rs")] = "\n"
		}
	}
	return files
}

// exampleText reads examples/workspace, adding notes below each Unreleased heading. It leaves
// out the fetcher, whose dependencies would have to be downloaded.
func exampleText(t *testing.T) map[string]string {
	t.Helper()
	w, err := cargo.Read(os.DirFS(example))
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.Crate("shim-demo")
	if err != nil {
		t.Fatal(err)
	}
	pruned, err := w.BuildFiles(c)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"Cargo.lock": pruned["Cargo.lock"]}
	err = fs.WalkDir(os.DirFS(example), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == "target" || e.Name() == "fetcher" || e.Name() == "demo-app"):
			return fs.SkipDir
		case e.IsDir() || name == "Cargo.lock" || name == "rust-toolchain.toml":
			return nil
		}
		raw, err := os.ReadFile(filepath.Join(example, name))
		files[name] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range files {
		if path.Base(name) == "CHANGELOG.md" {
			files[name] = strings.Replace(files[name], "## [Unreleased]\n", "## [Unreleased]\n\n### Added\n\n- Something new.\n", 1)
		}
	}
	return files
}

func mapFS(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, content := range files {
		m[name] = &fstest.MapFile{Data: []byte(content), Mode: 0o644}
	}
	return m
}

// prepareFiles prepares a release in a workspace with the given files.
func prepareFiles(t *testing.T, files map[string]string, crate, version string) (*Changeset, error) {
	t.Helper()
	fsys := mapFS(files)
	w, err := cargo.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return New(w, fsys, Request{Crate: crate, Version: version, Date: day})
}

func mustPrepare(t *testing.T, files map[string]string, crate, version string) *Changeset {
	t.Helper()
	c, err := prepareFiles(t, files, crate, version)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// says fails the test unless err contains every part.
func says(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, expected one that says %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
}
