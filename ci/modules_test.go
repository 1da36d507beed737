package ci_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// TestModulesAgree checks that the end-to-end tests require the same Go and the same versions of
// what slipway itself imports. Two kinds may differ: OpenTelemetry, whose versions follow from
// Dagger's generator, and what others import, because the servers of the tests need newer versions
// of some, and raising those would add packages to what every user compiles.
func TestModulesAgree(t *testing.T) {
	main, tests := readModule(t, "."), readModule(t, "e2e")
	if main.Go.Version != tests.Go.Version {
		t.Errorf("go.mod asks for Go %s and e2e/go.mod for %s, expected the same", main.Go.Version, tests.Go.Version)
	}
	if main.Toolchain != nil || tests.Toolchain != nil {
		t.Error("a go.mod has a toolchain line, expected none: .ci/install reads only the go line")
	}
	required := requirements(tests)
	shared := 0
	for _, r := range main.Require {
		here, there := r.Mod.Version, required[r.Mod.Path]
		if there == "" || r.Indirect || strings.HasPrefix(r.Mod.Path, "go.opentelemetry.io/") {
			continue
		}
		shared++
		switch semver.Compare(here, there) {
		case -1:
			t.Errorf("%s is %s in go.mod and %s in e2e/go.mod: run go get %[1]s@%[3]s, and go mod tidy in both modules", r.Mod.Path, here, there)
		case 1:
			t.Errorf("%s is %s in go.mod and %s in e2e/go.mod: run go mod tidy in e2e", r.Mod.Path, here, there)
		}
	}
	if shared == 0 {
		t.Error("the modules share no requirement: expected dozens")
	}
}

// TestModulesReplace checks that go.mod replaces only what Dagger's code generator makes it
// replace. A replacement does not reach another module's go.mod, so each is a dependency in which
// slipway and its end-to-end tests differ: these four, as the registry of the tests needs newer ones.
func TestModulesReplace(t *testing.T) {
	const otel = "go.opentelemetry.io/otel/"
	for dir, want := range map[string][]string{
		".":   {otel + "exporters/otlp/otlplog/otlploggrpc", otel + "exporters/otlp/otlplog/otlploghttp", otel + "log", otel + "sdk/log"},
		"e2e": {strings.TrimSuffix(modulePath, "/")},
	} {
		var got []string
		for _, r := range readModule(t, dir).Replace {
			got = append(got, r.Old.Path)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s/go.mod replaces %q, expected %q", dir, got, want)
		}
	}
}

// readModule returns the go.mod in a directory of the repository.
func readModule(t *testing.T, dir string) *modfile.File {
	t.Helper()
	name := filepath.Join(dir, "go.mod")
	f, err := modfile.Parse(name, []byte(readFile(t, name)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// requirements returns the version of each module that a go.mod requires, directly or not.
func requirements(f *modfile.File) map[string]string {
	versions := map[string]string{}
	for _, r := range f.Require {
		versions[r.Mod.Path] = r.Mod.Version
	}
	return versions
}
