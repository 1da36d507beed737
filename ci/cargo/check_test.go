package cargo

import (
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"dagger/slipway/ci/finding"
)

func TestCheckDependencies(t *testing.T) {
	base := func(deps string, more ...string) map[string]string {
		in := map[string]string{
			"Cargo.toml": "[workspace]\nmembers = [\"a\"]", "a/Cargo.toml": pkg("a", append([]string{published}, append(more, deps)...)...),
			"b/Cargo.toml": pkg("b", published), "Cargo.lock": locked([]string{"a", "b"}, []string{"b"}),
		}
		if strings.Contains(deps, "path = \"../b\"") {
			in["Cargo.toml"] = "[workspace]\nmembers = [\"a\", \"b\"]"
		} else {
			in["Cargo.lock"] = locked([]string{"a", "b"})
		}
		return in
	}
	tests := []struct {
		name string
		in   map[string]string
		want []string // nil: no error
	}{
		{"path and version", base("[dependencies]\nb = { path = \"../b\", version = \"1\" }"), nil},
		{"path without version", base("[dependencies]\nb = { path = \"../b\" }"), []string{`checking crate "a": a/Cargo.toml:8: dependency "b": it has a path but no version`, `write { path = …, version = "1.0.0" }`}},
		{"build dependency without version", base("[build-dependencies]\nb = { path = \"../b\" }"), []string{"it has a path but no version"}},
		{"renamed, without version", base("[dependencies]\nx = { package = \"b\", path = \"../b\" }"), []string{`dependency "b": it has a path but no version`}},
		{"target-specific, without version", base("[target.'cfg(unix)'.dependencies]\nb = { path = \"../b\" }"), []string{"it has a path but no version"}},
		{"development dependency without version", base("[dev-dependencies]\nb = { path = \"../b\" }"), nil},
		{"unpublished crate without version", base("[dependencies]\nb = { path = \"../b\" }", "publish = false"), nil},
		{"outside", base("[dependencies]\nb = { path = \"../../b\", version = \"1\" }"), []string{`path "../b" is outside the workspace`, "move it in, or depend on a published version"}},
		{"outside, for tests", base("[dev-dependencies]\nb = { path = \"../../../b\" }"), []string{`path "../../b" is outside the workspace`}},
		{"the directory above", base("[dependencies]\nb = { path = \"../..\" }"), []string{`path ".." is outside the workspace`}},
		{"git by branch", base("[dependencies]\nb = { git = \"https://x.invalid/b\", branch = \"main\", version = \"1\" }"), nil},
		{"git without anything", base("[dev-dependencies]\nb = { git = \"https://x.invalid/b\" }"), nil},
		{"git by revision, published", base("[dependencies]\nb = { git = \"https://x.invalid/b\", rev = \"abc\" }"), []string{`git "https://x.invalid/b" has no version, and a registry requires one`}},
		{"git by revision, unpublished", base("[dependencies]\nb = { git = \"https://x.invalid/b\", rev = \"abc\" }", "publish = false"), nil},
		{"git by tag with a version", base("[dependencies]\nb = { git = \"https://x.invalid/b\", tag = \"v1\", version = \"1\" }"), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := read(t, tt.in)
			wantErrors(t, stoppingError(w, crate(t, w, "a")), tt.want)
		})
	}
}

// TestExcludedDependency checks that a path dependency listed in `exclude` is built with the
// crate. If it has a version, cargo packages the crate with the registry's: whether there is one
// that fits is noted, and stops nothing (cargo 1.95, `cargo package` of a crate with
// itoa = { path = "itoa", version = "1" }: "Downloaded itoa v1.0.19").
func TestExcludedDependency(t *testing.T) {
	const everything, registry = finding.Everything, finding.Registry
	for name, tt := range map[string]struct {
		manifest, local string
		stops           finding.Stops // "" for nothing
		want            string
		packs           bool
	}{
		"of a crate that is not published": {"publish = false\n[dependencies]\nlocal = { path = \"../x/local\" }", pkg("local"), "", "", true},
		"a version too":                    {"publish = false\n[dependencies]\nlocal = { path = \"../x/local\", version = \"1\" }", pkg("local"), "", "", true},
		"to build":                         {"publish = false\n[build-dependencies]\nlocal = { path = \"../x/local\" }", pkg("local"), "", "", true},
		"for tests":                        {published + "\n[dev-dependencies]\nlocal = { path = \"../x/local\" }", pkg("local"), "", "", true},
		"published":                        {published + "\n[dependencies]\nlocal = { path = \"../x/local\", version = \"1\" }", pkg("local"), finding.Nothing, `cargo packages crate "a" with local from the registry, not from the workspace`, true},
		"for tests, with a version":        {published + "\n[dev-dependencies]\nlocal = { path = \"../x/local\", version = \"1\" }", pkg("local"), finding.Nothing, `cargo packages crate "a" with local from the registry`, true},
		"published without a version":      {published + "\n[dependencies]\nlocal = { path = \"../x/local\" }", pkg("local"), registry, "it has a path but no version", false},
		"no package there":                 {"publish = false\n[dependencies]\nlocal = { path = \"../x/local\" }", "", everything, `a/Cargo.toml:7: dependency "local": path "x/local" holds no package that can be read`, true},
		"what it needs is outside":         {"publish = false\n[dependencies]\nlocal = { path = \"../x/local\" }", pkg("local", "[dependencies]\nb = { path = \"../../../b\" }"), everything, `x/local/Cargo.toml:6: dependency "b": path "../b" is outside the workspace`, true},
		"what it needs is not there":       {"publish = false\n[dependencies]\nlocal = { path = \"../x/local\" }", pkg("local", "[build-dependencies]\nb = { path = \"../b\" }"), everything, `x/local/Cargo.toml:6: dependency "b": path "x/b" holds no package`, true},
	} {
		t.Run(name, func(t *testing.T) {
			in := map[string]string{
				"Cargo.toml": "[workspace]\nmembers = [\"a\", \"other\"]\nexclude = [\"x\"]", "a/Cargo.toml": pkg("a", tt.manifest),
				"other/Cargo.toml": pkg("other"), "Cargo.lock": locked([]string{"a", "local"}, []string{"local"}, []string{"other"}),
			}
			if tt.local != "" {
				in["x/local/Cargo.toml"] = tt.local
			}
			w := read(t, in)
			a := crate(t, w, "a")
			got := w.Findings(a, true)
			if text := strings.Join(got.Lines(), "\n"); !strings.Contains(text, tt.want) || (tt.want == "") != (len(got) == 0) || len(got) > 0 && got[0].Stops != tt.stops {
				t.Errorf("it finds %q", got)
			}
			if why := w.Unpackageable(a); (why == "") != tt.packs {
				t.Errorf("it is unpackageable: %q", why)
			}
			if got := w.Findings(crate(t, w, "other"), true); len(got) > 0 {
				t.Errorf("of another crate it finds %q", got.Lines())
			}
			skeleton, err := w.SkeletonFiles(a)
			if _, there := skeleton["x/local/Cargo.toml"]; err != nil || there != (tt.local != "") {
				t.Errorf("the skeleton has it: %t, %v", there, err)
			}
		})
	}
}

// TestExcludedWorkspace checks that a package of a nested workspace inherits from that workspace,
// and that cargo gets its root manifest.
func TestExcludedWorkspace(t *testing.T) {
	inherits := "[package]\nname = \"local\"\nversion.workspace = true\nedition.workspace = true\n[dependencies]\nb.workspace = true\n"
	w := read(t, map[string]string{
		"Cargo.toml": "[workspace]\nmembers = [\"a\"]\nexclude = [\"x\"]", "a/Cargo.toml": pkg("a", "publish = false\n[dependencies]\nlocal = { path = \"../x/deep/local\" }"),
		"x/Cargo.toml":            "[workspace]\nmembers = [\"deep/*\", \"absent\"]\n[workspace.package]\nversion = \"1.0.0\"\nedition = \"2021\"\n[workspace.dependencies]\nb = { path = \"deep/b\" }\n",
		"x/deep/local/Cargo.toml": inherits, "x/deep/b/Cargo.toml": pkg("b"), "Cargo.lock": locked([]string{"a", "local"}, []string{"b"}, []string{"local", "b"}),
	})
	a := crate(t, w, "a")
	if got := w.Findings(a, true); len(got) > 0 {
		t.Errorf("it finds %q", got.Lines())
	}
	skeleton, err := w.SkeletonFiles(a)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x/Cargo.toml", "x/deep/local/Cargo.toml", "x/deep/b/Cargo.toml"} {
		if skeleton[name] == "" {
			t.Errorf("the skeleton has no %s", name)
		}
	}
}

// stoppingError returns the findings that stop a release of a crate to a registry as an error.
func stoppingError(w *Workspace, c *Crate) error {
	return w.Findings(c, true).Check("checking crate \""+c.Name+"\"", finding.Everything, finding.Release, finding.Registry)
}

func wantErrors(t *testing.T, err error, want []string) {
	t.Helper()
	if want != nil {
		wantError(t, err, want...)
	} else if err != nil {
		t.Error(err)
	}
}

func TestCheckSecretFiles(t *testing.T) {
	tests := []struct {
		name, manifest, file string
		noted                bool
	}{
		{"published", published, ".env", true},
		{"unpublished", "publish = false", ".env", false},
		{"below", published, "tests/data/.env", true},
		{"of an environment", published, ".env.production", true},
		{"example", published, ".env.example", false},
		{"another name", published, "env", false},
		{"netrc", published, ".netrc", true},
		{"registry token", published, ".cargo/credentials.toml", true},
		{"private key", published, "id_ed25519", true},
		{"below target", published, "target/.env", false},
		{"of a nested package", published, "fuzz/x/.env", false},
		{"excluded", published + "\nexclude = [\".env\"]", ".env", false},
		{"excluded below", published + "\nexclude = [\".env\"]", "x/y/.env", false},
		{"excluded at the top only", published + "\nexclude = [\"/.env\"]", "x/.env", true},
		{"excluded by glob", published + "\nexclude = [\".env*\"]", ".env.local", false},
		{"directory excluded", published + "\nexclude = [\"secret/\"]", "secret/a/.env", false},
		{"hidden files excluded", published + "\nexclude = [\".*\"]", ".env", false},
		{"exclude taken back", published + "\nexclude = [\".*\", \"!.env\"]", ".env", true},
		{"another file excluded", published + "\nexclude = [\"README.md\"]", ".env", true},
		{"not included", published + "\ninclude = [\"src/**\", \"/README.md\"]", ".env", false},
		{"included", published + "\ninclude = [\"**/*\"]", ".env", true},
		{"included below", published + "\ninclude = [\"src\"]", "src/.env", true},
		{"included and taken back", published + "\ninclude = [\"src\", \"!.env\"]", "src/.env", false},
		{"include overrides exclude", published + "\ninclude = [\".env\"]\nexclude = [\".env\"]", ".env", true},
	}
	for _, dir := range []string{".", "crates/a"} {
		for _, tt := range tests {
			t.Run(dir+" "+tt.name, func(t *testing.T) {
				in := map[string]string{"Cargo.toml": pkg("a", tt.manifest), tt.file: "TOKEN=x", "Cargo.lock": locked([]string{"a"})}
				if dir != "." {
					in = map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"crates/a\"]", dir + "/Cargo.toml": pkg("a", tt.manifest), dir + "/" + tt.file: "TOKEN=x", "Cargo.lock": locked([]string{"a"})}
				}
				in[path.Join(dir, "fuzz/Cargo.toml")] = pkg("fuzz", "[workspace]")
				w := read(t, in)
				c := crate(t, w, "a")
				wantErrors(t, stoppingError(w, c), nil) // a tracked file may be intended, so it is only a note
				notes := w.Findings(c, true).Stopping(finding.Nothing)
				if tt.noted != (len(notes) == 1 && strings.HasSuffix(notes[0].File, tt.file) && strings.Contains(notes[0].What, "its name suggests that it holds secrets")) {
					t.Errorf("notes: %q", notes.Lines())
				}
				if unpublished := w.Findings(c, false); len(unpublished) > 0 {
					t.Errorf("where it goes to no registry: %q", unpublished.Lines())
				}
			})
		}
	}
}

func TestCheckInheritedExclude(t *testing.T) {
	w := read(t, map[string]string{
		"Cargo.toml":   "[workspace]\nmembers = [\"a\"]\n[workspace.package]\nexclude = [\".env\"]",
		"a/Cargo.toml": pkg("a", published, "exclude.workspace = true"), "a/.env": "x", "Cargo.lock": locked([]string{"a"}),
	})
	if err := stoppingError(w, crate(t, w, "a")); err != nil {
		t.Error(err)
	}
}

func TestCheckLinks(t *testing.T) {
	tests := []struct {
		name, at, to string
		want         []string
	}{
		{"inside", "a/src/b.rs", "../../shared.rs", nil},
		{"absolute", "a/src/b.rs", "/etc/passwd", []string{`a/src/b.rs: the symbolic link points to "/etc/passwd", outside the workspace`}},
		{"above", "a/src/b.rs", "../../../x", []string{`points to "../../../x", outside the workspace`}},
		{"nowhere", "a/src/b.rs", "gone.rs", []string{`a/src/b.rs: the symbolic link points to "gone.rs", which does not exist`}},
		{"in another member that is not built", "b/x", "/etc/passwd", nil},
		{"below target", "a/target/x", "/etc/passwd", nil},
	}
	for _, tt := range tests {
		for _, published := range []string{published, "publish = false"} {
			t.Run(tt.name+" "+published, func(t *testing.T) {
				in := files(map[string]string{
					"Cargo.toml": "[workspace]\nmembers = [\"a\", \"b\"]", "a/Cargo.toml": pkg("a", published), "b/Cargo.toml": pkg("b"),
					"shared.rs": "", "Cargo.lock": locked([]string{"a"}, []string{"b"}),
				})
				in[tt.at] = &fstest.MapFile{Data: []byte(tt.to), Mode: fs.ModeSymlink | 0o777}
				w, err := Read(in)
				if err != nil {
					t.Fatal(err)
				}
				c := crate(t, w, "a")
				wantErrors(t, w.Findings(c, true).Check("checking", finding.Nothing, finding.Registry), tt.want)
				if published == "publish = false" { // the link's target is not packaged
					wantErrors(t, stoppingError(w, c), nil)
				} else {
					wantErrors(t, stoppingError(w, c), tt.want)
				}
			})
		}
	}
}

func TestMatches(t *testing.T) {
	tests := []struct {
		patterns, name string
		want           bool
	}{
		{"*.rs", "a.rs", true},
		{"*.rs", "src/a.rs", true},
		{"/*.rs", "src/a.rs", false},
		{"src/*.rs", "src/a.rs", true},
		{"src/*.rs", "x/src/a.rs", false},
		{"src/*.rs", "src/b/a.rs", false},
		{"src/**/*.rs", "src/b/c/a.rs", true},
		{"src/**/*.rs", "src/a.rs", true},
		{"**/a", "a", true},
		{"**/a", "x/y/a", true},
		{"a/**", "a/b/c", true},
		{"a/**", "a", false},
		{"data", "x/data/y", true},
		{"data/", "data", false},
		{"data/", "data/x", true},
		{"a?c", "abc", true},
		{"a?c", "a/c", false},
		{"[ab].rs", "b.rs", true},
		{"[!ab].rs", "b.rs", false},
		{"[!ab].rs", "c.rs", true},
		{"[", "[", true},
		{`\!a`, "!a", true},
		{`\#a`, "#a", true},
		{"#a", "#a", false},
		{"a.c", "abc", false},
		{"* !keep", "keep", false},
		{"!keep *", "keep", true},
		{"/dir !/dir/keep", "dir/keep", false},
		{"", "a", false},
	}
	for _, tt := range tests {
		patterns, err := parseIgnore(strings.Fields(tt.patterns))
		if err != nil {
			t.Errorf("%q: %v", tt.patterns, err)
		}
		if got := matches(patterns, tt.name, false); got != tt.want {
			t.Errorf("%q matches %q: %t", tt.patterns, tt.name, got)
		}
	}
	if _, err := parseIgnore([]string{"[z-a]"}); err == nil || !strings.Contains(err.Error(), `pattern "[z-a]"`) {
		t.Errorf("parseIgnore of a range that is none: %v", err)
	}
}
