package prepare

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	"dagger/slipway/ci/requirement"
)

func TestBump(t *testing.T) {
	for _, tt := range []struct{ requirement, to, want string }{
		{"0.3.1", "0.4.0", "0.4.0"},
		{"0.3.1", "0.3.2", "0.3.2"},
		{"^0.3.1", "0.4.0", "^0.4.0"},
		{"~0.3.1", "0.4.0", "~0.4.0"},
		{"=0.3.1", "0.4.0", "=0.4.0"},
		{"= 0.3.1", "0.4.0", "= 0.4.0"},
		{" ^\t0.3.1 ", "0.4.0", " ^\t0.4.0 "},
		{"0.3.1-rc.1", "0.3.1", "0.3.1"},
		{"0.3.1+build", "0.3.2", "0.3.2"},
		{"0.3.1", "0.4.0-rc.1", "0.4.0-rc.1"},
		{"0.4.0", "0.4.0", "0.4.0"},
		{"0.5.0", "0.4.0", "0.4.0"},

		{"0.3", "0.3.2", "0.3"},
		{"0.3", "0.4.0", "0.4.0"},
		{"0.3", "0.3.2-rc.1", "0.3.2-rc.1"},
		{"0", "0.4.0", "0"},
		{"1", "1.9.9", "1"},
		{"1", "2.0.0", "2.0.0"},
		{"^1.2", "1.4.0", "^1.2"},
		{"^1.2", "2.0.0", "^2.0.0"},
		{"~1", "1.4.0", "~1"},
		{"~1.2", "1.3.0", "~1.3.0"},
		{"=1.2", "1.2.9", "=1.2"},
		{"=1.2", "1.3.0", "=1.3.0"},

		{"*", "9.0.0", "*"},
		{"1.*", "1.3.0", "1.*"},
		{"1.*", "2.3.4", "2.*"},
		{"0.3.x", "0.4.1", "0.4.*"},
		{"1.2.X", "1.2.4", "1.2.X"},
		{"1.*.*", "2.0.0", "2.*"},

		{">=0.3.1", "0.4.0", ">=0.3.1"},
		{">=0.3, <0.5", "0.4.0", ">=0.3, <0.5"},
		{"^1.2.3, <1.9", "1.4.0", "^1.2.3, <1.9"},
		{">=1.*", "1.4.0", ">=1.*"},
		{">=0.4.0-rc.1", "0.4.0-rc.2", ">=0.4.0-rc.1"},
	} {
		v := semver.MustParse(tt.to)
		got, err := bump(tt.requirement, v)
		if err != nil || got != tt.want {
			t.Errorf("bump(%q, %s) = %q, %v; want %q", tt.requirement, tt.to, got, err, tt.want)
			continue
		}
		if cs, err := requirement.Parse(got); err != nil || !cs.Met(v) {
			t.Errorf("bump(%q, %s) = %q, which it does not meet (%v)", tt.requirement, tt.to, got, err)
		}
	}
}

func TestBumpErrors(t *testing.T) {
	for _, tt := range []struct{ requirement, to, want string }{
		{">=0.3, <0.4", "0.4.0", `requirement ">=0.3, <0.4" rules out 0.4.0: write a range that allows both it and the version now`},
		{"0.3.1, 0.3.2", "0.4.0", "rules out 0.4.0"},
		{"<0.4.0", "0.4.0", "rules out 0.4.0"},
		{">=0.3.0", "0.4.0-rc.1", "rules out 0.4.0-rc.1"},
		{"~1.*", "2.0.0", "rules out 2.0.0"},
		{"*", "1.0.0-rc.1", `requirement "*" rules out the prerelease 1.0.0-rc.1, as every wildcard does: write "1.0.0-rc.1"`},
		{"", "1.0.0", `requirement "": cargo cannot read it`},
		{"latest", "1.0.0", "cargo cannot read it"},
		{"v1.0.0", "1.0.0", "cargo cannot read it"},
		{"1.0.0.0", "1.0.0", "cargo cannot read it"},
		{"1.*.3", "1.0.0", "cargo cannot read it"},
		{"1.2-rc.1", "1.2.0", "cargo cannot read it"},
		{"99999999999999999999", "1.2.0", "cargo cannot read it"},
		{"1.0.0,", "1.0.0", "cargo cannot read it"},
		{"==1.0.0", "1.0.0", "cargo cannot read it"},
		{"1.0.0\n", "1.0.0", "cargo cannot read it"},
	} {
		got, err := bump(tt.requirement, semver.MustParse(tt.to))
		if err == nil || got != "" || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("bump(%q, %s) = %q, %v; want %q", tt.requirement, tt.to, got, err, tt.want)
		}
	}
}

// requirementsMet lists edge cases of versions that do and do not satisfy a requirement.
var requirementsMet = []struct {
	requirement string
	met, not    []string
}{
	{"1.2.3", []string{"1.2.3", "1.9.0"}, []string{"1.2.2", "2.0.0", "1.2.3-rc.1", "1.3.0-rc.1"}},
	{"^0.2.3", []string{"0.2.4"}, []string{"0.2.2", "0.3.0"}},
	{"0.0.3", []string{"0.0.3"}, []string{"0.0.4"}},
	{"0.0", []string{"0.0.9"}, []string{"0.1.0"}},
	{"0", []string{"0.9.0"}, []string{"1.0.0"}},
	{"1.2.3-rc.1", []string{"1.2.3-rc.1", "1.2.3-rc.10", "1.2.3", "1.4.0"}, []string{"1.2.3-alpha", "1.2.4-rc.1"}},
	{"~1.2.3", []string{"1.2.9"}, []string{"1.3.0", "1.2.2"}},
	{"~1.2", []string{"1.2.0"}, []string{"1.3.0"}},
	{"~1", []string{"1.9.0"}, []string{"2.0.0"}},
	{"=1.2", []string{"1.2.7"}, []string{"1.3.0"}},
	{">1.2", []string{"1.3.0"}, []string{"1.2.9"}},
	{">1.2.3", []string{"1.2.4"}, []string{"1.2.3"}},
	{"<=1.2", []string{"1.2.9"}, []string{"1.3.0"}},
	{"<1.2", []string{"1.1.9"}, []string{"1.2.0"}},
	{"<1.2.3-rc.2", []string{"1.2.3-rc.1"}, []string{"1.2.3-rc.2"}},
	{"1.2.*", []string{"1.2.9"}, []string{"1.3.0", "1.2.3-rc.1"}},
	{"*", []string{"3.0.0"}, []string{"3.0.0-rc.1"}},
	{">=1.2, <1.5", []string{"1.4.9"}, []string{"1.5.0"}},
	{"^1.2, =1.3.0-rc.1", []string{"1.3.0-rc.1"}, []string{"1.3.0"}},
}

func TestMet(t *testing.T) {
	eachRequirement(t, func(asked, v string, want bool) {
		cs, err := requirement.Parse(asked)
		if got := cs.Met(semver.MustParse(v)); err != nil || got != want {
			t.Errorf("%q is met by %s: %t (%v)", asked, v, got, err)
		}
	})
}

// TestMetAsCargo compares the results with cargo's: once for all satisfied requirements
// together, and then for each of the others.
func TestMetAsCargo(t *testing.T) {
	const manifest = "[package]\nname = %q\nversion = %q\nedition = \"2021\"\n"
	user := fmt.Sprintf(manifest, "user", "1.0.0") + "[dependencies]\n"
	all := map[string]string{"src/lib.rs": "", "Cargo.toml": user}
	eachRequirement(t, func(requirement, v string, want bool) {
		name := fmt.Sprintf("kit%d", len(all))
		files := map[string]string{"src/lib.rs": "", "Cargo.toml": user}
		if want {
			files = all
		}
		files["Cargo.toml"] += fmt.Sprintf("%s = { path = %q, version = %q }\n", name, name, requirement)
		files[name+"/src/lib.rs"] = ""
		files[name+"/Cargo.toml"] = fmt.Sprintf(manifest, name, v)
		if want {
			return
		}
		if _, err := tryCargo(t, lay(t, files), "metadata"); err == nil || !strings.Contains(err.Error(), "failed to select a version") {
			t.Errorf("%q is met by %s: cargo says %v", requirement, v, err)
		}
	})
	runCargo(t, lay(t, all), "metadata")
}

func eachRequirement(t *testing.T, check func(requirement, v string, want bool)) {
	t.Helper()
	for _, tt := range requirementsMet {
		for _, v := range tt.met {
			check(tt.requirement, v, true)
		}
		for _, v := range tt.not {
			check(tt.requirement, v, false)
		}
	}
}

// TestPatched checks that the requirement on a member that [patch] puts in place of the
// registry's crate changes only if it rules out the new version.
func TestPatched(t *testing.T) {
	files := map[string]string{
		"Cargo.toml":     "[workspace]\nmembers = [\"one\", \"two\"]\n\n[patch.crates-io]\none = { path = \"one\" }\n",
		"one/Cargo.toml": "[package]\nname = \"one\"\nversion = \"0.3.1\"\nedition = \"2021\"\n",
		"one/src/lib.rs": "",
		"two/Cargo.toml": "[package]\nname = \"two\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\none = \"~0.3.0\"\n",
		"two/src/lib.rs": "",
		"Cargo.lock":     "version = 4\n\n[[package]]\nname = \"one\"\nversion = \"0.3.1\"\n\n[[package]]\nname = \"two\"\nversion = \"0.1.0\"\ndependencies = [\n \"one\",\n]\n",
	}
	for version, want := range map[string]string{"0.4.0": `"~0.4.0"`, "0.3.2": `"~0.3.0"`} {
		c := mustPrepare(t, files, "one", version)
		text := fileOf(c, "two/Cargo.toml")
		if text == "" {
			text = files["two/Cargo.toml"]
		}
		if !strings.Contains(text, "one = "+want+"\n") || !strings.Contains(fileOf(c, "Cargo.lock"), "\""+version+"\"") {
			t.Errorf("%s: %s", version, c.Diff())
		}
	}
}
