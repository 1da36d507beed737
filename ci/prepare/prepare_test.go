package prepare

import (
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/change"
	"dagger/slipway/ci/golden"
)

var prepared = []struct {
	name, crate, version string
}{
	{"example", "shimkit", "0.4.0"},
	{"example-inherited", "shim-core", "0.2.1-rc.1"},
	{"inherited", "app", "0.5.0"},
	{"tables", "kit", "0.4.0"},
	{"requirements", "kit", "1.3.0"},
}

// filesOf returns the workspace in which a golden changeset is prepared.
func filesOf(t *testing.T, name string) map[string]string {
	t.Helper()
	if strings.HasPrefix(name, "example") {
		return exampleText(t)
	}
	return workspaceText(t, name)
}

func TestGolden(t *testing.T) {
	for _, tt := range prepared {
		t.Run(tt.name, func(t *testing.T) {
			c := mustPrepare(t, filesOf(t, tt.name), tt.crate, tt.version)
			text := c.Tag + " from " + c.From + "\n\n"
			for _, n := range c.Notes {
				text += "Note: " + n + "\n"
			}
			golden.Compare(t, tt.name+".golden", text+"\n"+c.Diff())
		})
	}
}

// TestCRLF checks that a workspace with CRLF line ends changes in the same places and keeps them.
func TestCRLF(t *testing.T) {
	crlf := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	for _, tt := range prepared {
		files := filesOf(t, tt.name)
		want := mustPrepare(t, files, tt.crate, tt.version)
		for name, content := range files {
			files[name] = crlf(content)
		}
		got := mustPrepare(t, files, tt.crate, tt.version)
		if !slices.Equal(got.Notes, want.Notes) || len(got.Files) != len(want.Files) {
			t.Fatalf("%s: %d files, notes %q", tt.name, len(got.Files), got.Notes)
		}
		for i, f := range want.Files {
			if got.Files[i] != (change.File{Path: f.Path, Old: crlf(f.Old), New: crlf(f.New)}) {
				t.Errorf("%s: %s: %q", tt.name, f.Path, got.Files[i].New)
			}
		}
	}
}

// TestNewErrors checks invalid requests and the advice in their errors.
func TestNewErrors(t *testing.T) {
	edit := func(file, old, new string) func(map[string]string) {
		return func(files map[string]string) {
			if !strings.Contains(files[file], old) {
				panic(file + " has no " + old)
			}
			files[file] = strings.Replace(files[file], old, new, 1)
		}
	}
	const app = `preparing crate "app" for 0.5.0: `
	for _, tt := range []struct {
		name, crate, version string
		change               func(map[string]string)
		want                 []string
	}{
		{"crate of another name", "App", "0.5.0", nil, []string{`did you mean "app"?`}},
		{"crate that is none", "../app", "0.5.0", nil, []string{`checking crate name "../app"`}},
		{"version with a v", "app", "v0.5.0", nil, []string{`reading version "v0.5.0"`, "leave out the v"}},
		{"command", "app", "0.5.0; rm -rf /", nil, []string{`reading version "0.5.0; rm -rf /"`, "expected MAJOR.MINOR.PATCH"}},
		{"newline", "app", "0.5.0\n", nil, []string{`reading version "0.5.0\n"`}},
		{"build metadata alone", "app", "0.4.0+1", nil, []string{`it is at "0.4.0", and a version only goes up`}},
		{"10 MB", "app", strings.Repeat("1", 10<<20), nil, []string{"it is 10485760 bytes long"}},
		{"lower", "app", "0.3.9", nil, []string{`comparing versions: it is at "0.4.0", and a version only goes up: ask for a higher one, such as 0.4.1 or 0.5.0`}},
		{"prerelease of it", "app", "0.4.0-rc.1", nil, []string{`it is at "0.4.0", and a version only goes up`}},
		{"the same", "app", "0.4.0", nil, []string{`it is already at "0.4.0": if that is not released yet, add its section to the changelog by hand`}},
		{"no version", "own", "0.5.0", edit("crates/own/Cargo.toml", "version = \"0.4.0\"\n", ""), []string{`reading "crates/own/Cargo.toml": it has no version`}},
		{
			"no changelog of the setting's name", "own", "0.5.0", edit("crates/own/Cargo.toml", "[package]\n", "[package.metadata.slipway]\nchangelog = \"../../NOTES.md\"\n\n[package]\n"),
			[]string{`reading changelog "NOTES.md"`, "the setting `changelog` of \"crates/own/Cargo.toml\" names it"},
		},
		{
			"not in the lock file", "app", "0.5.0", edit("Cargo.lock", `name = "core"`, `name = "corp"`),
			[]string{app + `editing "Cargo.lock": expected crate "core" at 0.4.0, as in its manifest, and it has no such crate: run "cargo update --workspace"`},
		},
		{
			"stale lock file", "app", "0.5.0", edit("Cargo.lock", "name = \"core\"\nversion = \"0.4.0\"", "name = \"core\"\nversion = \"0.3.0\""),
			[]string{`expected crate "core" at 0.4.0, as in its manifest, and it has 0.3.0: run "cargo update --workspace" and commit the file first`},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := workspaceText(t, "inherited")
			if tt.change != nil {
				tt.change(files)
			}
			c, err := prepareFiles(t, files, tt.crate, tt.version)
			says(t, err, tt.want...)
			if c != nil || len(err.Error()) > 600 || strings.Contains(err.Error(), "\n") {
				t.Errorf("a changeset %v, and an error that is no line: %.700q", c, err)
			}
		})
	}
}

func TestNoDate(t *testing.T) {
	fsys := mapFS(workspaceText(t, "inherited"))
	w, err := cargo.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	_, err = New(w, fsys, Request{Crate: "app", Version: "0.5.0"})
	says(t, err, `preparing crate "app" for 0.5.0: the request has no date: give the day of the release`)
	west := time.Date(2026, 12, 31, 23, 0, 0, 0, time.FixedZone("west", -5*60*60))
	c, err := New(w, fsys, Request{Crate: "app", Version: "0.5.0", Date: west})
	if err != nil || !strings.Contains(c.Diff(), "+## 0.5.0 - 2027-01-01\n") {
		t.Errorf("the day is not that of UTC: %v", err)
	}
}

// TestSymlinks checks that symbolic links are never edited.
func TestSymlinks(t *testing.T) {
	for _, name := range []string{"Cargo.toml", "Cargo.lock", "crates/own/Cargo.toml"} {
		files := workspaceText(t, "inherited")
		files["real"] = files[name]
		fsys := mapFS(files)
		to := strings.Repeat("../", strings.Count(name, "/")) + "real"
		fsys[name] = &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink | 0o777}
		w, err := cargo.Read(fsys)
		if err != nil {
			t.Fatal(err)
		}
		_, err = New(w, fsys, Request{Crate: "app", Version: "0.5.0", Date: day})
		says(t, err, `reading "`+name+`": it is not a regular file: replace it with one, links are not edited`)
	}
}

// TestSame checks that equal requests give equal changesets, and that preparing twice is an
// error.
func TestSame(t *testing.T) {
	files := workspaceText(t, "inherited")
	a, b := mustPrepare(t, files, "app", "0.5.0"), mustPrepare(t, files, "app", "0.5.0")
	if !reflect.DeepEqual(a, b) || a.Diff() != b.Diff() {
		t.Error("two changesets of one request differ")
	}
	if !slices.IsSortedFunc(a.Files, func(x, y change.File) int { return strings.Compare(x.Path, y.Path) }) {
		t.Error("the files are not sorted")
	}
	for _, f := range a.Files {
		if f.Old != files[f.Path] || f.Old == f.New {
			t.Errorf("%s: %q became %q", f.Path, f.Old, f.New)
		}
		files[f.Path] = f.New
	}
	_, err := prepareFiles(t, files, "app", "0.5.0")
	says(t, err, `it is already at "0.5.0"`)
}

// TestOldLockFile prepares a workspace with a lock file of version 1, which qualifies every
// dependency.
func TestOldLockFile(t *testing.T) {
	files := workspaceText(t, "inherited")
	full := regexp.MustCompile(`(?m)^ "([a-z]+)",$`)
	files["Cargo.lock"] = strings.Replace(full.ReplaceAllString(files["Cargo.lock"], ` "$1 0.4.0",`), "version = 4\n", "", 1)
	want := strings.NewReplacer(`"app"`+"\nversion = \"0.4.0\"", `"app"`+"\nversion = \"0.5.0\"",
		`"core"`+"\nversion = \"0.4.0\"", `"core"`+"\nversion = \"0.5.0\"",
		`"derive"`+"\nversion = \"0.4.0\"", `"derive"`+"\nversion = \"0.5.0\"",
		`"app 0.4.0"`, `"app 0.5.0"`, `"core 0.4.0"`, `"core 0.5.0"`, `"derive 0.4.0"`, `"derive 0.5.0"`).Replace(files["Cargo.lock"])
	c := mustPrepare(t, files, "core", "0.5.0")
	if c.Files[0].Path != "Cargo.lock" || c.Files[0].New != want {
		t.Errorf("got\n%s, want\n%s", c.Files[0].New, want)
	}
}
