package cargo

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
)

// memberFaults are manifests of a member "bad" with one fault each. accepted says that cargo reads
// the workspace all the same, stops what the fault stops in a release of the member.
var memberFaults = map[string]struct {
	manifest string
	accepted bool
	stops    finding.Stops
	want     string
}{
	"no version to inherit":           {"[package]\nname = \"bad\"\nversion.workspace = true\n", false, finding.Everything, `bad/Cargo.toml:3: field "version"`},
	"no edition to inherit":           {"[package]\nname = \"bad\"\nedition.workspace = true\n", false, finding.Everything, `bad/Cargo.toml:3: field "edition"`},
	"no readme to inherit":            {pkg("bad", "readme.workspace = true"), false, finding.Everything, `bad/Cargo.toml:5: field "readme"`},
	"no keywords to inherit":          {pkg("bad", "keywords.workspace = true"), false, finding.Everything, `bad/Cargo.toml:5: field "keywords"`},
	"no licence to inherit":           {pkg("bad", "license.workspace = true"), false, finding.Everything, `bad/Cargo.toml:5: field "license"`},
	"no publish to inherit":           {pkg("bad", "publish.workspace = true"), false, finding.Everything, `bad/Cargo.toml:5: field "publish"`},
	"no authors to inherit":           {pkg("bad", "authors.workspace = true"), false, finding.Everything, `bad/Cargo.toml:5: field "authors"`},
	"no lints to inherit":             {pkg("bad", "[lints]\nworkspace = true"), false, finding.Everything, "bad/Cargo.toml:5: `lints`"},
	"no include to inherit":           {pkg("bad", "include.workspace = true"), false, finding.Everything, `bad/Cargo.toml:5: field "include"`},
	"no dependency to inherit":        {pkg("bad", "[dependencies]\nx.workspace = true"), false, finding.Everything, `bad/Cargo.toml:6: dependency "x"`},
	"a version that is a number":      {"[package]\nname = \"bad\"\nversion = 1\n", false, finding.Everything, `bad/Cargo.toml:3: field "version"`},
	"a dependency that is a number":   {pkg("bad", "[dependencies]\nx = 1"), false, finding.Everything, `bad/Cargo.toml:6: dependency "x"`},
	"features that are a number":      {pkg("bad", "[features]\nx = 1"), false, finding.Everything, `feature "x"`},
	"a binary without a name":         {pkg("bad", "[[bin]]\npath = \"src/x.rs\""), false, finding.Everything, `bad/Cargo.toml:5: a [[bin]] has no name`},
	"a binary twice":                  {pkg("bad", "[[bin]]\nname = \"x\"\npath = \"src/x.rs\"\n[[bin]]\nname = \"x\"\npath = \"src/x.rs\""), false, finding.Everything, `binary "x" is declared twice`},
	"a binary with a space":           {pkg("bad", "[[bin]]\nname = \"hello world\"\npath = \"src/x.rs\""), true, finding.Release, `bad/Cargo.toml:5: binary "hello world": byte 6`},
	"a setting that does not exist":   {pkg("bad", "[package.metadata.slipway]\nfeature = []"), true, finding.Everything, `bad/Cargo.toml:6: "feature" is not a setting`},
	"a variable for the commit":       {pkg("bad", "[package.metadata.slipway]\ncommit = true\ncommit-env = [\"PATH\"]"), true, finding.Everything, "`commit-env` has \"PATH\""},
	"a benchmark outside":             {pkg("bad", "[[bench]]\nname = \"b\"\npath = \"../../b.rs\""), true, finding.Nothing, "bad/Cargo.toml:7: `path of target \"b\"` is \"../../b.rs\": it is outside"},
	"a test outside":                  {pkg("bad", "[[test]]\nname = \"t\"\npath = \"../../t.rs\""), true, finding.Release, "`path of target \"t\"` is \"../../t.rs\""},
	"a test outside that is not run":  {pkg("bad", "[[test]]\nname = \"t\"\npath = \"../../t.rs\"\ntest = false"), true, finding.Nothing, "`path of target \"t\"`"},
	"an example outside":              {pkg("bad", "[[example]]\nname = \"e\"\npath = \"../../e.rs\""), true, finding.Release, "`path of target \"e\"`"},
	"an example of a feature outside": {pkg("bad", "[[example]]\nname = \"e\"\npath = \"../../e.rs\"\nrequired-features = [\"f\"]\n[features]\nf = []"), true, finding.Nothing, "`path of target \"e\"`"},
	"tests chosen by a setting":       {pkg("bad", "[[test]]\nname = \"t\"\npath = \"../../t.rs\"\n[package.metadata.slipway]\ntest = [\"--lib\"]"), true, finding.Nothing, "`path of target \"t\"`"},
	"a binary outside":                {pkg("bad", "[[bin]]\nname = \"x\"\npath = \"../../x.rs\""), true, finding.Everything, "`path of target \"x\"`"},
	"a library outside":               {pkg("bad", "[lib]\npath = \"../../x.rs\""), true, finding.Everything, "`lib.path` is \"../../x.rs\""},
	"a build script outside":          {pkg("bad", "build = \"../../x.rs\""), true, finding.Everything, "`build` is \"../../x.rs\""},
}

// TestFaultOfOneMember checks that what is wrong with one member is a finding for that member, that
// it stops no other one, and that cargo can read what slipway leaves of the workspace.
func TestFaultOfOneMember(t *testing.T) {
	for name, tt := range memberFaults {
		t.Run(name, func(t *testing.T) {
			in := map[string]string{
				"Cargo.toml": "[workspace]\nresolver = \"2\"\nmembers = [\"good\", \"bad\", \"user\"]\n", "bad/Cargo.toml": tt.manifest, "bad/src/lib.rs": "\n", "bad/src/x.rs": "\n",
				"good/Cargo.toml": pkg("good", published), "good/src/lib.rs": "\n",
				"user/Cargo.toml": pkg("user", "[dependencies]\nbad = { path = \"../bad\" }"), "user/src/lib.rs": "\n",
				"Cargo.lock": locked([]string{"bad"}, []string{"good"}, []string{"user", "bad"}),
			}
			w := read(t, in)
			bad, good := crate(t, w, "bad"), crate(t, w, "good")
			found := slices.Concat(w.Findings(bad, true), w.BinaryFindings(bad)).Stopping(tt.stops)
			if !slices.ContainsFunc(found, func(f finding.Finding) bool { return strings.Contains(f.String(), tt.want) }) {
				t.Errorf("bad: %q, expected %q", found.Lines(), tt.want)
			}
			for _, f := range w.Findings(good, true) {
				if f.Stops != finding.Nothing {
					t.Errorf("good: %s", f)
				}
			}
			needs := w.Findings(crate(t, w, "user"), true).Stopping(finding.Everything, finding.Release)
			if stopped := len(needs) > 0; stopped != (!tt.accepted || strings.Contains(tt.want, "`lib.path`") || strings.Contains(tt.want, "`build`")) {
				t.Errorf("user: %q", needs.Lines())
			}
			agree(t, w, in, !tt.accepted, !tt.accepted)
		})
	}
}

// agree checks that cargo reads the workspace as w does, with the files that replace its own.
// refused says that cargo refuses it without them, leavesOut that members are left out.
func agree(t *testing.T, w *Workspace, in map[string]string, refused, leavesOut bool) {
	t.Helper()
	dir := t.TempDir() + "/workspace"
	writeFiles(t, dir, in)
	if _, err := runCargo(t, dir, "metadata", "--no-deps", "--format-version", "1", "--offline"); (err != nil) != refused {
		t.Errorf("cargo's own reading: %v", err)
	}
	files, err := w.ReadFiles()
	if err != nil {
		t.Fatal(err)
	}
	if _, replaced := files["Cargo.toml"]; replaced != leavesOut {
		t.Errorf("the root manifest is replaced: %t", replaced)
	}
	for name, text := range files {
		if text == "" {
			delete(files, name)
		}
	}
	writeFiles(t, dir, files)
	out, err := runCargo(t, dir, "metadata", "--no-deps", "--format-version", "1", "--offline")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Agree(out); err != nil {
		t.Error(err)
	}
}

// TestUnreadableMember checks that a member that cannot be read at all stops neither the others nor
// cargo's reading of them, but the crates that need it.
func TestUnreadableMember(t *testing.T) {
	long := strings.Repeat("x", maxName+1)
	for name, tt := range map[string]struct{ members, manifest, crate, want string }{
		"malformed":               {`"good", "bad"`, "[package\n", "bad", `reading manifest "bad/Cargo.toml"`},
		"no package":              {`"good", "bad"`, "[dependencies]\n", "bad", "it has no [package]"},
		"a name of another rule":  {`"good", "bad"`, pkg(long), long, "it has 65 bytes"},
		"missing":                 {`"good", "bad", "gone"`, pkg("bad"), "gone", `reading manifest "gone/Cargo.toml"`},
		"outside":                 {`"good", "bad", "../shared"`, pkg("bad"), "shared", `member "../shared" is outside the workspace`},
		"a pattern outside":       {`"good", "bad", "../other/*"`, pkg("bad"), "", `member "../other/*" is outside the workspace`},
		"outside by its own path": {`"good", "bad", "/shared"`, pkg("bad"), "shared", `member "/shared" is outside the workspace`},
		"a name twice":            {`"good", "bad", "twin"`, pkg("bad"), "", `"bad" and "twin" both hold a crate "bad"`},
	} {
		t.Run(name, func(t *testing.T) {
			in := map[string]string{
				"Cargo.toml": "[workspace]\nresolver = \"2\"\nmembers = [" + tt.members + "]\n", "bad/Cargo.toml": tt.manifest, "bad/src/lib.rs": "\n",
				"good/Cargo.toml": pkg("good", published), "good/src/lib.rs": "\n", "twin/Cargo.toml": pkg("bad"), "twin/src/lib.rs": "\n",
				"Cargo.lock": locked([]string{"bad"}, []string{"good"}),
			}
			w := read(t, in)
			found := w.Findings(crate(t, w, "good"), true)
			if err := found.Check("checking", finding.Nothing); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "left out") {
				t.Errorf("good: %v, expected a note that says %q", err, tt.want)
			}
			if stopping := found.Stopping(finding.Everything, finding.Release, finding.Registry); len(stopping) > 0 {
				t.Errorf("good: %q", stopping.Lines())
			}
			if !strings.Contains(fmt.Sprint(w.Unread().Lines()), tt.want) {
				t.Errorf("unread: %q", w.Unread().Lines())
			}
			if tt.crate != "" && len(tt.crate) <= maxName {
				_, err := w.Crate(tt.crate)
				wantError(t, err, fmt.Sprintf("finding crate %q", tt.crate), tt.want)
			}
			agree(t, w, in, name != "a name of another rule", true)
		})
	}
}
