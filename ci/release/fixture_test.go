package release

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/triple"
)

const metadata = `{"workspace_root": "/src", "packages": [{"name": "app", "version": "1.2.3", "manifest_path": "/src/Cargo.toml", "publish": [],
	"targets": [{"name": "app", "kind": ["bin"]}], "dependencies": []}]}`

const tested = "running 3 tests\ntest result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n"

// runner is a fake step.Runner with canned results.
type runner struct {
	stdout map[string]string // by step
	fail   map[string]error
	files  map[string][]byte // "step/output"

	mu  sync.Mutex
	ran []string
}

func (*runner) Name() string { return "fake" }

func (*runner) ImageDigest(context.Context, string) (string, error) {
	return "sha256:" + strings.Repeat("ab", 32), nil
}

func (r *runner) Run(_ context.Context, s step.Step) (step.Result, error) {
	r.mu.Lock()
	r.ran = append(r.ran, s.Name)
	r.mu.Unlock()
	return step.Result{Stdout: r.stdout[s.Name]}, r.fail[s.Name]
}

func (r *runner) Export(_ context.Context, name, output, to string) error {
	content, ok := r.files[name+"/"+output]
	if !ok {
		return errors.New("exporting " + name + "/" + output + ": it is not there")
	}
	return os.WriteFile(to, content, 0o755)
}

// static returns small static binaries for both targets, built once by the Go compiler.
var static = sync.OnceValues(func() (map[string][]byte, error) {
	dir, err := os.MkdirTemp("", "static-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o644); err != nil {
		return nil, err
	}
	binaries := map[string][]byte{}
	for target, arch := range map[string]string{triple.X8664: "amd64", triple.AArch64: "arm64"} {
		to := filepath.Join(dir, arch)
		cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", to, source)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, errors.New(string(out))
		}
		if binaries[target], err = os.ReadFile(to); err != nil {
			return nil, err
		}
	}
	return binaries, nil
})

// crates is the output of `cargo tree` for "app".
const crates = "0app v1.2.3 (/src)\t\t\n"

// newRelease returns a release of crate "app", and a runner with which it succeeds.
func newRelease(t *testing.T) (*Release, *runner) {
	t.Helper()
	w, err := cargo.Read(fstest.MapFS{
		"Cargo.toml":          {Data: []byte("[package]\nname = \"app\"\nversion = \"1.2.3\"\nedition = \"2024\"\npublish = false\n")},
		"Cargo.lock":          {Data: []byte("version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.2.3\"\n")},
		"CHANGELOG.md":        {Data: []byte("## [1.2.3]\n\n- First.\n")},
		"src/main.rs":         {Data: []byte("fn main() {}")},
		"rust-toolchain.toml": {Data: []byte("[toolchain]\nchannel = \"1.96.0\"\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(w, plan.Request{Crates: []string{"app@1.2.3"}, Toolchain: "rust:1.96.0"})
	if err != nil {
		t.Fatal(err)
	}
	binaries, err := static()
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{
		stdout: map[string]string{
			plan.StepToolchain: "rustc 1.96.0 (abc 2026-01-01)\nbinary: rustc\nrelease: 1.96.0\nLLVM version: 20.1.0\n", plan.StepMetadata: metadata,
			plan.StepCrates(triple.X8664): crates, plan.StepCrates(triple.AArch64): crates,
			plan.StepTest(triple.X8664): tested, plan.StepTest(triple.AArch64): tested,
		},
		fail: map[string]error{}, files: map[string][]byte{},
	}
	for target, b := range binaries {
		r.files[plan.StepBuild(target)+"/"+plan.OutputBinary("app")] = b
	}
	return &Release{Workspace: w, Plan: p, Runners: []step.Runner{r}, Out: filepath.Join(t.TempDir(), "dist")}, r
}

// begin begins a run of a release.
func begin(t *testing.T, r *Release) *run {
	t.Helper()
	n, done, err := r.begin(false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(done)
	return n
}

func says(t *testing.T, err error, parts ...string) {
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

// left lists the output directory, including hidden files.
func left(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
