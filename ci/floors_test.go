package ci_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const modulePath = "dagger/slipway/"

// floors are the packages of slipway from the ground up. A package imports those of lower floors
// alone, so every floor can be read and tested without knowing what stands on it.
var floors = [][]string{
	// rules of names and text, and what is used of the system
	{"ci/address", "ci/bwrap", "ci/console", "ci/finding", "ci/gitdir", "ci/gittest", "ci/golden", "ci/quote", "ci/secret", "ci/sourcefs", "ci/tomlfile", "ci/transport", "ci/triple"},
	{"ci/beneath", "ci/change", "ci/cratesio", "ci/gitref", "ci/handover", "ci/repository", "ci/requirement", "ci/rustup", "ci/setting", "ci/version"},
	// the workspace, the files that are made, and the step
	{"ci/cargo", "ci/changelog", "ci/dist", "ci/github", "ci/layout", "ci/outdir", "ci/provenance", "ci/step"},
	{"ci/archive", "ci/credential", "ci/local", "ci/notes", "ci/oci", "ci/sbom", "ci/sign", "ci/toolchain"},
	// the plan, and what runs it
	{"ci/engine", "ci/plan", "ci/prepare", "ci/registry"},
	{"ci/checkout", "ci/staged", "ci/verify", "ci/workflows"},
	// a release: build, assemble, publish or compare, and report
	{"ci/build"},
	{"ci/assemble"},
	{"ci/publish"},
	{"ci/report", "ci/reproduce"},
	// the order of it
	{"ci/release"},
	// what slipway does, and where it does it
	{"ci/app"},
	// the front ends
	{"ci/app/generate", "ci/module", "cmd/slipway"},
	{"."},
}

// TestFloors checks that imports point down, and that every package has a floor.
func TestFloors(t *testing.T) {
	floor := map[string]int{}
	for i, names := range floors {
		for _, name := range names {
			floor[name] = i
		}
	}
	imports := readImports(t)
	for name, imported := range imports {
		own, known := floor[name]
		if !known {
			t.Errorf("package %s is on no floor: add it to the list", name)
			continue
		}
		for _, other := range imported {
			if below, known := floor[other]; known && below >= own {
				t.Errorf("package %s imports %s, which is not below it", name, other)
			}
		}
	}
	for name := range floor {
		if _, there := imports[name]; !there {
			t.Errorf("package %s is on the list and has no files", name)
		}
	}
}

// readImports returns the packages of slipway that each package of slipway imports, without
// tests.
func readImports(t *testing.T) map[string][]string {
	t.Helper()
	imports := map[string][]string{}
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside := filepath.ToSlash(strings.TrimPrefix(name, "../"))
		if d.IsDir() {
			if slices.Contains([]string{"e2e", "examples", "internal", ".git"}, inside) || d.Name() == "testdata" {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := path.Dir(inside)
		imports[dir] = append(imports[dir], "") // it is there, whatever it imports
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if own, ok := strings.CutPrefix(imported, modulePath); ok && err == nil {
				imports[dir] = append(imports[dir], own)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return imports
}
