package cargo

import (
	"strings"
	"testing"
)

// TestSettingsRefused checks that all faults in a manifest's settings are reported together, by
// file and line, whichever member has them.
func TestSettingsRefused(t *testing.T) {
	root := "[workspace]\nmembers = [\"a\", \"b\"]\n"
	tests := []struct {
		name       string
		root, a, b string
		want       []string
	}{
		{"an unknown key", "", "[package.metadata.slipway]\nfeature = [\"x\"]\n", "", []string{"a/Cargo.toml:7: \"feature\" is not a setting of [package.metadata.slipway]: did you mean \"features\"?"}},
		{"an unknown key of the workspace", "[workspace.metadata.slipway]\nrelease-brunch = \"x\"\n", "", "", []string{": Cargo.toml:4:", "did you mean \"release-branch\"?"}},
		{"a dotted key", "", "metadata.slipway.tests = []\n", "", []string{"a/Cargo.toml:6:", "did you mean \"test\"?"}},
		{"an inline table", "", "metadata = { slipway = { binary = [] } }\n", "", []string{"a/Cargo.toml:6:", "did you mean \"binaries\"?"}},
		{"another member", "", "", "[package.metadata.slipway]\nregistry = \"no\"\n", []string{"b/Cargo.toml:7:", "`registry` is a string, expected true or false"}},
		{"a key of an image", "[workspace.metadata.slipway.images.x]\nkind = \"image\"\ncrates = \"a\"\n", "", "", []string{": Cargo.toml:5:", "\"crates\" is not a setting of [workspace.metadata.slipway.images.x]", "did you mean \"crate\"?"}},
		{"several", "", "[package.metadata.slipway]\nfeature = []\nregistry = 1\n[package.metadata.slipway.target.aarch64-unknown-linux-musl]\ntets = []\n", "", []string{"\n  a/Cargo.toml:7: ", "\n  a/Cargo.toml:8: ", "\n  a/Cargo.toml:10: "}},
		{"another case of the table", "", "[package.metadata.Slipway]\nregistry = false\n", "", []string{"a/Cargo.toml:6:", "[package.metadata.Slipway] is not read: did you mean [package.metadata.slipway]?"}},
		{"a letter too many in the table", "", "", "[package.metadata.slipways]\nregistry = false\n", []string{"b/Cargo.toml:6:", "did you mean [package.metadata.slipway]?"}},
		{"two letters of the table swapped", "", "metadata.silpway.registry = false\n", "", []string{"a/Cargo.toml:6:", "did you mean [package.metadata.slipway]?"}},
		{"a letter missing in the workspace's", "[workspace.metadata.slpway]\nmain = \"x\"\n", "", "", []string{": Cargo.toml:3:", "[workspace.metadata.slpway] is not read: did you mean [workspace.metadata.slipway]?"}},
		{"another case of the workspace's, beside it", "[workspace.metadata.slipway]\nmain = \"a\"\n[workspace.metadata.SLIPWAY]\nmain = \"x\"\n", "", "", []string{": Cargo.toml:5:", "[workspace.metadata.SLIPWAY] is not read"}},
		{"no table", "", "metadata.slipway = true\n", "", []string{"a/Cargo.toml:6:", "`package.metadata.slipway` is true, expected a table"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := faults(files(map[string]string{
				"Cargo.toml": root + tt.root, "a/Cargo.toml": pkg("a") + tt.a, "b/Cargo.toml": pkg("b") + tt.b, "a/src/lib.rs": "", "b/src/lib.rs": "",
			}))
			wantError(t, err, tt.want...)
			if err != nil && strings.Contains(err.Error(), "expected the root") {
				t.Errorf("error %q speaks of the root", err)
			}
		})
	}
}

// TestSettingsOfOthers checks that other tools' metadata next to slipway's settings is ignored.
func TestSettingsOfOthers(t *testing.T) {
	for _, metadata := range []string{"metadata = 1\n", "metadata = []\n", "[package.metadata.shipway-tool]\nx = 1\n", "[package.metadata.slip]\nx = 1\n", "[package.metadata.docs.rs]\nall-features = true\n", "[package.metadata.slipstream]\nx = 1\n"} {
		w := read(t, map[string]string{"Cargo.toml": pkg("a") + metadata, "src/lib.rs": ""})
		if s := crate(t, w, "a").Settings; s.Features != nil || s.Registry != nil {
			t.Errorf("%q gives settings %+v", metadata, s)
		}
	}
}

func TestSettingsOfTargets(t *testing.T) {
	w := read(t, map[string]string{"Cargo.toml": pkg("a") + "[package.metadata.slipway]\nchangelog = \"NEWS.md\"\n[package.metadata.slipway.target.x86_64-unknown-linux-musl]\ntest = [\"--lib\"]\nfeatures = []\n[workspace.metadata.slipway]\nchangelog = \"CHANGES.md\"\n", "src/lib.rs": ""})
	s := crate(t, w, "a").Settings
	x := s.Target["x86_64-unknown-linux-musl"]
	if len(x.Test) != 1 || x.Test[0] != "--lib" || x.Features == nil || s.Changelog != "NEWS.md" || w.Settings.Changelog != "CHANGES.md" {
		t.Errorf("settings %+v and %+v", s, w.Settings)
	}
}
