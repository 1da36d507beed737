package cargo

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
)

// TestUnnamedFiles checks what a file whose name is not UTF-8 stops, with cargo as the judge of
// whether the crate can be packaged.
func TestUnnamedFiles(t *testing.T) {
	for name, tt := range map[string]struct {
		lines, odd string
		stops      finding.Stops // "" for no finding
	}{
		"in the package":            {published, "a/tests/b\xe4r.txt", finding.Registry},
		"excluded":                  {published + "\nexclude = [\"tests\"]", "a/tests/b\xe4r.txt", finding.Nothing},
		"not published":             {"publish = false", "a/tests/b\xe4r.txt", finding.Nothing},
		"of another member":         {published, "b/b\xe4r.txt", ""},
		"of a member that it needs": {published + "\n[dependencies]\nc = { path = \"../c\", version = \"1\" }", "c/b\xe4r", finding.Registry},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFiles(t, dir, map[string]string{
				"Cargo.toml": "[workspace]\nmembers = [\"a\", \"b\", \"c\"]\nresolver = \"2\"\n", tt.odd: "x",
				"a/Cargo.toml": pkg("a", tt.lines), "b/Cargo.toml": pkg("b", published), "c/Cargo.toml": pkg("c", published),
				"a/src/lib.rs": "//\n", "b/src/lib.rs": "//\n", "c/src/lib.rs": "//\n",
			})
			w := readDir(t, dir)
			w.Unnamed = []string{tt.odd}
			var found finding.List
			for _, f := range w.Findings(crate(t, w, "a"), true) {
				if strings.Contains(f.What, "not UTF-8") {
					found = append(found, f)
				}
			}
			switch {
			case tt.stops == "" && len(found) > 0, tt.stops != "" && (len(found) != 1 || found[0].Stops != tt.stops || !strings.Contains(found[0].File, `b\xe4r`)):
				t.Errorf("the findings are %v, expected one that stops %q", found, tt.stops)
			}
			if strings.Contains(tt.lines, "publish = false") {
				return
			}
			if err := cargoPackage(t, dir, "a", "c"); (err != nil) != (tt.stops == finding.Registry) {
				t.Errorf("cargo package says %v", err)
			}
		})
	}
}

// cargoPackage packages crates with the machine's cargo, and skips the test without one.
func cargoPackage(t *testing.T, dir string, crates ...string) error {
	t.Helper()
	args := []string{"package", "--offline", "--no-verify", "--allow-dirty"}
	for _, c := range crates {
		args = append(args, "--package", c)
	}
	cmd := exec.Command("cargo", args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CARGO_TARGET_DIR="+filepath.Join(t.TempDir(), "target"))
	if _, err := exec.LookPath("cargo"); err != nil {
		t.Skipf("SKIPPED: cargo: %v", err)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Logf("cargo: %s", out)
	}
	return err
}
