package cargo

import (
	"strings"
	"testing"
)

// TestConfigIncludes checks that the keys of included files count like one's own, with cargo's
// precedence, and that what is refused there is found there.
func TestConfigIncludes(t *testing.T) {
	w := read(t, map[string]string{
		"Cargo.toml":            pkg("a"),
		".cargo/config.toml":    "include = [\"../ci/one.toml\", { path = \"two.toml\" }, { path = \"local.toml\", optional = true }]\n[env]\nOWN = \"own\"\n[build]\nrustflags = [\"own\"]\nrustc-wrapper = \"\"\n",
		"ci/one.toml":           "include = \"nested/three.toml\"\n[env]\nOWN = \"one\"\nBOTH = \"one\"\nFILE = { value = \"f\", relative = true }\n[build]\nrustflags = [\"one\"]\n",
		".cargo/two.toml":       "[env]\nBOTH = \"two\"\n[build]\nrustflags = [\"two\"]\nrustc-wrapper = \"x\"\n",
		"ci/nested/three.toml":  "[env]\nTHREE = \"three\"\n",
		".cargo/unrelated.toml": "[env]\nOWN = \"unrelated\"\n",
	})
	for _, want := range []string{`OWN = "own"`, `BOTH = "two"`, `THREE = "three"`, `rustflags = ["one", "two", "own"]`, `value = "f"`} {
		if !strings.Contains(w.Config.Text, want) {
			t.Errorf("the configuration lacks %s:\n%s", want, w.Config.Text)
		}
	}
	if len(w.Config.refused) != 1 || w.Config.refused[0].File != ".cargo/two.toml" || w.Config.refused[0].Line != 5 {
		t.Errorf("refused is %+v", w.Config.refused)
	}
}
