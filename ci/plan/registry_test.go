package plan

import (
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/step"
)

// ofLibrary returns the workspace of base with other fields in its library.
func ofLibrary(t *testing.T, lines string) *cargo.Workspace {
	t.Helper()
	return read(t, base(map[string]string{"lib/Cargo.toml": "[package]\nname = \"lib\"\nversion = \"1.2.3\"\nedition = \"2024\"\n" + lines}))
}

// TestRegistryRefusals checks that a plan reports at once everything that crates.io would refuse,
// which stops neither a dry run nor a release that goes only to GitHub.
func TestRegistryRefusals(t *testing.T) {
	const bad = "description = \"x\"\nlicense = \"The MIT Licence\"\nhomepage = \"not a url\"\nkeywords = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"twenty-six-characters-long\"]\ncategories = [\"NOT VALID\"]\n"
	all := []string{"lib/Cargo.toml:6: `license` is", "lib/Cargo.toml:7: `homepage` is", "lib/Cargo.toml:8: it has 7 keywords", "lib/Cargo.toml:8: keyword \"twenty-six", "lib/Cargo.toml:9: crates.io has no category \"NOT VALID\""}
	tests := []struct {
		name, lines string
		want        []string
	}{
		{"everything at once", bad, all},
		{"neither description nor licence", "", []string{"lib/Cargo.toml:1: it has no description", "lib/Cargo.toml:1: it has no licence"}},
		{"publish = false", bad + "publish = false\n", nil},
		{"registry = false", bad + "[package.metadata.slipway]\nregistry = false\n", nil},
		{"another registry", bad + "publish = [\"corp\"]\n", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlan(t, ofLibrary(t, tt.lines), Request{Crates: []string{"lib@1.2.3"}, Source: Source{Commit: commit, Branch: "main"}})
			if err := p.CheckDryRun(); err != nil {
				t.Errorf("a dry run stops: %v", err)
			}
			if len(tt.want) == 0 {
				if err := p.Plan.Findings.Check("checking", finding.Registry); err != nil {
					t.Error(err)
				}
				return
			}
			wantError(t, p.CheckRelease(), tt.want...)
			if text := planText(t, p); strings.Count(text, "lib/Cargo.toml:") != len(tt.want) {
				t.Errorf("the text does not tell each once:\n%s", text)
			}
		})
	}
}

// TestRegistryRefusalsOfOthers checks that what a registry would refuse in another member does
// not affect a release that does not publish it.
func TestRegistryRefusalsOfOthers(t *testing.T) {
	p := newPlan(t, ofLibrary(t, "keywords = [\"two words\"]\n"), Request{Crates: []string{"app@1.2.3"}})
	if err := p.Plan.Findings.Check("checking", finding.Registry, finding.Release, finding.Everything); err != nil {
		t.Error(err)
	}
}

// TestRegistryFalse checks that a crate that goes to no registry is neither packaged nor
// uploaded, and that the plan says why.
func TestRegistryFalse(t *testing.T) {
	w := read(t, base(map[string]string{"app/Cargo.toml": strings.Replace(string(base(nil)["app/Cargo.toml"].Data), "publish = false", "description = \"x\"\nlicense = \"MIT\"\nmetadata.slipway.registry = false", 1)}))
	p := newPlan(t, w, Request{Crates: []string{"app@1.2.3"}})
	if p.Publish.Publishable || len(p.Publish.Steps) > 0 || slices.ContainsFunc(p.Steps, func(s step.Step) bool { return s.Name == StepPackage }) {
		t.Errorf("it goes to a registry: %+v", p.Publish)
	}
	if text := planText(t, p); !strings.Contains(text, "the crate is not published to a registry: registry = false in [package.metadata.slipway]") {
		t.Errorf("the text does not say why:\n%s", text)
	}
}

// TestMissingFilesOfPackage checks that a dry run does not try to package what cargo cannot,
// because a readme or licence file of the crate, or of one packaged with it, is missing.
func TestMissingFilesOfPackage(t *testing.T) {
	for name, line := range map[string]string{"readme": "readme = \"docs/README.md\"\n", "license-file": "license-file = \"COPYING\"\n"} {
		w := read(t, base(map[string]string{
			"lib/Cargo.toml": string(base(nil)["lib/Cargo.toml"].Data) + line,
			"app/Cargo.toml": strings.Replace(string(base(nil)["app/Cargo.toml"].Data), "publish = false", "description = \"x\"\nlicense = \"MIT\"", 1),
		}))
		for _, crate := range []string{"lib", "app"} {
			p := newPlan(t, w, Request{Crates: []string{crate + "@1.2.3"}})
			wantError(t, p.Plan.Findings.Check("checking", finding.Registry), "lib/Cargo.toml:7: there is no file", "`"+name+"` names")
			if slices.ContainsFunc(p.Steps, func(s step.Step) bool { return s.Name == StepPackage }) || p.CheckDryRun() != nil {
				t.Errorf("%s of %s: a dry run packages it, or stops: %v", name, crate, p.CheckDryRun())
			}
		}
	}
}
