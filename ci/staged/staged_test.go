package staged

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/triple"
)

// planned returns the plan of a crate with a dependency, a binary and a registry.
func planned(t *testing.T, toolchain string) *plan.Crate {
	t.Helper()
	const checksum = "0000000000000000000000000000000000000000000000000000000000000000"
	w, err := cargo.Read(fstest.MapFS{
		"Cargo.toml":   {Data: []byte("[package]\nname = \"app\"\nversion = \"1.2.3\"\nedition = \"2024\"\ndescription = \"d\"\nlicense = \"MIT\"\n[dependencies]\nserde = \"1\"\n")},
		"Cargo.lock":   {Data: []byte("version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.2.3\"\ndependencies = [\"serde\"]\n\n[[package]]\nname = \"serde\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"" + checksum + "\"\n")},
		"CHANGELOG.md": {Data: []byte("## [1.2.3]\n\n- First.\n")},
		"src/main.rs":  {Data: []byte("fn main() {}")},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(w, plan.Request{Crates: []string{"app@1.2.3"}, Toolchain: toolchain})
	if err != nil {
		t.Fatal(err)
	}
	return p.Crates[0]
}

// echo is a runner whose steps print and output their own names.
type echo struct{ ran []string }

func (*echo) Name() string { return "local" }

func (e *echo) Run(_ context.Context, s step.Step) (step.Result, error) {
	e.ran = append(e.ran, s.Name)
	return step.Result{Stdout: "said " + s.Name, Cached: strings.HasPrefix(s.Name, "test ")}, nil
}

func (*echo) Export(_ context.Context, name, output, to string) error {
	return os.WriteFile(to, []byte(name+" left "+output), 0o644)
}

func (*echo) ImageDigest(context.Context, string) (string, error) {
	return "sha256:" + strings.Repeat("ab", 32), nil
}

// stage runs the plan's steps and returns the staged directory.
func stage(t *testing.T, p *plan.Crate) string {
	t.Helper()
	r := Record(&echo{}, p)
	for _, s := range p.Steps {
		if _, err := r.Run(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(t.TempDir(), "staged")
	if err := r.Write(t.Context(), dir, "debian:bookworm-slim"); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRunner(t *testing.T) {
	p := planned(t, "rust:1.96.0")
	r, err := Open(stage(t, p), p)
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for _, s := range p.Steps {
		result, err := r.Run(t.Context(), s)
		if err != nil || result.Cached != strings.HasPrefix(s.Name, "test ") {
			t.Errorf("step %q: %+v, %v", s.Name, result, err)
		}
		if result.Stdout != "" && result.Stdout != "said "+s.Name {
			t.Errorf("step %q says %q", s.Name, result.Stdout)
		}
		if result.Stdout != "" {
			kept = append(kept, s.Name)
		}
		for _, o := range s.Outputs {
			to := filepath.Join(t.TempDir(), "exported")
			if err := r.Export(t.Context(), s.Name, o.Name, to); err != nil {
				continue
			}
			if raw, err := os.ReadFile(to); err != nil || string(raw) != s.Name+" left "+o.Name {
				t.Errorf("output %q of %q is %q, %v", o.Name, s.Name, raw, err)
			}
			kept = append(kept, s.Name+"/"+o.Name)
		}
	}
	want := []string{
		"toolchain", "metadata", "fetch/lock", "package/crate",
		"crates " + triple.X8664, "test " + triple.X8664, "build " + triple.X8664 + "/bin/app",
		"crates " + triple.AArch64, "test " + triple.AArch64, "build " + triple.AArch64 + "/bin/app",
	}
	slices.Sort(kept)
	slices.Sort(want)
	if !slices.Equal(kept, want) {
		t.Errorf("it keeps %q, want %q", kept, want)
	}
	if d, err := r.ImageDigest(t.Context(), "rust:1.96.0"); err != nil || d != "sha256:"+strings.Repeat("ab", 32) {
		t.Errorf("the toolchain's digest is %q, %v", d, err)
	}
	if _, err := r.ImageDigest(t.Context(), "rust:1.95.0"); err == nil {
		t.Error("it names the digest of an image that nothing ran in")
	}
	if r.Name() != "local, in another job" || r.ToolchainBase() != "debian:bookworm-slim" {
		t.Errorf("it says %q, %q", r.Name(), r.ToolchainBase())
	}
}

// TestRunnerRunsNothing checks that steps outside the plan, such as those that publish, and
// outputs that were not kept are errors.
func TestRunnerRunsNothing(t *testing.T) {
	p := planned(t, "rust:1.96.0")
	r, err := Open(stage(t, p), p)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append(slices.Clone(p.Publish.Steps), step.Step{Name: "other", Args: []string{"true"}}) {
		if _, err := r.Run(t.Context(), s); err == nil || !strings.Contains(err.Error(), "nothing runs here") {
			t.Errorf("step %q: %v", s.Name, err)
		}
	}
	for _, o := range [][2]string{{plan.StepFetch, "cargo"}, {plan.StepToolchain, ""}, {plan.StepBuild(triple.X8664), "bin/other"}, {plan.StepBuild(triple.X8664), "../../staged.json"}} {
		if err := r.Export(t.Context(), o[0], o[1], filepath.Join(t.TempDir(), "x")); err == nil {
			t.Errorf("it exports %q", o)
		}
	}
}

// TestOpenHostile checks that a staged directory written by a compromised build job is
// rejected, although its digest is right.
func TestOpenHostile(t *testing.T) {
	p := planned(t, "rust:1.96.0")
	say := func(change func(m map[string]any)) func(dir string) error {
		return func(dir string) error {
			name := filepath.Join(dir, manifestName)
			raw, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			m := map[string]any{}
			if err := json.Unmarshal(raw, &m); err != nil {
				return err
			}
			change(m)
			raw, err = json.Marshal(m)
			return errors.Join(err, os.WriteFile(name, raw, 0o644))
		}
	}
	set := func(key string, value any) func(dir string) error {
		return say(func(m map[string]any) { m[key] = value })
	}
	raw := func(content string) func(dir string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, manifestName), []byte(content), 0o644) }
	}
	for _, tt := range []struct {
		name, want string
		change     func(dir string) error
	}{
		{"another plan", `its plan is "sha256:00", but here it is`, set("plan", "sha256:00")},
		{"another crate", `its crate is "evil"`, set("crate", "evil")},
		{"another version", `its version is "1.2.4"`, set("version", "1.2.4")},
		{"another form", `its schema is "slipway.staged/v2"`, set("schema", "slipway.staged/v2")},
		{"a runner that is a workflow command", "its runner is", set("runner", "x\n::add-mask::y")},
		{"a toolchain digest that is none", "its toolchainDigest is", set("toolchainDigest", "sha256:"+strings.Repeat("AB", 32))},
		{"a base with an escape", "its toolchainBase is", set("toolchainBase", "debian\x1b[2J")},
		{"a long base", "its toolchainBase is", set("toolchainBase", strings.Repeat("a", 1000))},
		{"a step that is none", "the plan has no such step", set("cached", []string{"test wasm"})},
		{"a field more", `unknown field "signature"`, set("signature", "x")},
		{"a type that is another", "cannot unmarshal", set("cached", "all")},
		{"two objects", "nothing after it", raw(`{} {}`)},
		{"no JSON", "reading", raw("\x00")},
		{"a manifest of megabytes", "more than 1048576 bytes", raw(strings.Repeat(" ", maxManifest+1))},
		{"no manifest", `"staged.json" is missing`, func(dir string) error { return os.Remove(filepath.Join(dir, manifestName)) }},
		{"a binary less", `bin/app" is missing`, func(dir string) error {
			return os.Remove(Path(dir, plan.StepBuild(triple.X8664), plan.OutputBinary("app")))
		}},
		{"a binary more", `bin/app2" is not part of this plan`, func(dir string) error {
			return os.WriteFile(Path(dir, plan.StepBuild(triple.X8664), plan.OutputBinary("app2")), nil, 0o755)
		}},
		{"an answer more", "is not part of this plan", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "answers", "upload.txt"), nil, 0o644)
		}},
		{"a binary that is a link", "is not a regular file", func(dir string) error {
			name := Path(dir, plan.StepBuild(triple.X8664), plan.OutputBinary("app"))
			return errors.Join(os.Remove(name), os.Symlink("/proc/self/environ", name))
		}},
		{"a binary that is a directory", "bin/app", func(dir string) error {
			name := Path(dir, plan.StepBuild(triple.X8664), plan.OutputBinary("app"))
			return errors.Join(os.Remove(name), os.Mkdir(name, 0o755))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := stage(t, p)
			if err := tt.change(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(dir, p); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := Open(stage(t, p), planned(t, "rust:1.96.0@sha256:"+strings.Repeat("ab", 32))); err == nil || !strings.Contains(err.Error(), "the steps ran for something else") {
		t.Errorf("with another toolchain: %v", err)
	}
}

// TestWriteUnfinished checks that a plan whose steps have not all run is not staged.
func TestWriteUnfinished(t *testing.T) {
	p := planned(t, "rust:1.96.0")
	r := Record(&echo{}, p)
	if err := r.Write(t.Context(), filepath.Join(t.TempDir(), "staged"), ""); err == nil || !strings.Contains(err.Error(), `step "toolchain" has not run`) {
		t.Errorf("got %v", err)
	}
}

// TestLargeAnswer checks that a step's stdout has a size limit.
func TestLargeAnswer(t *testing.T) {
	p := planned(t, "rust:1.96.0")
	dir := stage(t, p)
	if err := os.Truncate(filepath.Join(dir, "answers", "metadata.txt"), maxAnswer+1); err != nil {
		t.Fatal(err)
	}
	r, err := Open(dir, p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Run(t.Context(), p.Steps[1]); err == nil || !strings.Contains(err.Error(), "more than 67108864 bytes") {
		t.Errorf("got %v", err)
	}
}
