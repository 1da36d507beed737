package cargo

import (
	"encoding/json"
	"path"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
)

// TestReadmeInherited checks that the readme of a member is the one that cargo takes, and that a
// member is refused where cargo refuses it.
func TestReadmeInherited(t *testing.T) {
	for name, tt := range map[string]struct {
		root, own string // lines of [workspace.package] and of [package]
		files     string
		want      string // relative to the root; "" for none, "refused" if cargo refuses the manifest
	}{
		"found by its name at the root":        {"", "readme.workspace = true", "README.md", "README.md"},
		"found by another name at the root":    {"", "readme.workspace = true", "README.txt", "README.txt"},
		"found without an extension":           {"", "readme = { workspace = true }", "README", "README"},
		"true at the root":                     {"readme = true", "readme.workspace = true", "README.md a/README.md", "README.md"},
		"a path at the root":                   {"readme = \"doc/READ.md\"", "readme.workspace = true", "doc/READ.md", "doc/READ.md"},
		"false at the root":                    {"readme = false", "readme.workspace = true", "README.md", "refused"},
		"none at the root":                     {"", "readme.workspace = true", "a/README.md", "refused"},
		"the member's own is not inherited":    {"readme = true", "", "README.md a/README.txt", "a/README.txt"},
		"false in the member":                  {"readme = true", "readme = false", "README.md a/README.md", ""},
		"true in the member":                   {"", "readme = true", "README.md a/README.md a/README.txt", "a/README.md"},
		"neither":                              {"", "", "README.md", ""},
		"a path in the member":                 {"readme = true", "readme = \"../README.md\"", "README.md", "README.md"},
		"true at the root without such a file": {"readme = true", "readme.workspace = true", "README.txt", "README.md"},
	} {
		t.Run(name, func(t *testing.T) {
			in := map[string]string{
				"Cargo.toml":   "[workspace]\nresolver = \"2\"\nmembers = [\"a\"]\n[workspace.package]\n" + tt.root + "\n",
				"a/Cargo.toml": pkg("a", published, tt.own), "a/src/lib.rs": "\n", "Cargo.lock": locked([]string{"a"}),
			}
			for _, file := range strings.Fields(tt.files) {
				in[file] = "x\n"
			}
			w := read(t, in)
			a := crate(t, w, "a")
			dir := t.TempDir()
			writeFiles(t, dir, in)
			out, err := runCargo(t, dir, "metadata", "--no-deps", "--format-version", "1", "--offline")
			if refused := err != nil; refused != (tt.want == "refused") {
				t.Fatalf("cargo: %v", err)
			}
			if tt.want == "refused" {
				if found := w.Findings(a, true).Stopping(finding.Everything); len(found) != 1 || !strings.Contains(found[0].String(), `a/Cargo.toml:7: field "readme"`) {
					t.Errorf("%q", found.Lines())
				}
				return
			}
			var theirs struct{ Packages []struct{ Readme string } }
			if err := json.Unmarshal(out, &theirs); err != nil {
				t.Fatal(err)
			}
			cargos := ""
			if theirs.Packages[0].Readme != "" {
				cargos = path.Join("a", theirs.Packages[0].Readme)
			}
			if got := w.readme(a); got != tt.want || got != cargos {
				t.Errorf("the readme is %q, cargo's is %q, expected %q", got, cargos, tt.want)
			}
			missing := tt.want != "" && in[tt.want] == ""
			if found := w.RegistryFindings(a).Stopping(finding.Registry); (len(found) > 0) != missing {
				t.Errorf("%q", found.Lines())
			}
		})
	}
}
