package plan

import (
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/step"
)

var examples = map[string]string{"shim-demo": "0.1.0", "fetcher": "0.5.0", "shim-core": "0.2.0"}

// TestPackageApart checks that no code of the workspace or its dependencies runs where the
// package for the registry is made.
func TestPackageApart(t *testing.T) {
	p := newPlan(t, readDir(t, "../../examples/workspace"), Request{Crates: []string{"shim-core@0.2.0"}})
	for _, s := range step.Needed(p.Steps, []string{StepPackage}) {
		compiles := !slices.Contains(s.Args, "--no-verify") && s.Name != StepFetch
		if compiles {
			t.Errorf("the package takes something of step %q, which runs %q", s.Name, s.Args)
		}
	}
	verify := step.Needed(p.Steps, []string{StepVerifyPackage})
	if last := verify[len(verify)-1]; slices.Contains(last.Args, "--no-verify") || len(last.Outputs) > 0 {
		t.Errorf("what was packaged is compiled by %q and leaves %v", last.Args, last.Outputs)
	}
}

// TestBinariesApart checks that only code that is compiled into a binary runs where the binary is
// compiled: its step takes nothing from steps of another target, the tests or the package.
func TestBinariesApart(t *testing.T) {
	for _, crate := range []string{"shim-demo", "fetcher", "shim-core"} {
		p := newPlan(t, readDir(t, "../../examples/workspace"), Request{Crates: []string{crate + "@" + examples[crate]}})
		for _, target := range p.Targets {
			needed := step.Needed(p.Steps, []string{StepBuild(target)})
			if len(needed) == 0 {
				t.Errorf("%s has no step %q", crate, StepBuild(target))
			}
			for _, s := range needed {
				if s.Name == StepFetch || strings.HasSuffix(s.Name, " "+target) && !strings.HasPrefix(s.Name, "test ") {
					continue
				}
				t.Errorf("the binaries of %s for %s take something of step %q", crate, target, s.Name)
			}
			if tests := step.Needed(p.Steps, []string{StepTest(target)}); !slices.ContainsFunc(tests, func(s step.Step) bool { return s.Name == StepBuild(target) }) {
				t.Errorf("the tests of %s for %s run without its binaries", crate, target)
			}
		}
	}
}

// TestAbortingTestsKeepLibraries checks that what tests need is kept across edits also if the
// release profile aborts on panic, for which cargo compiles it a second time.
func TestAbortingTestsKeepLibraries(t *testing.T) {
	for profile, want := range map[string]bool{"": false, "[profile.release]\npanic = \"abort\"\n": true} {
		w := read(t, base(map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"app\", \"lib\"]\n" + profile}))
		p := newPlan(t, w, Request{Crates: []string{"app@1.2.3"}})
		for _, target := range p.Targets {
			kept := slices.ContainsFunc(p.Steps, func(s step.Step) bool { return s.Name == "test libraries "+target })
			if kept != want {
				t.Errorf("with %q: the libraries for the tests on %s have a step of their own: %t", profile, target, kept)
			}
		}
	}
}
