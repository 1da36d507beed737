package cargo

import (
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
)

// TestPackagedTargets checks that targets whose files a package does not have are findings, and
// that those which stop a registry are what cargo refuses or, of libraries and binaries, what it
// leaves out because it is elsewhere.
func TestPackagedTargets(t *testing.T) {
	for name, tt := range map[string]struct {
		manifest string
		want     string // what the only finding says, "" for none
		stops    bool
		refused  bool // by cargo
	}{
		"a build script outside":      {"build = \"../out.rs\"", "\"../out.rs\" of the build script is outside", true, true},
		"a library outside":           {"autobins = false\n[lib]\npath = \"../out.rs\"", "\"../out.rs\" of the library is outside", true, true},
		"a library outside, a binary": {"[lib]\npath = \"../out.rs\"", "\"../out.rs\" of the library is outside", true, false},
		"a binary outside":            {"[[bin]]\nname = \"b\"\npath = \"../out.rs\"", "binary b is outside", true, false},
		"a test outside":              {"[[test]]\nname = \"t\"\npath = \"../out.rs\"", "a target's file \"../out.rs\" is outside", false, false},
		"one through a link":          {"[lib]\npath = \"linked/l.rs\"", "", false, false},
		"a library that is left out":  {"exclude = [\"src/lib.rs\"]", "\"src/lib.rs\" of the library is not in the package", false, false},
		"a build script left out":     {"build = \"b.rs\"\ninclude = [\"src\"]", "\"b.rs\" of the build script is not in the package", false, false},
		"all that is left out":        {"autobins = false\ninclude = [\"b.rs\"]", "none of the crate's targets", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			w := tracked(t, dir, map[string]string{
				"Cargo.toml": "[workspace]\nresolver = \"2\"\nmembers = [\"a\"]\n", "Cargo.lock": locked([]string{"a"}), "out.rs": "fn main() {}", "shared/l.rs": "//",
				"a/Cargo.toml": pkg("a", published, tt.manifest), "a/src/lib.rs": "//", "a/src/main.rs": "fn main() {}", "a/b.rs": "fn main() {}", "a/linked": "-> ../shared",
			})
			a := crate(t, w, "a")
			list := w.Findings(a, true)
			text := strings.Join(list.Lines(), "\n")
			if stops := len(list.Stopping(finding.Registry)) > 0; stops != tt.stops || stops != (w.Unpackageable(a) != "") || !strings.Contains(text, tt.want) || tt.want == "" && text != "" {
				t.Errorf("it finds\n%s\nand is unpackageable: %q", text, w.Unpackageable(a))
			}
			if list := w.Findings(a, false); len(list) > 0 {
				t.Errorf("without a registry it finds %q", list.Lines())
			}
			if _, err := runCargo(t, filepath.Join(dir, "a"), "package", "--no-verify", "--offline"); (err != nil) != tt.refused {
				t.Errorf("cargo package: %v", err)
			}
		})
	}
}
