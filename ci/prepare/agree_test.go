package prepare

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"dagger/slipway/ci/change"
)

// TestCargoAgrees writes each prepared workspace and checks with cargo that it would not change
// the lock file, and that it accepts every requirement.
func TestCargoAgrees(t *testing.T) {
	for _, tt := range prepared {
		for _, end := range []string{"\n", "\r\n"} {
			t.Run(tt.name+" "+map[string]string{"\n": "LF", "\r\n": "CRLF"}[end], func(t *testing.T) {
				files := filesOf(t, tt.name)
				for name, content := range files {
					files[name] = strings.ReplaceAll(content, "\n", end)
				}
				dir := lay(t, files)
				runCargo(t, dir, "metadata", "--locked") // otherwise the test proves nothing
				c := mustPrepare(t, files, tt.crate, tt.version)
				if err := c.Write(dir, ""); err != nil {
					t.Fatal(err)
				}
				if got := versionOf(t, runCargo(t, dir, "metadata", "--locked"), tt.crate); got != tt.version {
					t.Errorf("cargo reads version %q", got)
				}
				runCargo(t, dir, "metadata") // allowed to update the lock file, but must not need to
				i := slices.IndexFunc(c.Files, func(f change.File) bool { return f.Path == lockFile })
				if got := readFile(t, dir, lockFile); got != c.Files[i].New {
					t.Errorf("cargo wrote another lock file:\n%s", got)
				}
			})
		}
	}
}

// lay writes files to a new temporary directory.
func lay(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func readFile(t *testing.T, dir, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// versionOf returns a crate's version from the output of `cargo metadata`.
func versionOf(t *testing.T, metadata []byte, crate string) string {
	t.Helper()
	var m struct {
		Packages []struct{ Name, Version string }
	}
	if err := json.Unmarshal(metadata, &m); err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Packages {
		if p.Name == crate {
			return p.Version
		}
	}
	return ""
}

// runCargo runs cargo offline and returns its output. The test fails if cargo does, and is
// skipped if it is not installed.
func runCargo(t *testing.T, dir, command string, args ...string) []byte {
	t.Helper()
	out, err := tryCargo(t, dir, command, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// haveCargo returns nil if cargo is installed and supports edition 2024.
var haveCargo = sync.OnceValue(func() error {
	out, err := exec.Command("cargo", "--version").Output()
	if err != nil {
		return err
	}
	var minor int
	if _, err := fmt.Sscanf(string(out), "cargo 1.%d.", &minor); err != nil || minor < 85 {
		return fmt.Errorf("expected cargo 1.85 or newer, this is %q (%v)", strings.TrimSpace(string(out)), err)
	}
	return nil
})

func tryCargo(t *testing.T, dir, command string, args ...string) ([]byte, error) {
	t.Helper()
	if err := haveCargo(); err != nil {
		t.Skipf("SKIPPED: no cargo that runs, to agree with what was prepared: %v", err)
	}
	line := append([]string{command, "--offline"}, args...)
	if command == "metadata" {
		line = append(line, "--format-version=1")
	}
	cmd := exec.Command("cargo", line...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "RUSTC_WRAPPER=", "CARGO_HOME="+t.TempDir())
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("cargo %s: %w\n%s", strings.Join(line, " "), err, &stderr)
	}
	return out, err
}

// TestCargoRefusesHalf checks that cargo rejects every incomplete changeset, so that its
// verdict counts.
func TestCargoRefusesHalf(t *testing.T) {
	files := exampleText(t)
	c := mustPrepare(t, files, "shimkit", "0.4.0")
	for _, without := range []string{"Cargo.toml", lockFile, "crates/shimkit/Cargo.toml"} {
		half := *c
		half.Files = slices.DeleteFunc(slices.Clone(c.Files), func(f change.File) bool { return f.Path == without })
		dir := lay(t, files)
		if err := half.Write(dir, ""); err != nil || len(half.Files) != len(c.Files)-1 {
			t.Fatal(err)
		}
		if _, err := tryCargo(t, dir, "metadata", "--locked"); err == nil {
			t.Errorf("cargo takes the changes without %s", without)
		}
	}
}

// TestCargoAgreesOnNamesakes covers registry packages with the same name as the crate. A lock
// file then identifies packages by version, or by version and source, and which of the two may
// change with the version.
func TestCargoAgreesOnNamesakes(t *testing.T) {
	for _, tt := range []struct{ name, kit, namesake, to, registry string }{
		{"another version before and after", "1.0.0", "0.9.0", "1.1.0", "kit 0.9.0"},
		{"the same version before", "1.0.0", "1.0.0", "2.0.0", "kit 1.0.0"},
		{"the same version after", "1.0.0", "2.0.0", "2.0.0", "kit 2.0.0 (registry+https://github.com/rust-lang/crates.io-index)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := workspaceText(t, "namesakes")
			for name, content := range files {
				files[name] = strings.NewReplacer("KIT", tt.kit, "NAMESAKE", tt.namesake).Replace(content)
			}
			dir := lay(t, files)
			source := []string{"--config", `source.crates-io.replace-with="vendor"`, "--config", fmt.Sprintf("source.vendor.directory=%q", filepath.Join(dir, "vendor"))}
			runCargo(t, dir, "generate-lockfile", source...)
			files[lockFile] = readFile(t, dir, lockFile)
			c := mustPrepare(t, files, "kit", tt.to)
			if err := c.Write(dir, ""); err != nil {
				t.Fatal(err)
			}
			runCargo(t, dir, "metadata", append(source, "--locked")...)
			ours := readFile(t, dir, lockFile)
			runCargo(t, dir, "metadata", source...)
			if theirs := readFile(t, dir, lockFile); sorted(ours) != sorted(theirs) {
				t.Errorf("ours:\n%s\ncargo's:\n%s", ours, theirs)
			}
			if !strings.Contains(ours, "\n \""+tt.registry+"\",\n") || !strings.Contains(ours, "\n \"kit "+tt.to+"\",\n") {
				t.Errorf("expected the dependencies %q and %q:\n%s", tt.registry, "kit "+tt.to, ours)
			}
			if n := strings.Join(c.Notes, "\n"); !strings.Contains(n, `"Cargo.lock" has other packages of the name "kit", "`+tt.namesake+`"`) || !strings.Contains(n, `"user/Cargo.toml" line 11: "kit" comes from a registry here, not from the workspace; its requirement "`+tt.namesake+`" stays.`) {
				t.Errorf("notes: %s", n)
			}
		})
	}
}

// sorted sorts the lines of a lock file, because the order of packages is up to cargo.
func sorted(lock string) string {
	return strings.Join(slices.Sorted(strings.SplitSeq(lock, "\n")), "\n")
}
