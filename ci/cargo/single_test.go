package cargo

import (
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
)

// TestPathDependenciesOfPackage checks that a root package without [workspace] is the only member,
// as cargo reads it, and that its path dependencies are built with it all the same.
func TestPathDependenciesOfPackage(t *testing.T) {
	for name, tt := range map[string]struct {
		deps, b string
		from    string // what the package takes from the registry
		stops   bool   // the package cannot go to a registry
	}{
		"with a version":      {"[dependencies]\nb = { path = \"b\", version = \"1\" }", pkg("b"), "b", false},
		"without one":         {"[dependencies]\nb = { path = \"b\" }", pkg("b"), "", true},
		"for a build script":  {"[build-dependencies]\nb = { path = \"b\" }", pkg("b"), "", true},
		"for tests":           {"[dev-dependencies]\nb = { path = \"b\" }", pkg("b"), "", false},
		"tests, with version": {"[dev-dependencies]\nb = { path = \"b\", version = \"1\" }", pkg("b"), "b", false},
		"on some targets":     {"[target.'cfg(unix)'.dependencies]\nx = { package = \"b\", path = \"b\", version = \"1\" }", pkg("b"), "b", false},
		"with one of its own": {"[dev-dependencies]\nb = { path = \"b\" }", pkg("b", "[dependencies]\nc = { path = \"../c\" }"), "", false},
		"a workspace":         {"[dev-dependencies]\nb = { path = \"b\" }", pkg("b", "[workspace]"), "", false},
		"of a workspace":      {"[dev-dependencies]\nb = { path = \"b/b\" }", "[workspace]\nmembers = [\"b\"]\n[workspace.package]\nversion = \"1.0.0\"\n", "", false},
		"that leads back":     {"[dev-dependencies]\nb = { path = \"b\" }", pkg("b", "[dependencies]\na = { path = \"..\" }"), "", false},
	} {
		t.Run(name, func(t *testing.T) {
			in := map[string]string{
				"Cargo.toml": pkg("a", published, tt.deps), "src/lib.rs": "\n", "Cargo.lock": locked([]string{"a", "b"}, []string{"b"}),
				"b/Cargo.toml": tt.b, "b/src/lib.rs": "\n", "c/Cargo.toml": pkg("c"), "c/src/lib.rs": "\n",
			}
			if strings.HasPrefix(tt.b, "[workspace]") {
				in["b/b/Cargo.toml"], in["b/b/src/lib.rs"] = "[package]\nname = \"b\"\nversion.workspace = true\n", "\n"
			}
			w := read(t, in)
			order, err := w.Order()
			if err != nil || names(order) != "a" {
				t.Errorf("the order is %q, %v", names(order), err)
			}
			a := crate(t, w, "a")
			if got := strings.Join(w.FromRegistry(a), " "); got != tt.from {
				t.Errorf("from the registry it takes %q", got)
			}
			list := w.Findings(a, true)
			if len(list.Stopping(finding.Everything, finding.Release)) > 0 || len(list.Stopping(finding.Registry)) > 0 != tt.stops || w.Unpackageable(a) != "" != tt.stops {
				t.Errorf("the findings are %q", list.Lines())
			}
			skeleton, err := w.SkeletonFiles(a)
			if err != nil || skeleton["b/Cargo.toml"] != tt.b || !strings.Contains(strings.Join(w.Members(a), " "), "b") {
				t.Errorf("%v: b is not among what is built: %q", err, w.Members(a))
			}
			_, err = w.Crate("b")
			wantError(t, err, "no such crate", `it is a path dependency of crate "a"`, "pass \"b")
			dir := t.TempDir()
			writeFiles(t, dir, in)
			out, err := runCargo(t, dir, "metadata", "--no-deps", "--format-version", "1", "--offline")
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Agree(out); err != nil {
				t.Error(err)
			}
			writeFiles(t, dir, map[string]string{"b/Cargo.toml": "\n", "b/src/lib.rs": ""}) // only what the skeleton has
			writeFiles(t, dir, skeleton)
			if out, err := runCargo(t, dir, "metadata", "--format-version", "1", "--offline"); err != nil {
				t.Errorf("cargo refuses the skeleton: %v\n%s", err, out)
			}
		})
	}
}

// TestFaultyPathDependencyOfPackage checks that a path dependency which cargo refuses stops a
// package without [workspace], with its place.
func TestFaultyPathDependencyOfPackage(t *testing.T) {
	for b, want := range map[string]string{
		"[package]\n":     `Cargo.toml:8: dependency "b": path "b" holds no package that can be read`,
		"[package\n":      `Cargo.toml:8: dependency "b": path "b" holds no package that can be read`,
		"[workspace]\n":   "it has no [package]",
		pkg("b", "[lib]"): "b/Cargo.toml:5: there is no file \"src/lib.rs\"",
		pkg("b", "[dependencies]\nlog.workspace = true"):       "b/Cargo.toml:6: dependency \"log\": it says `workspace = true`",
		pkg("b", "[dependencies]\nz = { path = \"../../z\" }"): `b/Cargo.toml:6: dependency "z": path "../z" is outside the workspace`,
		"[package]\nname = \"b\"\nversion.workspace = true\n":  "b/Cargo.toml:3: field \"version\" says `workspace = true`",
	} {
		w := read(t, map[string]string{
			"Cargo.toml": pkg("a", published, "[dev-dependencies]\nb = { path = \"b\" }"), "src/lib.rs": "", "b/Cargo.toml": b, "Cargo.lock": locked([]string{"a", "b"}, []string{"b"}),
		})
		wantError(t, w.Findings(crate(t, w, "a"), true).Check("checking", finding.Everything), want)
	}
}
