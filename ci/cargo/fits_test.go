package cargo

import (
	"maps"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"dagger/slipway/ci/finding"
)

// TestFits checks what path dependencies ask of the packages that they lead to, and that the
// machine's cargo agrees about each workspace.
func TestFits(t *testing.T) {
	const b, feature = "[dependencies]\nb = ", "[features]\nx = []\n"
	const excluded = "[workspace]\nmembers = [\"a\"]\nexclude = [\"b\", \"c\"]\nresolver = \"2\"\n"
	tests := map[string]struct {
		a, b string // what follows [package]
		more map[string]string
		want string // the finding, "" for none
	}{
		"fits":                      {a: b + `{ path = "../b", version = "1" }`},
		"lower":                     {a: b + `{ path = "../b", version = "0.9" }`, want: `a/Cargo.toml:7: dependency "b": it asks for version "0.9", but crate "b" in "b" is at 1.0.0`},
		"higher":                    {a: b + `{ path = "../b", version = ">=1.0.1, <2" }`, want: `it asks for version ">=1.0.1, <2"`},
		"not a requirement":         {a: b + `{ path = "../b", version = "one" }`, want: `requirement "one": cargo cannot read it`},
		"renamed":                   {a: "[dependencies]\nz = { package = \"b\", path = \"../b\", version = \"=1.0.1\" }", want: `dependency "z": it asks for version "=1.0.1"`},
		"of another name":           {a: "[dependencies]\nz = { path = \"../b\" }", want: `path "b" holds crate "b", not "z": write package = "b"`},
		"development":               {a: "[dev-dependencies]\nb = { path = \"../b\", version = \"2\" }", want: `it asks for version "2"`},
		"build":                     {a: "[build-dependencies]\nb = { path = \"../b\", version = \"2\" }", want: `it asks for version "2"`},
		"of a target":               {a: "[target.'cfg(windows)'.dependencies]\nb = { path = \"../b\", version = \"2\" }", want: `it asks for version "2"`},
		"optional":                  {a: b + `{ path = "../b", version = "2", optional = true }`, want: `it asks for version "2"`},
		"inherited":                 {a: b + `{ workspace = true }`, more: map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"*\"]\nresolver = \"2\"\n[workspace.dependencies]\nb = { path = \"b\", version = \"2\" }\n"}, want: `Cargo.toml:5: dependency "b": it asks for version "2"`},
		"no feature":                {a: b + `{ path = "../b", features = ["nope"] }`, want: `a/Cargo.toml:7: dependency "b": it asks for feature "nope", which crate "b" does not have: it has none`},
		"nearly a feature":          {a: b + `{ path = "../b", features = ["tsl"] }`, b: "[features]\ntls = []\n", want: `did you mean "tls"?`},
		"a feature":                 {a: b + `{ path = "../b", default-features = false, features = ["x"] }`, b: feature},
		"no default feature":        {a: b + `{ path = "../b", features = ["default"] }`, b: feature, want: `it asks for feature "default"`},
		"implicit feature":          {a: b + `{ path = "../b", features = ["c"] }`, b: "[dependencies]\nc = { path = \"../c\", optional = true }\n"},
		"hidden by dep:":            {a: b + `{ path = "../b", features = ["c"] }`, b: "[dependencies]\nc = { path = \"../c\", optional = true }\n[features]\nf = [\"dep:c\"]\n", want: `it asks for feature "c"`},
		"added to an inherited one": {a: b + `{ workspace = true, features = ["nope"] }`, more: map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"*\"]\nresolver = \"2\"\n[workspace.dependencies]\nb = { path = \"b\" }\n"}, want: `a/Cargo.toml:7: dependency "b": it asks for feature "nope"`},
		"enabled by a feature":      {a: b + "{ path = \"../b\" }\n[features]\nf = [\"b/nope\"]\n", want: `a/Cargo.toml:9: feature "f" enables "b/nope", but crate "b" has no feature "nope"`},
		"enabled weakly":            {a: b + "{ path = \"../b\", optional = true }\n[features]\nf = [\"b?/nope\"]\n", want: `has no feature "nope"`},
		"enabled and there":         {a: b + "{ path = \"../b\", optional = true }\n[features]\nf = [\"b?/x\", \"dep:b\"]\n", b: feature},
		"weak, not optional":        {a: b + "{ path = \"../b\" }\n[features]\nf = [\"b?/x\"]\n", b: feature, want: `the dependency "b" is not optional`},
		"enables nothing":           {a: "[features]\nf = [\"nope\"]\n", want: `a/Cargo.toml:7: feature "f" enables "nope", which is neither a feature nor a dependency`},
		"enables a dependency":      {a: b + "{ path = \"../b\" }\n[features]\nf = [\"b\"]\n", want: `the dependency "b" is not optional`},
		"hides its dependency":      {a: b + "{ path = \"../b\", optional = true }\n[features]\nb = []\n", want: `no feature enables the optional dependency "b"`},
		"in a member it needs":      {a: b + `{ path = "../b" }`, b: "[dependencies]\nc = { path = \"../c\", version = \"2\" }\n", want: `b/Cargo.toml:7: dependency "c": it asks for version "2"`},
		"in another member":         {b: "[dependencies]\nc = { path = \"../c\", version = \"2\" }\n"},
		"of no member":              {a: b + `{ path = "../b", version = "2" }`, more: map[string]string{"Cargo.toml": excluded}, want: `it asks for version "2"`},
		"in no member":              {a: b + `{ path = "../b" }`, b: "[dependencies]\nc = { path = \"../c\", features = [\"nope\"] }\n", more: map[string]string{"Cargo.toml": excluded}, want: `b/Cargo.toml:7: dependency "c": it asks for feature "nope"`},
		"tests of no member":        {a: b + `{ path = "../b" }`, b: "[dev-dependencies]\nc = { path = \"../c\", version = \"2\" }\n", more: map[string]string{"Cargo.toml": excluded}},
		"prerelease":                {a: b + `{ path = "../b", version = "1" }`, more: map[string]string{"b/Cargo.toml": strings.Replace(pkg("b"), "1.0.0", "1.0.0-rc.1", 1)}, want: `is at 1.0.0-rc.1`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := map[string]string{
				"Cargo.toml": "[workspace]\nmembers = [\"*\"]\nresolver = \"2\"\n", "a/Cargo.toml": pkg("a") + tt.a, "b/Cargo.toml": pkg("b") + tt.b, "c/Cargo.toml": pkg("c"),
				"a/src/lib.rs": "\n", "b/src/lib.rs": "\n", "c/src/lib.rs": "\n",
			}
			maps.Copy(in, tt.more)
			w := readUnlocked(t, in)
			c := crate(t, w, "a")
			wantStopping(t, w, c, tt.want)
			files, err := w.BuildFiles(c)
			if err != nil {
				t.Fatal(err)
			}
			maps.Copy(in, files)
			wantCargo(t, in, tt.want == "")
		})
	}
}

// readUnlocked reads a workspace without a lock file.
func readUnlocked(t *testing.T, in map[string]string) *Workspace {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, content := range in {
		fsys[name] = &fstest.MapFile{Data: []byte(content), Mode: 0o644}
	}
	w, err := Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// wantStopping checks that one finding stops everything and says want, or that none does.
func wantStopping(t *testing.T, w *Workspace, c *Crate, want string) {
	t.Helper()
	got := w.Findings(c, false).Stopping(finding.Everything).Lines()
	if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || !strings.Contains(got[0], want)) {
		t.Errorf("it finds %q, expected %q", got, want)
	}
}

// wantCargo checks whether the machine's cargo can resolve a workspace.
func wantCargo(t *testing.T, in map[string]string, accepts bool) {
	t.Helper()
	if _, err := exec.LookPath("cargo"); err != nil {
		t.Skipf("SKIPPED: cargo: %v", err)
	}
	dir := t.TempDir()
	writeFiles(t, dir, in)
	cmd := exec.Command("cargo", "metadata", "--offline", "--format-version", "1", "--manifest-path", filepath.Join(dir, "Cargo.toml"))
	if out, err := cmd.CombinedOutput(); (err == nil) != accepts {
		t.Errorf("cargo: %v, expected it to accept: %t\n%s", err, accepts, out)
	}
}

// TestFeaturesOfSettings checks the features that a crate's settings name.
func TestFeaturesOfSettings(t *testing.T) {
	const table, settings = "[features]\ncli = []\ntls = [\"dep:b\"]\n[dependencies]\nb = { path = \"../b\", optional = true }\nc = { path = \"../c\", optional = true }\n", "[package.metadata.slipway]\n"
	for given, want := range map[string]string{
		`features = ["cli", "tls"]`:   "",
		`features = ["cli,tls c"]`:    "",
		`features = ["a/cli", "b/x"]`: "",
		`features = ["b?/x"]`:         "",
		`features = ["cli", "cil"]`:   "a/Cargo.toml:13: the setting `features` names \"cil\", which is no feature of crate \"a\": did you mean \"cli\"?",
		`features = ["cli,nonsense"]`: `it has c, cli, tls`,
		`features = ["b"]`:            `names "b", which is no feature of crate "a"`,
		`features = ["dep:b"]`:        `names "dep:b"`,
		`features = ["b/y"]`:          `names "b/y", which is no feature of crate "b": did you mean "x"?`,
		`features = ["z/y"]`:          `names "z/y", which is no feature of crate "a"`,
		"[package.metadata.slipway.target.x86_64-unknown-linux-musl]\nfeatures = [\"ssl\"]": "the setting `target.x86_64-unknown-linux-musl.features` names \"ssl\", which is no feature of crate \"a\": did you mean \"tls\"?",
	} {
		in := map[string]string{
			"Cargo.toml": "[workspace]\nmembers = [\"*\"]\nresolver = \"2\"\n", "a/Cargo.toml": pkg("a") + table + settings + given + "\n",
			"b/Cargo.toml": pkg("b") + "[features]\nx = []\n", "c/Cargo.toml": pkg("c"), "a/src/lib.rs": "", "b/src/lib.rs": "", "c/src/lib.rs": "",
		}
		w := readUnlocked(t, in)
		wantStopping(t, w, crate(t, w, "a"), want)
		wantStopping(t, w, crate(t, w, "b"), "") // the settings of another crate
	}
}

// TestTargetless checks which crates have a target, and that the machine's cargo agrees.
func TestTargetless(t *testing.T) {
	const none = "a/Cargo.toml:1: the crate has no target for cargo to build"
	for file, tt := range map[string]struct{ manifest, want string }{
		"src/lib.rs":            {},
		"src/bin/x.rs":          {},
		"tests/x.rs":            {},
		"examples/x/main.rs":    {},
		"benches/x.rs":          {},
		"other.rs":              {manifest: "[lib]\npath = \"other.rs\"\n"},
		"src/Main.rs":           {want: `rename "src/Main.rs" to src/main.rs`},
		"src/LIB.RS":            {want: `rename "src/LIB.RS" to src/lib.rs`},
		"main.rs":               {want: none},
		"build.rs":              {want: none},
		"tests/common/mod.rs":   {want: none},
		"tests/.hidden.rs":      {want: none},
		"tests/y.rs":            {manifest: "autotests = false\n", want: none},
		"examples/data/main.py": {want: none},
	} {
		t.Run(file, func(t *testing.T) {
			in := map[string]string{
				"Cargo.toml": "[workspace]\nmembers = [\"*\"]\nresolver = \"2\"\n", "a/Cargo.toml": pkg("a") + tt.manifest, "a/" + file: "fn main() {}\n",
				"b/Cargo.toml": pkg("b"), "b/src/lib.rs": "\n",
			}
			w := readUnlocked(t, in)
			wantStopping(t, w, crate(t, w, "a"), tt.want)
			wantStopping(t, w, crate(t, w, "b"), "")
			wantCargo(t, in, tt.want == "")
		})
	}
}
