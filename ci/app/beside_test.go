package app

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/plan"
)

// besideRoot returns the files of a repository with a workspace in "ws", whose member a is below it
// and whose member b is beside it, in dir.
func besideRoot(members, dir string, more map[string]string) map[string]string {
	up := strings.Repeat("../", 1+strings.Count(dir, "/"))
	if dir == "." {
		up = ""
	}
	files := map[string]string{
		"ws/Cargo.toml": "[workspace]\nresolver = \"2\"\nmembers = [\"a\", " + members + "]\n", "ws/Cargo.lock": lock("a", "b"),
		"ws/a/Cargo.toml": manifest("a"), "ws/a/src/lib.rs": "#[test]\nfn works() {}\n", "other/large": "not needed\n",
		filepath.Join(dir, "Cargo.toml"): manifest("b", "workspace = \""+up+"ws\""), filepath.Join(dir, "src/lib.rs"): "#[test]\nfn works() {}\n",
	}
	maps.Copy(files, more)
	return files
}

// TestMembersBeside checks that members which are not below the workspace's root, but in its
// repository, are read, built and packaged as in a clone.
func TestMembersBeside(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"beside":       besideRoot(`"../b"`, "b", nil),
		"further away": besideRoot(`"../x/y/b"`, "x/y/b", nil),
		"by a pattern": besideRoot(`"../x/*"`, "x/b", nil),
		"any depth":    besideRoot(`"../x/**/b"`, "x/y/b", nil),
		"a detour":     besideRoot(`"../ws/../b"`, "b", nil),
		"around it":    besideRoot(`".."`, ".", nil),
		"around what it needs": besideRoot(`".."`, ".", map[string]string{
			"Cargo.toml":      manifest("b", "workspace = \"ws\"", "[dev-dependencies]", `a = { path = "ws/a" }`),
			"src/lib.rs":      "#[test]\nfn works() { assert_eq!(a::N, 7); }\n",
			"ws/a/src/lib.rs": "pub const N: u8 = 7;\n#[test]\nfn works() {}\n",
			"ws/Cargo.lock":   strings.Replace(lock("a", "b"), "\"b\"\nversion = \"0.1.0\"\n", "\"b\"\nversion = \"0.1.0\"\ndependencies = [\n \"a\",\n]\n", 1),
		}),
		"with a path": besideRoot(`"../b"`, "b", map[string]string{
			"b/Cargo.toml": manifest("b", "workspace = \"../ws\"", "[dev-dependencies]\nshared = { path = \"../shared\" }"), "shared/Cargo.toml": manifest("shared"), "shared/src/lib.rs": "//\n",
			"ws/Cargo.lock": strings.Replace(lock("a", "b", "shared"), "\"b\"\nversion = \"0.1.0\"\n", "\"b\"\nversion = \"0.1.0\"\ndependencies = [\n \"shared\",\n]\n", 1),
		}),
		"inheriting": besideRoot(`"../b"`, "b", map[string]string{
			"ws/Cargo.toml": "[workspace]\nresolver = \"2\"\nmembers = [\"a\", \"../b\"]\n[workspace.package]\nlicense = \"MIT\"\n",
			"b/Cargo.toml":  "[package]\nname = \"b\"\nversion = \"0.1.0\"\nedition = \"2021\"\nlicense.workspace = true\ndescription = \"d\"\nworkspace = \"../ws\"\n",
		}),
	} {
		t.Run(name, func(t *testing.T) {
			dir := tree(t, files)
			ws := filepath.Join(dir, "ws")
			w, _, err := Root{}.read(t.Context(), &fakeHost{t: t, dir: ws})
			must(t, err)
			for _, crate := range []string{"a", "b"} {
				p, source := planned(t, ws, crate)
				if err := plan.Of(p).CheckDryRun(); err != nil || len(p.Findings.Stopping(finding.Release, finding.Registry)) > 0 {
					t.Errorf("the plan of %s has the findings %q, %v", crate, p.Findings.Lines(), err)
				}
				_, out, err := onHost(t, p, source, plan.StepMetadata)
				if err != nil {
					t.Fatalf("cargo does not read it: %v\n%s", err, out)
				}
				if err := w.Agree([]byte(out[strings.Index(out, "{"):])); err != nil {
					t.Error(err)
				}
				step := plan.StepTest(p.Targets[0])
				withoutTarget(p, step)
				if _, out, err := onHost(t, p, source, step); err != nil || !strings.Contains(out, "1 passed") {
					t.Errorf("the tests of %s say %v\n%s", crate, err, out)
				}
				wantSamePackage(t, dir, "ws", crate)
			}
			ordered, err := (&Order{}).Run(t.Context(), &fakeHost{t: t, dir: ws})
			if err != nil || !strings.Contains(ordered.Output, "a 0.1.0") || !strings.Contains(ordered.Output, "b 0.1.0") {
				t.Errorf("the order is %q, %v", ordered.Output, err)
			}
		})
	}
}

// TestNotBeside checks what is said of members beside the workspace that cargo refuses, or that are
// in no repository with it, and that nothing sends the caller from one directory to the other and
// back.
func TestNotBeside(t *testing.T) {
	for name, tt := range map[string]struct {
		files map[string]string
		want  string
	}{
		"without package.workspace": {besideRoot(`"../b"`, "b", map[string]string{"b/Cargo.toml": manifest("b")}), "cargo refuses such a workspace"},
		"of another workspace":      {besideRoot(`"../b"`, "b", map[string]string{"b/Cargo.toml": manifest("b", "workspace = \"../other\"")}), "cargo refuses such a workspace"},
		"not there":                 {besideRoot(`"../gone"`, "b", nil), `"../gone/Cargo.toml"`},
		"outside the repository":    {besideRoot(`"../../b"`, "b", nil), "outside the repository"},
	} {
		t.Run(name, func(t *testing.T) {
			ws := filepath.Join(tree(t, tt.files), "ws")
			p, _ := planned(t, ws, "a")
			if said := strings.Join(p.Findings.Lines(), "\n"); !strings.Contains(said, tt.want) || plan.Of(p).CheckDryRun() != nil {
				t.Errorf("the plan of the other member says %q", said)
			}
			if cargo, err := exec.LookPath("cargo"); err == nil {
				cmd := exec.Command(cargo, "metadata", "--no-deps", "--offline", "--format-version", "1")
				if cmd.Dir = ws; cmd.Run() == nil {
					t.Error("cargo reads it")
				}
			}
		})
	}
	dir := tree(t, besideRoot(`".."`, ".", nil))
	if _, _, err := (Root{}).read(t.Context(), &fakeHost{t: t, dir: dir}); err == nil || !strings.Contains(err.Error(), `pass that directory`) {
		t.Errorf("the member alone says %v", err)
	}
	if w, _, err := (Root{}).read(t.Context(), &fakeHost{t: t, dir: filepath.Join(dir, "ws")}); err != nil || len(w.Crates) != 2 {
		t.Errorf("the directory to pass says %v", err)
	}
}

// TestWorkflowsBeside checks that members beside a workspace get workflows too.
func TestWorkflowsBeside(t *testing.T) {
	repository := tree(t, besideRoot(`"../b"`, "b", map[string]string{"b/src/main.rs": "fn main() {}\n"}))
	v := &Workflows{Source: ".", Workspace: "ws", Slipway: "owner/name@" + strings.Repeat("a", 40)}
	t.Chdir(repository)
	made, err := v.Run(t.Context(), caller{&fakeHost{t: t, dir: repository}})
	all := strings.Join(slices.Collect(maps.Values(made.Files)), "\n")
	if err != nil || !regexp.MustCompile(`(?m)^ +- "b"$`).MatchString(all) {
		t.Errorf("%v: no workflow names b:\n%s", err, all)
	}
}

// TestPrepareBeside checks that a version of a member beside the workspace is written to its
// manifest, and to the requirement of a member that needs it.
func TestPrepareBeside(t *testing.T) {
	dir := tree(t, besideRoot(`"../b"`, "b", map[string]string{
		"ws/a/Cargo.toml": manifest("a", "[dependencies]", `b = { path = "../../b", version = "0.1" }`),
		"ws/Cargo.lock":   strings.Replace(lock("a", "b"), "\"a\"\nversion = \"0.1.0\"\n", "\"a\"\nversion = \"0.1.0\"\ndependencies = [\n \"b\",\n]\n", 1),
	}))
	h := &fakeHost{t: t, dir: filepath.Join(dir, "ws")}
	v := &Prepare{Crate: "b", Version: "0.2.0", Write: true}
	made, err := v.Run(t.Context(), h)
	if err != nil {
		t.Fatalf("%v: %s", err, made.Output)
	}
	for name, want := range map[string]string{"b/Cargo.toml": `version = "0.2.0"`, "ws/a/Cargo.toml": `b = { path = "../../b", version = "0.2`, "ws/Cargo.lock": "name = \"b\"\nversion = \"0.2.0\""} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(raw), want) {
			t.Errorf("%v: %s is\n%s", err, name, raw)
		}
	}
}

// TestPrepareBelowBeside checks that a member beside the workspace gets the new version of one below
// it in its requirement, whatever way its path takes.
func TestPrepareBelowBeside(t *testing.T) {
	dir := tree(t, besideRoot(`"../b"`, "b", map[string]string{
		"b/Cargo.toml":  manifest("b", "workspace = \"../ws\"", "[dependencies]", `a = { path = "../ws/a", version = "0.1" }`),
		"ws/Cargo.lock": strings.Replace(lock("a", "b"), "\"b\"\nversion = \"0.1.0\"\n", "\"b\"\nversion = \"0.1.0\"\ndependencies = [\n \"a\",\n]\n", 1),
	}))
	v := &Prepare{Crate: "a", Version: "0.2.0"}
	made, err := v.Run(t.Context(), &fakeHost{t: t, dir: filepath.Join(dir, "ws")})
	if err != nil || !strings.Contains(made.Files["../b/Cargo.toml"], `a = { path = "../ws/a", version = "0.2`) {
		t.Errorf("%v: %s", err, made.Output)
	}
}
