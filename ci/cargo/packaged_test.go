package cargo

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"dagger/slipway/ci/finding"
)

const fromCratesIO = "registry+https://github.com/rust-lang/crates.io-index"

// lockOf returns a lock file of packages, each "name source: dependency dependency", where the
// source is "-" for one of the workspace.
func lockOf(packages ...string) string {
	var b strings.Builder
	b.WriteString("version = 4\n")
	for _, p := range packages {
		head, deps, _ := strings.Cut(p, ":")
		name, source, _ := strings.Cut(head, " ")
		b.WriteString("\n[[package]]\nname = \"" + name + "\"\nversion = \"1.0.0\"\n")
		if source != "-" {
			b.WriteString("source = \"" + source + "\"\n")
		}
		if list := strings.Fields(deps); len(list) > 0 {
			b.WriteString("dependencies = [\n \"" + strings.Join(list, "\",\n \"") + "\",\n]\n")
		}
	}
	return b.String()
}

// TestFromRegistry checks which packages cargo takes from a registry instead of the workspace when
// it packages a crate, that this is noted and stops nothing, and which crates are packaged with it.
// Each kind was tried with `cargo package` of cargo 1.95 in a clone: all of them package, if the
// registry has the version, and none resolves to the workspace's own.
func TestFromRegistry(t *testing.T) {
	const member, excluded = "members = [\"a\", \"b\"]\n", "members = [\"a\"]\nexclude = [\"b\"]\n"
	const patch = "[patch.crates-io]\nb = { path = \"b\" }\n"
	for name, tt := range map[string]struct {
		root, deps, b  string
		lock           []string // nil for none
		from, siblings string
		anew           bool
	}{
		"a sibling":                        {member, `b = { path = "../b", version = "1" }`, "", []string{"a -: b", "b -"}, "", "b", false},
		"a sibling, for tests":             {member, "[dev-dependencies]\nb = { path = \"../b\", version = \"1\" }", "", []string{"a -: b", "b -"}, "", "b", false},
		"a sibling that is dropped":        {member, "[dev-dependencies]\nb = { path = \"../b\" }", "", []string{"a -: b", "b -"}, "", "", false},
		"a member by [patch]":              {member + patch, `b = "1"`, "", []string{"a -: b", "b -"}, "b", "", true},
		"a member by [patch], for tests":   {member + patch, "[dev-dependencies]\nb = \"1\"", "", []string{"a -: b", "b -"}, "b", "", true},
		"a member by [patch], renamed":     {member + "[patch.crates-io]\nx = { path = \"b\", package = \"b\" }\n", `y = { version = "1", package = "b" }`, "", []string{"a -: b", "b -"}, "b", "", true},
		"a member by [patch], no lock":     {member + patch, `b = "1"`, "", nil, "b", "", true},
		"an excluded path":                 {excluded, `b = { path = "../b", version = "1" }`, "", []string{"a -: b", "b -"}, "b", "", true},
		"an excluded path, dropped":        {excluded, "[dev-dependencies]\nb = { path = \"../b\" }", "", []string{"a -: b", "b -"}, "", "", false},
		"an excluded path by [patch]":      {excluded + patch, `b = "1"`, "", []string{"a -: b", "b -"}, "b", "", true},
		"a git repository":                 {excluded, `b = { git = "https://x.invalid/b", version = "1" }`, "", []string{"a -: b", "b git+https://x.invalid/b#1234"}, "b", "", true},
		"a git repository, dropped":        {excluded, "[dev-dependencies]\nb = { git = \"https://x.invalid/b\" }", "", []string{"a -: b", "b git+https://x.invalid/b#1234"}, "", "", false},
		"a git repository by [patch]":      {excluded + "[patch.crates-io]\nb = { git = \"https://x.invalid/b\" }\n", `b = "1"`, "", []string{"a -: b", "b git+https://x.invalid/b#1234"}, "b", "", true},
		"[patch] of what a dependency has": {excluded + patch, `c = "1"`, "", []string{"a -: c", "b -", "c " + fromCratesIO + ": b"}, "b", "", true},
		"the same, no lock":                {excluded + patch, `c = "1"`, "", nil, "", "", true},
		"[patch] of something else":        {excluded + patch, `c = "1"`, "", []string{"a -: c", "b -", "c " + fromCratesIO}, "", "", false},
		"[replace], no lock":               {excluded + "[replace]\n\"b:1.0.0\" = { path = \"b\" }\n", `b = "1"`, "", nil, "b", "", true},
		"[replace] by git, no lock":        {excluded + "[replace]\n\"https://x.invalid/index#b@1.0.0\" = { git = \"https://x.invalid/b\" }\n", `b = "1"`, "", nil, "b", "", true},
		"[replace] of something else":      {excluded + "[replace]\n\"b:1.0.0\" = { path = \"b\" }\n", `c = "1"`, "", []string{"a -: c", "b -", "c " + fromCratesIO}, "", "", false},
		"the registry":                     {excluded, `c = "1"`, "", []string{"a -: c", "c " + fromCratesIO}, "", "", false},
		"no dependency, no lock":           {excluded + patch, "", "", nil, "", "", false},
		"a member that is not published":   {member, `b = { path = "../b", version = "1" }`, "publish = false", []string{"a -: b", "b -"}, "b", "", true},
		"a cycle":                          {member, "[dev-dependencies]\nb = { path = \"../b\", version = \"1\" }", "[dependencies]\na = { path = \"../a\", version = \"1\" }", []string{"a -: b", "b -: a"}, "b", "", true},
		"itself":                           {member, "[dev-dependencies]\na = { path = \".\", version = \"1\" }", "", []string{"a -: a", "b -"}, "a", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			in := map[string]string{
				"Cargo.toml": "[workspace]\n" + tt.root, "a/Cargo.toml": pkg("a", published, "[dependencies]\n"+tt.deps), "b/Cargo.toml": pkg("b", published, tt.b),
			}
			fsys := files(in)
			delete(fsys, "Cargo.lock")
			if tt.lock != nil {
				fsys["Cargo.lock"] = &fstest.MapFile{Data: []byte(lockOf(tt.lock...)), Mode: 0o644}
			}
			w, err := Read(fsys)
			if err != nil {
				t.Fatal(err)
			}
			a := crate(t, w, "a")
			if got := strings.Join(w.FromRegistry(a), " "); got != tt.from {
				t.Errorf("from the registry it takes %q", got)
			}
			before, err := w.Requires(a)
			if err != nil {
				t.Fatal(err)
			}
			siblings := w.Siblings(a, before)
			if got := names(siblings); got != tt.siblings || w.ResolvesAnew(append(siblings, a)) != tt.anew {
				t.Errorf("its siblings are %q, and they are resolved anew: %t", got, !tt.anew)
			}
			list := w.Findings(a, true)
			noted := slices.ContainsFunc(list, func(f finding.Finding) bool {
				return strings.Contains(f.What, "registry") && f.Stops == finding.Nothing
			})
			if noted != (tt.from != "") || len(list.Stopping(finding.Registry)) > 0 || w.Unpackageable(a) != "" {
				t.Errorf("it finds %q, and is unpackageable: %q", list.Lines(), w.Unpackageable(a))
			}
		})
	}
}

// TestReplaced checks that what [replace] changes is taken from a registry, whichever way it is
// named, and also where only a dependency needs it.
func TestReplaced(t *testing.T) {
	const entry = "[[package]]\nname = \"itoa\"\nversion = \"1.0.0\"\n"
	for _, spec := range []string{"itoa:1.0.0", "itoa@1.0.0", "https://github.com/rust-lang/crates.io-index#itoa:1.0.0", "registry+https://github.com/rust-lang/crates.io-index#itoa@1.0.0", "https://example.org/itoa#1.0.0", "https://example.org/itoa?branch=x#1.0.0", "https://example.org/more#itoa"} {
		if name := specName(spec); name != "itoa" {
			t.Errorf("%s names %q", spec, name)
		}
		for _, needs := range []string{"itoa", "serde_json"} {
			lock := "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"" + strings.Replace(needs, "itoa", "itoa 1.0.0 ("+fromCratesIO+")", 1) + "\",\n]\n\n" + entry + "\n" + entry + "source = \"" + fromCratesIO + "\"\nchecksum = \"aa\"\nreplace = \"itoa 1.0.0\"\n" +
				"\n[[package]]\nname = \"serde_json\"\nversion = \"1.0.0\"\nsource = \"" + fromCratesIO + "\"\nchecksum = \"bb\"\ndependencies = [\n \"itoa 1.0.0 (" + fromCratesIO + ")\",\n]\n"
			w := read(t, map[string]string{
				"Cargo.toml": pkg("a", published, "[replace]\n\""+spec+"\" = { path = \"i\" }\n[dependencies]\n"+needs+" = \"1\""), "src/lib.rs": "",
				"i/Cargo.toml": pkg("itoa"), "i/src/lib.rs": "", "Cargo.lock": lock,
			})
			a := crate(t, w, "a")
			said := strings.Join(w.Findings(a, true).Stopping(finding.Nothing).Lines(), "\n")
			if got := strings.Join(w.FromRegistry(a), " "); got != "itoa" || !w.ResolvesAnew([]*Crate{a}) || !strings.Contains(said, "with itoa from the registry") {
				t.Errorf("%s: from the registry %s takes %q, and the plan says %q", spec, needs, got, said)
			}
		}
	}
}

// TestSiblings checks that crates are packaged together only as far as paths lead: what a sibling
// has by [patch] is not one (cargo 1.95 with both in one call: "no matching package named").
func TestSiblings(t *testing.T) {
	w := read(t, map[string]string{
		"Cargo.toml":   "[workspace]\nmembers = [\"*\"]\n[patch.crates-io]\nc = { path = \"c\" }\n",
		"a/Cargo.toml": pkg("a", published, "[dependencies]\nb = { path = \"../b\", version = \"1\" }"),
		"b/Cargo.toml": pkg("b", published, "[dependencies]\nc = \"1\""),
		"c/Cargo.toml": pkg("c", published, "[dependencies]\nd = { path = \"../d\", version = \"1\" }"),
		"d/Cargo.toml": pkg("d", published),
		"Cargo.lock":   lockOf("a -: b", "b -: c", "c -: d", "d -"),
	})
	a := crate(t, w, "a")
	before, err := w.Requires(a)
	if got := names(w.Siblings(a, before)); err != nil || names(before) != "d c b" || got != "b" {
		t.Errorf("it requires %q, %v, and its siblings are %q", names(before), err, got)
	}
	if !w.ResolvesAnew([]*Crate{a, crate(t, w, "b")}) || w.ResolvesAnew([]*Crate{a}) {
		t.Error("only a sibling needs the registry, and that is not seen")
	}
}

// TestRequired checks of which dependencies a release asks the registry, and which of them the same
// run may publish.
func TestRequired(t *testing.T) {
	w := read(t, map[string]string{
		"Cargo.toml": "[workspace]\nmembers = [\"a\", \"b\", \"c\"]\nexclude = [\"d\"]\n[patch.crates-io]\nc = { path = \"c\" }\nf = { git = \"https://x.invalid/f\" }\n",
		"a/Cargo.toml": pkg("a", published, "[dependencies]\nb = { path = \"../b\", version = \"1\" }\nc = \"1\"\nd = { path = \"../d\", version = \"1\" }\ne = { git = \"https://x.invalid/e\", version = \"1\" }\nf = \"1\"\ng = \"1\"\n"+
			"h = { git = \"https://x.invalid/h\", version = \"1\", registry = \"corp\" }\ni = { git = \"https://x.invalid/i\", version = \"1\", registry = \"crates-io\" }\n[dev-dependencies]\nb = { path = \"../b\" }"),
		"b/Cargo.toml": pkg("b", published), "c/Cargo.toml": pkg("c", published), "d/Cargo.toml": pkg("d"),
		"Cargo.lock": lockOf("a -: b c d e f g h i", "b -", "c -", "d -", "e git+https://x.invalid/e#1", "f git+https://x.invalid/f#1", "g "+fromCratesIO, "h git+https://x.invalid/h#1", "i git+https://x.invalid/i#1"),
	})
	var got []string
	for _, r := range w.Required(crate(t, w, "a")) {
		text := r.Name
		if r.Sibling {
			text += " sibling"
		}
		got = append(got, text)
	}
	if want := []string{"b sibling", "c", "d", "e", "f", "i"}; !slices.Equal(got, want) {
		t.Errorf("it asks for %q, expected %q", got, want)
	}
}
