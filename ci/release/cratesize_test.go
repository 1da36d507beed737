package release

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/cratesio"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
)

// newLibrary returns a release of a library that is published to a registry, with a package of
// size bytes.
func newLibrary(t *testing.T, lines string, size int) (*Release, *runner) {
	t.Helper()
	_, r := newRelease(t)
	w, err := cargo.Read(fstest.MapFS{
		"Cargo.toml":         {Data: []byte("[package]\nname = \"lib\"\nversion = \"1.2.3\"\nedition = \"2024\"\ndescription = \"x\"\nlicense = \"MIT\"\n" + lines)},
		"Cargo.lock":         {Data: []byte("version = 4\n\n[[package]]\nname = \"lib\"\nversion = \"1.2.3\"\n")},
		"src/lib.rs":         {Data: nil},
		".cargo/config.toml": {Data: []byte("[registries.corp]\nindex = \"sparse+https://x.invalid/\"\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	source := plan.Source{Commit: strings.Repeat("0a", 20), ReleaseBranch: "main", OnReleaseBranch: true}
	p, err := plan.New(w, plan.Request{Crates: []string{"lib@1.2.3"}, Toolchain: "rust:1.96.0", Source: source})
	if err != nil {
		t.Fatal(err)
	}
	published := "null"
	if strings.Contains(lines, "corp") {
		published = `["corp"]`
	}
	r.stdout[plan.StepMetadata] = fmt.Sprintf(`{"workspace_root": "/src", "packages": [{"name": "lib", "version": "1.2.3", "manifest_path": "/src/Cargo.toml", "publish": %s, "targets": [{"name": "lib", "kind": ["lib"]}], "dependencies": []}]}`, published)
	r.files[plan.StepPackage+"/"+plan.OutputCrate] = make([]byte, size)
	return &Release{Workspace: w, Plan: p, Runners: []step.Runner{r}, Out: filepath.Join(t.TempDir(), "dist")}, r
}

// TestCrateSize checks that a package too large for crates.io ends a release before anything is
// signed or written, that a dry run reports it, and that other registries and crates with a
// raised limit are exempt.
func TestCrateSize(t *testing.T) {
	const most, corp, raised = cratesio.MaxCrateFile, "publish = [\"corp\"]\n", "[package.metadata.slipway]\nlarge-crate = true\n"
	for name, tt := range map[string]struct {
		lines string
		size  int
		want  string
	}{
		"as large as can be": {"", most, ""},
		"a byte more":        {"", most + 1, "lib-1.2.3.crate has 10485761 bytes, crates.io allows 10485760: keep files out of the package with `package.exclude`"},
		"much more":          {"", 5 * most, "lib-1.2.3.crate has 52428800 bytes"},
		"another registry":   {corp, most + 1, ""},
		"a raised limit":     {raised, most + 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			rel, _ := newLibrary(t, tt.lines, tt.size)
			s, err := rel.DryRun(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			stops := s.Findings.Check("checking", finding.Registry)
			if (stops != nil) != (tt.want != "") || tt.want != "" && (!strings.Contains(stops.Error(), tt.want) || !strings.Contains(s.Text(""), tt.want)) {
				t.Errorf("a dry run finds %v", stops)
			}
			rel, _ = newLibrary(t, tt.lines, tt.size)
			_, err = rel.Dist(t.Context())
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			says(t, err, tt.want, "large-crate = true")
			if _, err := os.Stat(rel.Out); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("it has written %q", left(t, rel.Out))
			}
		})
	}
}
