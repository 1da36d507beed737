package engine

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/step"
)

// files returns the content of all files below a directory, or of a file, by path.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(name)
		inside, _ := filepath.Rel(dir, name)
		got[inside] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestExport checks that an output is exported from where its step wrote it, from no other step,
// and without what the step discards.
func TestExport(t *testing.T) {
	r, e := newRunner(t, Options{Trees: trees})
	e.commands["cargo fetch"] = command{files: map[string]string{
		"/cargo/registry/a.crate": "a", "/cargo/registry/.package-cache": "x", "/cargo-other/b": "x", "/src/Cargo.lock": "locked", "/target/release/shim": "x",
	}}
	e.commands["cargo build --locked"] = command{files: map[string]string{"/target/release/shim": "ELF", "/target/.package-cache": "kept", "/src/Cargo.lock": "x", "/cargo/x": "x"}}
	run(t, r, e, fetch, build)
	for _, tt := range []struct {
		step, output string
		want         map[string]string
		export       string // how the engine is asked
	}{
		{"fetch", "cargo", map[string]string{"registry/a.crate": "a"}, "after(cargo fetch).directory(path: /cargo).filter(exclude: [**/.package-cache]).export(path: WORK/export-RANDOM/output)"},
		{"fetch", "lock", map[string]string{".": "locked"}, "after(cargo fetch).file(path: /src/Cargo.lock).export(path: WORK/export-RANDOM/output)"},
		{"build", "target", map[string]string{"release/shim": "ELF", ".package-cache": "kept"}, "after(cargo build --locked).directory(path: /target).export(path: WORK/export-RANDOM/output)"},
		{"build", "shim", map[string]string{".": "ELF"}, "after(cargo build --locked).file(path: /target/release/shim).export(path: WORK/export-RANDOM/output)"},
	} {
		to := filepath.Join(t.TempDir(), "out")
		if err := r.Export(t.Context(), tt.step, tt.output, to); err != nil {
			t.Errorf("%s/%s: %v", tt.step, tt.output, err)
			continue
		}
		if got := files(t, to); !maps.Equal(got, tt.want) {
			t.Errorf("%s/%s is %q, want %q", tt.step, tt.output, got, tt.want)
		}
		if got := masked(r, e.asked[len(e.asked)-1].String()); got != tt.export {
			t.Errorf("%s/%s: the engine was asked for\n%s\nwant\n%s", tt.step, tt.output, got, tt.export)
		}
	}
	noExport(t, r)
}

// noExport checks that no export has left anything behind.
func noExport(t *testing.T, r *Runner) {
	t.Helper()
	if left, err := filepath.Glob(filepath.Join(r.opts.Work, "export-*")); err != nil || len(left) > 0 {
		t.Errorf("exports left %q (%v)", left, err)
	}
}

// TestExportRefused checks that nothing is at the destination when an output cannot be exported.
func TestExportRefused(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("token"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, step, output string
		ran                command
		want               string
		exported           bool
	}{
		{"a step that has not run", "test", "target", command{}, `taking output "target" of step "test": `, false},
		{"an output that the step does not have", "build", "other", command{}, `taking output "other" of step "build": `, false},
		{"a file that is gone", "build", "shim", command{}, `exporting output "shim" of step "build": `, false},
		{"a file that is a link", "build", "shim", command{files: map[string]string{"/target/release/shim": "-> " + outside}}, "has replaced the output", true},
		{"a directory with a link", "build", "target", command{files: map[string]string{"/target/a": "x", "/target/b": "-> " + outside}}, `"/target/b"`, true},
		{"a file that is too large", "build", "shim", command{files: map[string]string{"/target/release/shim": "x"}, size: int(beneath.ReleaseLimits().File) + 1}, "has 2147483649 bytes", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, e := newRunner(t, Options{Trees: trees})
			run(t, r, e, fetch, build)
			e.commands["cargo build --locked"] = tt.ran
			to := filepath.Join(t.TempDir(), "out")
			err := r.Export(t.Context(), tt.step, tt.output, to)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error is %v, want %s", err, tt.want)
			}
			if _, err := os.Lstat(to); !os.IsNotExist(err) {
				t.Errorf("there is something at the destination: %v", err)
			}
			last := e.asked[len(e.asked)-1]
			if exported := last[len(last)-1].name == "export"; exported != tt.exported {
				t.Errorf("the engine was asked last for %v", last)
			}
			noExport(t, r)
		})
	}
}

// TestExportLinks checks that links of a root filesystem are exported as they are.
func TestExportLinks(t *testing.T) {
	r, e := newRunner(t, Options{})
	s := step.Step{
		Name: "root", Image: step.Image{Ref: rust}, Args: []string{"unpack"}, Dir: "/", Mounts: []step.Mount{{Path: "/out"}},
		Outputs: []step.Output{{Name: "image", Path: "/out/root", Dir: true, Links: true}},
	}
	e.commands["unpack"] = command{files: map[string]string{"/out/root/bin": "-> usr/bin", "/out/root/usr/bin/sh": "sh"}}
	run(t, r, e, s)
	to := filepath.Join(t.TempDir(), "out")
	if err := r.Export(t.Context(), "root", "image", to); err != nil {
		t.Fatal(err)
	}
	if target, err := os.Readlink(filepath.Join(to, "bin")); err != nil || target != "usr/bin" {
		t.Errorf("bin leads to %q (%v)", target, err)
	}
}
