package release

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/triple"
)

func TestDryRun(t *testing.T) {
	rel, r := newRelease(t)
	s, err := rel.DryRun(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"SHA256SUMS"}
	for _, arch := range []string{"aarch64", "x86_64"} {
		for _, ending := range []string{".cdx.json", ".cdx.sigstore.json", ".spdx.json", ".spdx.sigstore.json", ".tar.gz"} {
			want = append(want, "app-"+arch+"-linux-musl"+ending)
		}
	}
	want = append(want, "app.provenance.sigstore.json")
	if got := left(t, rel.Out); !slices.Equal(got, want) {
		t.Errorf("wrote %q, want %q", got, want)
	}
	sums, err := os.ReadFile(filepath.Join(rel.Out, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range s.Crates[0].Artifacts {
		raw, err := os.ReadFile(filepath.Join(rel.Out, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(raw)
		if hash := hex.EncodeToString(sum[:]); hash != f.SHA256 || int64(len(raw)) != f.Size || strings.HasSuffix(f.Name, ".tar.gz") != strings.Contains(string(sums), hash+"  "+f.Name+"\n") {
			t.Errorf("%s: %d bytes of digest %s, the summary says %+v, SHA256SUMS\n%s", f.Name, len(raw), hash, f, sums)
		}
	}
	if !s.DryRun || s.Rust != "1.96.0" || s.Runner != "fake" || len(s.Crates) != 1 || len(s.Crates[0].Tests) != 2 || s.Crates[0].Tests[0].Passed != 3 {
		t.Errorf("summary %+v", s)
	}
	if len(r.ran) != len(rel.Plan.Crates[0].Steps) {
		t.Errorf("ran %q", r.ran)
	}
	again, _ := newRelease(t)
	second, err := again.DryRun(t.Context())
	if err != nil || second.Crates[0].Artifacts[0].SHA256 != s.Crates[0].Artifacts[0].SHA256 {
		t.Errorf("the same release again has other bytes: %v", err)
	}
}

// TestStops checks that a release reports all findings of the workspace and ends, and that a
// dry run reports them and continues, or ends if nothing could be built.
func TestStops(t *testing.T) {
	found := func(stops finding.Stops) finding.List {
		return finding.List{{Stops: stops, File: "Cargo.toml", Line: 3, What: "one thing", Do: "mend it"}, {Stops: stops, What: "another"}}
	}
	for _, stops := range []finding.Stops{finding.Nothing, finding.Registry, finding.Release, finding.Everything} {
		rel, _ := newRelease(t)
		rel.Plan.Findings = found(stops)
		s, err := rel.DryRun(t.Context())
		if stops == finding.Everything {
			says(t, err, "Cargo.toml:3: one thing: mend it", "another")
		} else if err != nil || !strings.Contains(s.Text(""), "Cargo.toml:3: one thing: mend it") || !strings.Contains(s.Markdown(), "another") {
			t.Errorf("a dry run that %s stops: %v", stops, err)
		}
		rel, r := newRelease(t)
		rel.Plan.Findings = found(stops)
		if _, err = rel.Dist(t.Context()); strings.Contains(fmt.Sprint(err), "one thing") != (stops != finding.Nothing) || len(r.ran) > 0 {
			t.Errorf("a release that %s stops: %v, ran %q", stops, err, r.ran)
		}
	}
}

// TestOtherChannel checks that a dry run builds with the compiler of the image and reports that
// it is not the one asked for, and that a release ends there.
func TestOtherChannel(t *testing.T) {
	for stdout, want := range map[string]string{
		"release: 1.95.0\n":         `it asks for channel "1.96.0", but toolchain "rust:1.96.0" has Rust 1.95.0`,
		"release: 1.96.0-nightly\n": "has Rust 1.96.0-nightly",
	} {
		rel, r := newRelease(t)
		r.stdout[plan.StepToolchain] = stdout
		s, err := rel.DryRun(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		says(t, s.Findings.Check("finding", finding.Release), want, "pass --toolchain")
		if text := s.Text(""); !strings.Contains(text, want) {
			t.Errorf("the summary does not say %q:\n%s", want, text)
		}
		rel, r = newRelease(t)
		r.stdout[plan.StepToolchain] = stdout
		_, err = rel.make(t.Context(), true)
		says(t, err, want)
		if len(r.ran) > 2 {
			t.Errorf("ran %q", r.ran)
		}
	}
}

// TestEarlyChecks checks that the output of the toolchain and metadata steps can end a release
// before anything is compiled, with a helpful error.
func TestEarlyChecks(t *testing.T) {
	tests := []struct {
		name, step, stdout string
		want               []string
	}{
		{"no answer", plan.StepToolchain, "rustc 1.96.0\n", []string{"reading `rustc --version --verbose`", "rustc 1.96.0"}},
		{"another version", plan.StepMetadata, strings.Replace(metadata, "1.2.3", "1.2.4", 1), []string{"only cargo says: crate app is 1.2.4 in ."}},
		{"binary that we do not see", plan.StepMetadata, strings.Replace(metadata, `"targets": [`, `"targets": [{"name": "hidden", "kind": ["bin"]}, `, 1), []string{"only cargo says: crate app has binary hidden"}},
		{"no JSON", plan.StepMetadata, "error", []string{"reading the output of `cargo metadata`"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rel, r := newRelease(t)
			r.stdout[tt.step] = tt.stdout
			_, err := rel.DryRun(t.Context())
			says(t, err, tt.want...)
			if err := rel.Build(t.Context()); err == nil {
				t.Error("Build goes on")
			}
			if _, err := rel.Test(t.Context()); err == nil {
				t.Error("Test goes on")
			}
			for _, name := range r.ran {
				if name != plan.StepToolchain && name != plan.StepMetadata {
					t.Errorf("%q ran", name)
				}
			}
			if got := left(t, rel.Out); got != nil {
				t.Errorf("wrote %q", got)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	exit := func(name string) error {
		return &step.ExitError{Step: name, Code: 101, Tail: "test tests::fails ... FAILED"}
	}
	for _, name := range []string{plan.StepTest(triple.AArch64), plan.StepBuild(triple.X8664), plan.StepToolchain} {
		t.Run(name, func(t *testing.T) {
			rel, r := newRelease(t)
			r.fail[name] = exit(name)
			_, err := rel.DryRun(t.Context())
			says(t, err, "exited with status 101", "FAILED", "nothing was changed outside this machine")
			var e *step.ExitError
			if !errors.As(err, &e) || e.Step != name {
				t.Errorf("error %v is none of step %q", err, name)
			}
			if got := left(t, rel.Out); got != nil {
				t.Errorf("wrote %q", got)
			}
		})
	}
	rel, r := newRelease(t)
	r.fail[plan.StepTest(triple.AArch64)] = exit("x")
	_, err := rel.DryRun(t.Context())
	says(t, err, `tests of crate "app" failed on aarch64-unknown-linux-musl: their output is above`)
}

// TestPackNothing checks that no artifact is written unless all can be made.
func TestPackNothing(t *testing.T) {
	other := plan.StepBuild(triple.AArch64) + "/" + plan.OutputBinary("app")
	tests := []struct {
		name   string
		change func(*runner)
		want   string
	}{
		{"missing binary", func(r *runner) { delete(r.files, other) }, "it is not there"},
		{"empty binary", func(r *runner) { r.files[other] = nil }, `checking binary "app" for aarch64-unknown-linux-musl`},
		{"a script", func(r *runner) { r.files[other] = []byte("#!/bin/sh\n") }, `checking binary "app" for aarch64-unknown-linux-musl`},
		{"the other target's", func(r *runner) { r.files[other] = r.files[plan.StepBuild(triple.X8664)+"/"+plan.OutputBinary("app")] }, `checking binary "app": it is for EM_X86_64, expected EM_AARCH64`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rel, r := newRelease(t)
			tt.change(r)
			_, err := rel.DryRun(t.Context())
			says(t, err, tt.want)
			if got := left(t, rel.Out); len(got) > 0 {
				t.Errorf("wrote %q", got)
			}
		})
	}
}

// TestPackReplaces checks that only files with an artifact's name are replaced in the output
// directory.
func TestPackReplaces(t *testing.T) {
	rel, _ := newRelease(t)
	if err := errors.Join(os.MkdirAll(rel.Out, 0o755), os.WriteFile(filepath.Join(rel.Out, "SHA256SUMS"), []byte("old"), 0o644), os.WriteFile(filepath.Join(rel.Out, "mine"), []byte("kept"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := rel.DryRun(t.Context()); err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(rel.Out, "SHA256SUMS"))
	if err != nil || strings.Contains(string(sums), "old") {
		t.Errorf("SHA256SUMS is %q, %v", sums, err)
	}
	if mine, err := os.ReadFile(filepath.Join(rel.Out, "mine")); err != nil || string(mine) != "kept" {
		t.Errorf("another file is %q, %v", mine, err)
	}
}

func TestBuildAndTest(t *testing.T) {
	rel, r := newRelease(t)
	if err := rel.Build(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{triple.X8664, triple.AArch64} {
		raw, err := os.ReadFile(filepath.Join(rel.Out, target, "app"))
		if err != nil || string(raw) != string(r.files[plan.StepBuild(target)+"/"+plan.OutputBinary("app")]) {
			t.Errorf("%s: %v", target, err)
		}
	}
	if slices.ContainsFunc(r.ran, func(s string) bool { return strings.HasPrefix(s, "test ") }) {
		t.Errorf("Build ran %q", r.ran)
	}
	if err := rel.Build(t.Context()); err != nil {
		t.Errorf("Build again: %v", err)
	}
	rel, _ = newRelease(t)
	s, err := rel.Test(t.Context())
	if err != nil || len(s.Crates[0].Tests) != 2 || s.Crates[0].Tests[1].Target != triple.AArch64 || s.Crates[0].Tests[1].Passed != 3 {
		t.Errorf("Test = %+v, %v", s, err)
	}
	if got := left(t, rel.Out); got != nil {
		t.Errorf("Test wrote %q", got)
	}
}
