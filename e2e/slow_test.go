package e2e

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// slow returns a workspace whose build script sleeps for the given time, under a name that
// no other process on the machine has.
func slow(t testing.TB, seconds int) release {
	t.Helper()
	name := "slow-" + strings.ToLower(rand.Text())
	dir := filepath.Join(t.TempDir(), name)
	write(t, fmt.Sprintf("[package]\nname = %q\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n", name), dir, "Cargo.toml")
	write(t, fmt.Sprintf("version = 4\n\n[[package]]\nname = %q\nversion = \"0.1.0\"\n", name), dir, "Cargo.lock")
	write(t, "# Changelog\n\n## [0.1.0] - 2026-01-01\n\n- A slow build.\n", dir, "CHANGELOG.md")
	write(t, "fn main() {\n    println!(\"slow\");\n}\n", dir, "src", "main.rs")
	write(t, fmt.Sprintf("fn main() {\n    std::thread::sleep(std::time::Duration::from_secs(%d));\n}\n", seconds), dir, "build.rs")
	return release{source: dir, crate: name, version: "0.1.0", out: filepath.Join(t.TempDir(), "out")}
}
