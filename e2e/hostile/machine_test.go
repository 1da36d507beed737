package hostile

import (
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
)

// TestHostileMachineImage checks that no name which a workspace gives its toolchain makes a step run in
// this machine's own files, as the one that makes slipway's own image does.
func TestHostileMachineImage(t *testing.T) {
	const canary = "canary-in-the-machines-files"
	home := t.TempDir()
	kit.Write(t, canary, home, "secret")
	for name, want := range map[string]string{
		"host": "opening image", "machine": "opening image", "localhost/host": "opening image", "scratch": "opening image",
		"/": "expected a registry reference", "..": "expected a registry reference", "file:///": "opening image",
	} {
		t.Run(name, func(t *testing.T) {
			source := kit.Example(t)
			kit.Write(t, kit.Read(t, source, "Cargo.toml")+"\n[workspace.metadata.slipway]\ntoolchain = \""+name+"\"\n", source, "Cargo.toml")
			kit.Write(t, "fn main() { println!(\"cargo:warning={}\", std::fs::read_to_string(\""+home+"/secret\").unwrap()); }\n", source, "crates", "shim-demo", "build.rs")
			c := kit.Command{
				Args: []string{kit.Slipway, "release-crate", "--source", source, "--crate", "shim-demo", "--version", "0.1.0", "--dry-run", "--runner", "local", "--cache", t.TempDir(), "--out", t.TempDir()},
				Env:  []string{"HOME=" + home, "HTTPS_PROXY=http://127.0.0.1:9", "NO_PROXY="},
			}
			got := c.Run(t)
			if got.WantCode(t, 1).WantError(t, want); strings.Contains(got.Stdout+got.Stderr, canary) {
				t.Errorf("it shows a file of the machine:\n%s", got.Stderr)
			}
		})
	}
}
