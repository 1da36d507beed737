package cargo

import (
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
)

// TestVersionedDevelopment checks that a development dependency on a member counts if it has a
// version, wherever that is written, because cargo then keeps it.
func TestVersionedDevelopment(t *testing.T) {
	const root = "[workspace]\nmembers = [\"a\", \"b\"]\n[workspace.dependencies]\nb = { path = \"b\", version = \"1\" }\n"
	for name, tt := range map[string]struct{ root, table, want string }{
		"path and version": {root, "[dev-dependencies]\nb = { path = \"../b\", version = \"1\" }", "b"},
		"inherited":        {root, "[dev-dependencies]\nb.workspace = true", "b"},
		"of one platform":  {root, "[target.'cfg(unix)'.dev-dependencies]\nb = { workspace = true }", "b"},
		"any version":      {root, "[dev-dependencies]\nb = { path = \"../b\", version = \"*\" }", "b"},
		"no version":       {root, "[dev-dependencies]\nb = { path = \"../b\" }", ""},
		"inherited without": {
			strings.Replace(root, `, version = "1"`, "", 1), "[dev-dependencies]\nb.workspace = true", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := read(t, map[string]string{"Cargo.toml": tt.root, "a/Cargo.toml": pkg("a", tt.table), "b/Cargo.toml": pkg("b")})
			before, err := w.Requires(crate(t, w, "a"))
			if got := names(before); got != tt.want || err != nil {
				t.Errorf("it requires %q, %v", got, err)
			}
		})
	}
}

// TestCycleOfDevelopment checks that a cycle through a development dependency with a version is
// noted for every crate that would be packaged, with the place and a fix. It stops nothing:
// `cargo package` takes the dependency from the registry, which may have an earlier version (cargo
// 1.95, with ryu in place of b: "Packaged 5 files" for a and for ryu).
func TestCycleOfDevelopment(t *testing.T) {
	w := graph(t, "a: devv:b", "b: c", "c: a", "user: a", "free: dev:a", "d: devv:e", "e: devv:d")
	const cycle = `m/a/Cargo.toml:7: development dependency "b": it has a version, and closes the cycle a → b → c → a: the registry must already have one that "1" accepts: if it has none, leave out the version: b = { path = "../b" }; cargo then drops it from the published manifest`
	for name, want := range map[string][]string{
		"a": {cycle}, "b": {cycle}, "c": {cycle}, "user": {cycle}, "free": nil,
		"d": {"d → e → d"}, "e": {"e → d → e"},
	} {
		c := crate(t, w, name)
		list := cycleFindings(w.Findings(c, true))
		if len(list) != len(want) {
			t.Errorf("%s: it finds %q", name, list.Lines())
			continue
		}
		for i, f := range list {
			if !strings.Contains(f.String(), want[i]) || f.Stops != finding.Nothing {
				t.Errorf("%s: it finds %s, which stops %s", name, f, f.Stops)
			}
		}
		if list := cycleFindings(w.Findings(c, false)); len(list) > 0 {
			t.Errorf("%s: without a registry it finds %q", name, list.Lines())
		}
	}
}

// TestCycleOfOne checks that a crate whose tests depend on itself gets a note if that dependency
// has a version, which an earlier one in the registry must satisfy, and none otherwise (cargo 1.95
// packages itoa 1.9.0 with itoa = { path = ".", version = "1" } as a development dependency).
func TestCycleOfOne(t *testing.T) {
	for dependency, want := range map[string]string{
		`a = { path = ".", version = "1", features = ["x"] }`:         `a/Cargo.toml:10: development dependency "a": it has a version, and closes the cycle a → a: the registry must already have one that "1" accepts: if it has none, leave out the version: a = { path = "." }`,
		`me = { package = "a", path = "../a", version = "1" }`:        `development dependency "a": it has a version, and closes the cycle a → a`,
		`a = { path = ".", features = ["x"] }`:                        "",
		`old = { package = "a", version = "0.9" }`:                    "",
		"[target.'cfg(unix)'.dev-dependencies]\na.workspace = true\n": "closes the cycle a → a",
	} {
		w := read(t, map[string]string{
			"Cargo.toml": "[workspace]\nmembers = [\"a\"]\n[workspace.dependencies]\na = { path = \"a\", version = \"=1.0.0\" }\n", "a/Cargo.toml": pkg("a", published, "[features]\nx = []\n[dev-dependencies]\n"+dependency),
			"Cargo.lock": locked([]string{"a", "a"}),
		})
		a := crate(t, w, "a")
		got := strings.Join(w.Findings(a, true).Lines(), "\n")
		if !strings.Contains(got, want) || (got == "") != (want == "") || w.Unpackageable(a) != "" || len(w.Findings(a, true).Stopping(finding.Registry)) > 0 {
			t.Errorf("%s: it finds %q, and is unpackageable: %q", dependency, got, w.Unpackageable(a))
		}
		if before, err := w.Requires(a); len(before) > 0 || err != nil {
			t.Errorf("%s: it requires %q, %v", dependency, names(before), err)
		}
	}
}

func cycleFindings(list finding.List) finding.List {
	return slices.DeleteFunc(slices.Clone(list), func(f finding.Finding) bool { return !strings.Contains(f.What, "closes the cycle") })
}

// TestUnpublishedNeeds checks that a dependency with a version on a crate that is not published is
// noted, and stops nothing: the registry may have the crate (cargo 1.95, with itoa 1.9.0 and
// publish = false as a member: "Downloaded itoa v1.0.19").
func TestUnpublishedNeeds(t *testing.T) {
	private := strings.Replace(pkg("private"), "[package]", "[package]\npublish = false", 1)
	w := read(t, map[string]string{
		"Cargo.toml":         "[workspace]\nmembers = [\"a\", \"b\", \"c\", \"private\"]",
		"a/Cargo.toml":       pkg("a", published, "[dev-dependencies]\nprivate = { path = \"../private\", version = \"1\" }"),
		"b/Cargo.toml":       pkg("b", published, "[dependencies]\nprivate = { path = \"../private\", version = \"1\" }"),
		"c/Cargo.toml":       pkg("c", published, "[dev-dependencies]\nprivate = { path = \"../private\" }"),
		"private/Cargo.toml": private,
		"Cargo.lock":         locked([]string{"a", "private"}, []string{"b", "private"}, []string{"c", "private"}, []string{"private"}),
	})
	for name, want := range map[string]string{
		"a": `it has a version, and crate "private" goes to no registry (publish = false): the registry must already have one that "1" accepts: if it has none, leave out the version: private = { path = "../private" }`,
		"b": `crate "private" goes to no registry (publish = false)`,
		"c": "",
	} {
		c := crate(t, w, name)
		got := strings.Join(w.Findings(c, true).Lines(), "\n")
		if !strings.Contains(got, want) || (got == "") != (want == "") || w.Unpackageable(c) != "" || len(w.Findings(c, true).Stopping(finding.Registry)) > 0 {
			t.Errorf("%s: it finds %q, and is unpackageable: %q", name, got, w.Unpackageable(c))
		}
	}
}

// TestPatchedMembers checks that members depend on each other if they do so by version and
// [patch] points to the member.
func TestPatchedMembers(t *testing.T) {
	const lock = `version = 4

[[package]]
name = "a"
version = "1.0.0"
dependencies = [
 "b DEPENDENCY",
]

[[package]]
name = "b"
version = "1.0.0"

[[package]]
name = "b"
version = "0.9.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "cc"
`
	for name, tt := range map[string]struct {
		patch, dependency, locked string
		want                      string
		fetches                   bool
	}{
		"crates.io":            {"[patch.crates-io]\nb = { path = \"b\" }", `b = "1"`, "1.0.0", "b", false},
		"its index":            {"[patch.\"https://github.com/rust-lang/crates.io-index\"]\nb = { path = \"./b\" }", `b = { version = "1" }`, "1.0.0", "b", false},
		"renamed":              {"[patch.crates-io]\nx = { path = \"b\", package = \"b\" }", `y = { version = "1", package = "b" }`, "1.0.0", "b", false},
		"git":                  {"[patch.\"https://example.org/b\"]\nb = { path = \"b\" }", `b = { git = "https://example.org/b.git", version = "1" }`, "1.0.0", "b", false},
		"a registry":           {"[patch.corp]\nb = { path = \"b\" }", `b = { version = "1", registry = "corp" }`, "1.0.0", "b", false},
		"another source":       {"[patch.corp]\nb = { path = \"b\" }", `b = "1"`, "1.0.0", "", true},
		"a version of its own": {"[patch.crates-io]\nb = { path = \"b\" }", `b = "0.9"`, "0.9.0", "", true},
		"no patch":             {"", `b = "1"`, "1.0.0", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			w := read(t, map[string]string{
				"Cargo.toml": "[workspace]\nmembers = [\"a\", \"b\"]\n" + tt.patch, "a/Cargo.toml": pkg("a", "[dependencies]\n"+tt.dependency), "b/Cargo.toml": pkg("b"),
				"Cargo.lock": strings.Replace(lock, "DEPENDENCY", tt.locked, 1),
			})
			a := crate(t, w, "a")
			before, err := w.Requires(a)
			if got := names(before); got != tt.want || err != nil {
				t.Errorf("it requires %q, %v", got, err)
			}
			if got := w.Fetches(a); got != tt.fetches {
				t.Errorf("it fetches: %t", got)
			}
			skeleton, err := w.SkeletonFiles(a)
			if err != nil {
				t.Fatal(err)
			}
			_, there := skeleton["b/Cargo.toml"]
			if kept := strings.Contains(skeleton["Cargo.toml"], "[patch"); there != (tt.want != "") || kept != there {
				t.Errorf("the skeleton has the member: %t, the patch: %t", there, kept)
			}
		})
	}
}
