package app

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
)

// packageWith returns the files of a package without [workspace] that has the package "help" in a
// directory below its own, and the lock file that cargo writes for both.
func packageWith(lines string, more map[string]string) map[string]string {
	files := map[string]string{
		"Cargo.toml": manifest("a", lines), "src/lib.rs": "#[test]\nfn works() { assert_eq!(help::N, 7); }\n",
		"help/Cargo.toml": manifest("help"), "help/src/lib.rs": "pub const N: u8 = 7;\n",
		"Cargo.lock": strings.Replace(lock("a", "help"), "\"a\"\nversion = \"0.1.0\"\n", "\"a\"\nversion = \"0.1.0\"\ndependencies = [\n \"help\",\n]\n", 1),
	}
	maps.Copy(files, more)
	return files
}

// TestPathDependenciesOfPackage checks that the steps of a package without [workspace] pass on the
// machine's cargo as in a clone: cargo reads the same members, the tests pass with the path
// dependencies, and the package is cargo's.
func TestPathDependenciesOfPackage(t *testing.T) {
	for name, tt := range map[string]struct {
		files   map[string]string
		dropped bool // what the package does not need
	}{
		"for tests":            {packageWith("[dev-dependencies]\nhelp = { path = \"help\" }", nil), true},
		"in a tests directory": {packageWith("[dev-dependencies]\nhelp = { path = \"tests/help\" }", map[string]string{"tests/help/Cargo.toml": manifest("help"), "tests/help/src/lib.rs": "pub const N: u8 = 7;\n"}), true},
		"a workspace":          {packageWith("[dev-dependencies]\nhelp = { path = \"help\" }", map[string]string{"help/Cargo.toml": manifest("help", "[workspace]")}), true},
		"not published":        {packageWith("publish = false\n[dependencies]\nhelp = { path = \"help\" }", nil), false},
		"with a version":       {packageWith("[dependencies]\nhelp = { path = \"help\", version = \"0.1\" }", nil), false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := tree(t, tt.files)
			p, source := planned(t, dir, "a")
			if err := plan.Of(p).CheckDryRun(); err != nil || len(p.Findings.Stopping(finding.Release, finding.Registry)) > 0 {
				t.Errorf("the plan has the findings %q, %v", p.Findings.Lines(), err)
			}
			_, out, err := onHost(t, p, source, plan.StepMetadata)
			if err != nil {
				t.Fatalf("cargo does not read it: %v\n%s", err, out)
			}
			w, _, err := Root{}.read(t.Context(), &fakeHost{t: t, dir: dir})
			must(t, err)
			if err := w.Agree([]byte(out[strings.Index(out, "{"):])); err != nil {
				t.Error(err)
			}
			step := plan.StepTest(p.Targets[0])
			withoutTarget(p, step)
			if _, out, err := onHost(t, p, source, step); err != nil || !strings.Contains(out, "1 passed") {
				t.Errorf("the tests say %v\n%s", err, out)
			}
			if tt.dropped {
				wantSamePackage(t, dir, "", "a")
			}
			ordered, err := (&Order{}).Run(t.Context(), &fakeHost{t: t, dir: dir})
			if err != nil || strings.Contains(ordered.Output, "help") || strings.Contains(ordered.Output, "a") == (name == "not published") {
				t.Errorf("the order is %q, %v", ordered.Output, err)
			}
		})
	}
}

// withoutTarget removes --target from a step's command: the machine may not have it.
func withoutTarget(p *plan.Crate, name string) {
	i := slices.IndexFunc(p.Steps, func(s step.Step) bool { return s.Name == name })
	args := p.Steps[i].Args
	at := slices.Index(args, "--target")
	p.Steps[i].Args = slices.Delete(args, at, at+2)
}
