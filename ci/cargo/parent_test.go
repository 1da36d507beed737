package cargo

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"dagger/slipway/ci/finding"
)

// TestParent checks which workspace a package in x/y belongs to, and that cargo says the same.
func TestParent(t *testing.T) {
	plain, list := pkg("y"), "[workspace]\nresolver = \"2\"\n"
	for name, tt := range map[string]struct {
		own   string            // x/y/Cargo.toml
		above map[string]string // manifests above
		want  string            // "" for x/y itself
	}{
		"alone":                         {plain, nil, ""},
		"a member":                      {plain, map[string]string{"Cargo.toml": list + "members = [\"x/y\"]"}, "."},
		"a member by a pattern":         {plain, map[string]string{"Cargo.toml": list + "members = [\"x/*\"]"}, "."},
		"of the nearest":                {plain, map[string]string{"Cargo.toml": list + "members = [\"x/y\"]", "x/Cargo.toml": list + "members = [\"y\"]"}, "x"},
		"below a package":               {plain, map[string]string{"x/Cargo.toml": pkg("x")}, ""},
		"below a package and a root":    {plain, map[string]string{"Cargo.toml": list + "members = [\"x\", \"x/y\"]", "x/Cargo.toml": pkg("x")}, "."},
		"excluded":                      {plain, map[string]string{"Cargo.toml": list + "exclude = [\"x\"]"}, ""},
		"excluded by the nearest alone": {plain, map[string]string{"Cargo.toml": list + "members = [\"x/y\"]", "x/Cargo.toml": list + "exclude = [\"y\"]"}, "."},
		"a root of its own":             {plain + list, map[string]string{"Cargo.toml": list + "exclude = [\"x\"]"}, ""},
		"by its own word":               {pkg("y", "workspace = \"../../z\""), map[string]string{"z/Cargo.toml": list + "members = [\"../x/y\"]"}, "z"},
		"by the word of one above":      {plain, map[string]string{"x/Cargo.toml": pkg("x", "workspace = \"../z\""), "z/Cargo.toml": list + "members = [\"../x\", \"../x/y\"]"}, "z"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFiles(t, dir, map[string]string{"x/y/Cargo.toml": tt.own, "x/y/src/lib.rs": "\n", "x/src/lib.rs": "\n"})
			writeFiles(t, dir, tt.above)
			got, err := Parent(os.DirFS(dir), "x/y")
			if err != nil || got != tt.want {
				t.Errorf("the parent is %q, %v; expected %q", got, err, tt.want)
			}
			out, err := runCargo(t, filepath.Join(dir, "x/y"), "locate-project", "--workspace")
			if err != nil {
				t.Fatal(err)
			}
			var located struct{ Root string }
			if err := json.Unmarshal(out, &located); err != nil {
				t.Fatal(err)
			}
			root, err := filepath.EvalSymlinks(dir)
			if err != nil {
				t.Fatal(err)
			}
			want := tt.want
			if want == "" {
				want = "x/y"
			}
			if rel, err := filepath.Rel(root, filepath.Dir(located.Root)); err != nil || rel != want {
				t.Errorf("cargo's root is %q, %v", located.Root, err)
			}
		})
	}
}

// TestMemberAlone checks that a member without its workspace is told apart from a package of its own,
// even where nothing above it can be seen.
func TestMemberAlone(t *testing.T) {
	_, err := Read(files(map[string]string{"Cargo.toml": pkg("a", "workspace = \"..\""), "src/lib.rs": ""}))
	wantError(t, err, `it is a member of the workspace in ".."`, "pass that directory")
	w := read(t, map[string]string{"Cargo.toml": "[package]\nname = \"a\"\nversion.workspace = true\n[dependencies]\nx.workspace = true\n", "src/lib.rs": ""})
	err = w.Findings(crate(t, w, "a"), true).Check("checking", finding.Everything)
	wantError(t, err, "Cargo.toml:3: field \"version\"", "Cargo.toml:5: dependency \"x\"", "pass the root of that")
	if w.Crates[0].Version != "" {
		t.Errorf("the version is %q", w.Crates[0].Version)
	}
}
