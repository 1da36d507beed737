package plan

import (
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/golden"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/toolchain"
)

const (
	example    = "../../examples/workspace"
	workspaces = "../../e2e/testdata/workspaces"
	commit     = "0123456789abcdef0123456789abcdef01234567"
)

func readDir(t *testing.T, dir string) *cargo.Workspace {
	t.Helper()
	w, err := cargo.Read(os.DirFS(dir))
	if err != nil {
		t.Fatalf("Read(%s): %v", dir, err)
	}
	return w
}

// planned is the plan of one crate, and what it says of that crate.
type planned struct {
	*Plan
	*Crate
}

func newPlan(t *testing.T, w *cargo.Workspace, req Request) planned {
	t.Helper()
	p, err := New(w, req)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	if len(p.Crates) != 1 {
		t.Fatalf("%d crates", len(p.Crates))
	}
	return planned{p, p.Crates[0]}
}

func planText(t *testing.T, p planned) string {
	t.Helper()
	text, err := p.Text()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func planJSON(t *testing.T, p planned) string {
	t.Helper()
	raw, err := p.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// digester is a plan.
type digester interface{ Digest() (string, error) }

func digest(t *testing.T, p digester) string {
	t.Helper()
	d, err := p.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// goldenPlan compares text with a golden file. The name of slipway's own image contains a hash of its
// recipe, which also changes every plan's digest. Both are replaced by placeholders, so that
// editing the recipe does not change every golden file.
func goldenPlan(t *testing.T, name string, p digester, text string) {
	t.Helper()
	text = strings.ReplaceAll(text, toolchain.Reference(), "slipway/toolchain:CHANNEL-RECIPE")
	text = strings.ReplaceAll(text, digest(t, p), "sha256:PLAN")
	golden.Compare(t, name, text)
}

// base returns a workspace that can be released, with changes: crate "app" 1.2.3 has a binary and
// depends on library "lib".
func base(change map[string]string) fstest.MapFS {
	in := map[string]string{
		"Cargo.toml":       "[workspace]\nmembers = [\"app\", \"lib\"]\n",
		"app/Cargo.toml":   "[package]\nname = \"app\"\nversion = \"1.2.3\"\nedition = \"2024\"\npublish = false\n[dependencies]\nlib = { path = \"../lib\", version = \"1.2.3\" }\n",
		"app/src/main.rs":  "fn main() {}",
		"app/CHANGELOG.md": "# Changelog\n\n## [1.2.3] - 2026-01-01\n\n- First.\n",
		"lib/Cargo.toml":   "[package]\nname = \"lib\"\nversion = \"1.2.3\"\nedition = \"2024\"\ndescription = \"x\"\nlicense = \"MIT\"\n",
		"lib/src/lib.rs":   "",
		"lib/CHANGELOG.md": "# Changelog\n\n## [1.2.3] - 2026-01-01\n\n- First.\n",
		"Cargo.lock":       "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.2.3\"\ndependencies = [\n \"lib\",\n]\n\n[[package]]\nname = \"lib\"\nversion = \"1.2.3\"\n",
	}
	maps.Copy(in, change)
	m := fstest.MapFS{}
	for name, content := range in {
		if content != "absent" {
			m[name] = &fstest.MapFile{Data: []byte(content), Mode: 0o644}
		}
	}
	return m
}

func read(t *testing.T, fsys fs.FS) *cargo.Workspace {
	t.Helper()
	w, err := cargo.Read(fsys)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return w
}

// wantError fails the test unless err contains every part.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, expected one that says %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
}

// stepNamed returns the step with the given name and fails the test if there is none.
func stepNamed(t *testing.T, p planned, name string) step.Step {
	t.Helper()
	i := slices.IndexFunc(p.Steps, func(s step.Step) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no step %q", name)
	}
	return p.Steps[i]
}
