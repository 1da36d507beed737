package conformance

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
)

// Slow returns a workspace whose build script sleeps for the given time, under a name that
// no other process on the machine has.
func Slow(t testing.TB, seconds int) kit.Release {
	t.Helper()
	name := "slow-" + strings.ToLower(rand.Text())
	dir := filepath.Join(t.TempDir(), name)
	kit.Write(t, fmt.Sprintf("[package]\nname = %q\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n", name), dir, "Cargo.toml")
	kit.Write(t, fmt.Sprintf("version = 4\n\n[[package]]\nname = %q\nversion = \"0.1.0\"\n", name), dir, "Cargo.lock")
	kit.Write(t, "# Changelog\n\n## [0.1.0] - 2026-01-01\n\n- A slow build.\n", dir, "CHANGELOG.md")
	kit.Write(t, "fn main() {\n    println!(\"slow\");\n}\n", dir, "src", "main.rs")
	kit.Write(t, fmt.Sprintf("fn main() {\n    std::thread::sleep(std::time::Duration::from_secs(%d));\n}\n", seconds), dir, "build.rs")
	return kit.Release{Source: dir, Crate: name, Version: "0.1.0", Out: filepath.Join(t.TempDir(), "out")}
}
