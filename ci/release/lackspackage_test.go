package release

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/triple"
)

// newLacking returns a release of a library whose package needs something that the registry lacks.
func newLacking(t *testing.T) (*Release, *runner) {
	t.Helper()
	rel, r := newLibrary(t, "[dev-dependencies]\nlib = { path = \".\", version = \"1\" }\n", 100)
	r.stdout[plan.StepMetadata] = strings.Replace(r.stdout[plan.StepMetadata], `"dependencies": []`, `"dependencies": [{"name": "lib", "kind": "dev", "req": "^1", "path": "/src"}]`, 1)
	r.fail[plan.StepResolvePackage] = &step.ExitError{Step: plan.StepResolvePackage, Code: 101, Tail: "no matching package named `lib` found"}
	return rel, r
}

// TestLacksPackage checks that a dry run of a crate that cargo cannot package, because the registry
// lacks something, does everything else first and says what a release would stop at, and that a
// release and a job that stages for one stop there.
func TestLacksPackage(t *testing.T) {
	rel, r := newLacking(t)
	s, err := rel.DryRun(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	says(t, s.Findings.Check("checking", finding.Registry), `crate "lib": cargo cannot package it now`, `step "resolve package"`, "release the dependency first")
	if text := s.Text(""); !strings.Contains(text, "every step ran except those that package it") || strings.Contains(text, "lib-1.2.3.crate") || !strings.Contains(text, "3 passed") {
		t.Errorf("it says\n%s", text)
	}
	at := func(name string) int { return slices.Index(r.ran, name) }
	if at(plan.StepResolvePackage) < at(plan.StepTest(triple.AArch64)) || at(plan.StepPackage) >= 0 || at(plan.StepVerifyPackage) >= 0 {
		t.Errorf("it runs %q", r.ran)
	}
	for name, do := range map[string]func(*Release) error{
		"dist":  func(rel *Release) error { _, err := rel.Dist(t.Context()); return err },
		"stage": func(rel *Release) error { _, err := rel.Stage(t.Context()); return err },
	} {
		rel, _ := newLacking(t)
		err := do(rel)
		says(t, err, "no matching package named `lib` found", `crate "lib" cannot be packaged`, "must be released first")
		if _, err := os.Stat(rel.Out); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s has written %q", name, left(t, rel.Out))
		}
	}
}

// TestLacksOnlyWhatRegistriesHave checks that another failure of packaging is an error of a dry run
// too.
func TestLacksOnlyWhatRegistriesHave(t *testing.T) {
	rel, r := newLacking(t)
	delete(r.fail, plan.StepResolvePackage)
	r.fail[plan.StepVerifyPackage] = &step.ExitError{Step: plan.StepVerifyPackage, Code: 101, Tail: "cannot find function"}
	_, err := rel.DryRun(t.Context())
	says(t, err, "cannot find function", "does not build")
}
