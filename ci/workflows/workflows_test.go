package workflows

import (
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/golden"
)

const pinned = "acme/slipway@0123456789abcdef0123456789abcdef01234567"

// shims returns a workspace with two shims, a library, an unpublished crate and a demo app.
func shims() fstest.MapFS {
	crate := func(name, more string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("[package]\nname = \"" + name + "\"\nversion = \"1.0.0\"\nedition = \"2024\"\n" + more)}
	}
	const public = "description = \"d\"\nlicense = \"Apache-2.0\"\n"
	return fstest.MapFS{
		"CHANGELOG.md": {Data: []byte("# Changelog\n")},
		"Cargo.lock":   {Data: []byte("version = 4\n")},
		"Cargo.toml": {Data: []byte("[workspace]\nmembers = [\"crates/*\"]\n[workspace.metadata.slipway]\nrelease-branch = \"release-1.0\"\nmain = \"shim-b\"\n" +
			"[workspace.metadata.slipway.images.demo]\nkind = \"module\"\ncrate = \"demo\"\n")},
		"crates/shim-a/Cargo.toml":  crate("shim-a", "publish = false\n"),
		"crates/shim-a/src/main.rs": {},
		"crates/shim-b/Cargo.toml":  crate("shim-b", "publish = false\n"),
		"crates/shim-b/src/main.rs": {},
		"crates/lib/Cargo.toml":     crate("lib", public),
		"crates/lib/src/lib.rs":     {},
		"crates/private/Cargo.toml": crate("private", "publish = false\n"),
		"crates/private/src/lib.rs": {},
		"crates/demo/Cargo.toml":    crate("demo", public),
		"crates/demo/src/main.rs":   {},
		"crates/true/Cargo.toml":    crate("true", "publish = false\n"),
		"crates/true/src/main.rs":   {},
	}
}

func makeFiles(t *testing.T, fsys fstest.MapFS, o Options) map[string]string {
	t.Helper()
	w, err := cargo.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	files, err := New(w, o)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestNew(t *testing.T) {
	files := makeFiles(t, shims(), Options{Slipway: pinned, Workspace: "rust", Engine: true})
	for name, got := range files {
		golden.Compare(t, path.Base(name), got)
	}
	want := []string{Dir + "/action-build.yml", Dir + "/release-wasi-demo-app.yml", Dir + "/release.yml", Dir + "/sign.yml"}
	if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
		t.Errorf("the files are %q, want %q", got, want)
	}
	if again := makeFiles(t, shims(), Options{Slipway: pinned, Workspace: "rust", Engine: true}); !maps.Equal(files, again) {
		t.Error("made again, the files are others")
	}
}

// TestNewWithoutChangelog checks that jobs fetch the history exactly if notes are generated
// from commits.
func TestNewWithoutChangelog(t *testing.T) {
	const all = "\n          fetch-depth: 0 "
	for name, tt := range map[string]struct {
		changelogs []string
		want       bool
	}{
		"none":                  {nil, true},
		"the workspace's":       {[]string{"CHANGES.md"}, false},
		"of one crate":          {[]string{"crates/lib/CHANGELOG.md"}, true},
		"of each that releases": {[]string{"crates/lib/CHANGELOG.md", "crates/shim-a/CHANGELOG.md", "crates/shim-b/CHANGELOG.md", "crates/true/CHANGELOG.md"}, false},
	} {
		fsys := shims()
		delete(fsys, "CHANGELOG.md")
		for _, l := range tt.changelogs {
			fsys[l] = &fstest.MapFile{}
		}
		for file, text := range makeFiles(t, fsys, Options{Slipway: pinned}) {
			if checks := strings.Count(text, checkout); strings.Count(text, all) != map[bool]int{true: checks}[tt.want] {
				t.Errorf("changelogs %s: %s checks out %d times, all of the history %d times", name, file, checks, strings.Count(text, all))
			}
		}
	}
}

func TestNewWithoutImages(t *testing.T) {
	w := shims()
	w["Cargo.toml"] = &fstest.MapFile{Data: []byte("[workspace]\nmembers = [\"crates/shim-*\"]\n")}
	files := makeFiles(t, w, Options{Slipway: pinned})
	if len(files) != 2 || !strings.Contains(files[Dir+"/release.yml"], "default: shim-a\n        options:\n          - shim-a\n          - shim-b\n      version") {
		t.Errorf("got %q", slices.Sorted(maps.Keys(files)))
	}
}

func TestReleasable(t *testing.T) {
	w, err := cargo.Read(shims())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Releasable(w), []string{"lib", "shim-a", "shim-b", "true"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if scalar("true") != `"true"` || scalar("1.0") != `"1.0"` || scalar("shim-a") != "shim-a" {
		t.Error("a word that YAML reads as something else is not quoted")
	}
}

func TestNewRefuses(t *testing.T) {
	library := fstest.MapFS{"Cargo.lock": {Data: []byte("version = 4\n")}, "Cargo.toml": {Data: []byte("[package]\nname = \"a\"\nversion = \"1.0.0\"\npublish = false\n")}, "src/lib.rs": {}}
	branch := func(name string) fstest.MapFS {
		w := shims()
		w["Cargo.toml"] = &fstest.MapFile{Data: []byte("[workspace]\nmembers = [\"crates/*\"]\n[workspace.metadata.slipway]\nrelease-branch = '" + name + "'\n")}
		return w
	}
	for _, tt := range []struct {
		name string
		fsys fstest.MapFS
		o    Options
		want string
	}{
		{"a tag", shims(), Options{Slipway: "acme/slipway@v1"}, "all 40 digits of the commit"},
		{"a short commit", shims(), Options{Slipway: "acme/slipway@0123456"}, "all 40 digits"},
		{"more than a name", shims(), Options{Slipway: pinned + "\n"}, "OWNER/NAME@COMMIT"},
		{"a directory above", shims(), Options{Workspace: "../x"}, "below the repository's root"},
		{"a directory that is code", shims(), Options{Workspace: "$(id)"}, "letters, digits"},
		{"a branch that is an expression", branch("${{ github.token }}"), Options{}, "checking the release branch"},
		{"a branch that is YAML", branch(`a": b`), Options{}, "checking the release branch"},
		{"nothing to release", library, Options{}, "none has a binary or goes to a registry"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, err := cargo.Read(tt.fsys)
			if err != nil {
				t.Fatal(err)
			}
			if files, err := New(w, tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %d files, %v; want %q", len(files), err, tt.want)
			}
		})
	}
}
