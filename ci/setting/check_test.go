package setting

import (
	"fmt"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

func TestCheck(t *testing.T) {
	tests := []struct {
		name  string
		table Table
		text  string
		want  []string // "path: What" of each problem
	}{
		{"all of a package", Package, "commit = true\ncommit-env = [\"A\"]\nfeatures = [\"a\"]\ntest = []\nregistry = false\nbinaries = []\nchangelog = \"x\"\n[target.x86_64-unknown-linux-musl]\ntest = [\"--lib\"]\nfeatures = []", nil},
		{"all of a workspace", Workspace, "toolchain = \"x\"\nrelease-branch = \"x\"\nmain = \"x\"\nowners = \"x\"\nchangelog = \"x\"\n[images.a]\nkind = \"image\"\ncrate = \"a\"\nbinary = \"a\"\nfile = \"a\"\ntargets = [\"t\"]\nentrypoint = \"a\"", nil},
		{"nothing", Package, "", nil},
		{"a letter missing", Package, "feature = [\"a\"]", []string{`feature: "feature" is not a setting of [package.metadata.slipway]: did you mean "features"?`}},
		{"two letters swapped", Package, "regsitry = false", []string{`did you mean "registry"?`}},
		{"another case", Package, "Features = [\"a\"]", []string{`did you mean "features"?`}},
		{"an underscore", Workspace, "release_branch = \"x\"", []string{`did you mean "release-branch"?`}},
		{"another table's", Workspace, "features = [\"a\"]", []string{`"features" is not a setting of [workspace.metadata.slipway]: it is one of [package.metadata.slipway]`}},
		{"near nothing", Package, "sign-with = 1", []string{`"sign-with" is not a setting of [package.metadata.slipway]: it has binaries, changelog, commit, commit-env, features, large-crate, registry, target, test`}},
		{"a long one", Package, strings.Repeat("k", 5000) + " = 1", []string{`(5000 bytes) is not a setting`}},
		{"a dotted key", Package, "registry.name = \"x\"", []string{"registry: `registry` is a table, expected true or false"}},
		{"a key of an image", Workspace, "[images.demo]\nknd = \"image\"", []string{`images.demo.knd: "knd" is not a setting of [workspace.metadata.slipway.images.demo]: did you mean "kind"?`}},
		{"a nested key of an image", Workspace, "images.demo.crate.name = \"x\"", []string{"images.demo.crate: `images.demo.crate` is a table, expected a string"}},
		{"an image that is no table", Workspace, "images.demo = \"x\"", []string{"images.demo: `images.demo` is a string, expected a table"}},
		{"a name to quote", Workspace, "[images.\"a b\"]\nx = 1", []string{`is not a setting of [workspace.metadata.slipway.images."a b"]`}},
		{"a target's key", Package, "[target.x86_64-unknown-linux-musl]\ntests = []", []string{`did you mean "test"?`}},
		{"a target that is none", Package, "[target.x86_64-unknown-linux-gnu]\ntest = []", []string{`"x86_64-unknown-linux-gnu" is not a setting of [package.metadata.slipway.target]: did you mean "x86_64-unknown-linux-musl"?`}},
		{"a string for a list", Package, "features = \"a\"", []string{"features: `features` is a string, expected a list of strings, like [\"cli\", \"tls\"]"}},
		{"a list of numbers", Package, "test = [1]", []string{"`test` is a list with other values than strings, expected a list of strings"}},
		{"a string for a flag", Package, "registry = \"false\"", []string{"`registry` is a string, expected true or false"}},
		{"a number for a string", Workspace, "main = 1", []string{"`main` is a number, expected a string"}},
		{"a date", Workspace, "main = 2026-01-01", []string{"`main` is a date or time, expected a string"}},
		{"an array of tables", Package, "[[binaries]]\nname = \"a\"", []string{"`binaries` is an array of tables, expected a list of strings"}},
		{"several", Package, "bin = []\nregistry = 1\ntest = true", []string{"bin: ", "registry: ", "test: "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var table map[string]any
			if _, err := toml.Decode(tt.text, &table); err != nil {
				t.Fatal(err)
			}
			got := Check(tt.table, table)
			if len(got) != len(tt.want) {
				t.Fatalf("got %+v, want %q", got, tt.want)
			}
			for i, p := range got {
				if text := strings.Join(p.Path, ".") + ": " + p.What; !strings.Contains(text, tt.want[i]) {
					t.Errorf("got %q, want %q", text, tt.want[i])
				}
			}
		})
	}
}

func TestCheckNoTable(t *testing.T) {
	got := Check(Package, int64(1))
	if len(got) != 1 || len(got[0].Path) != 0 || got[0].What != "`package.metadata.slipway` is a number, expected a table" {
		t.Errorf("got %+v", got)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"binaries", "changelog", "features", "registry", "target", "test"}
	for key, want := range map[string]string{
		"feature": "features", "tset": "test", "binary": "binaries", "bin": "binaries", "feat": "features", "change-log": "changelog", "changelogs": "changelog", "targets": "target",
		"x": "", "publish": "", strings.Repeat("test", 30): "",
	} {
		if got := Nearest(key, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", key, got, want)
		}
	}
}

// TestDeclarations checks that every example is a valid value of its setting.
func TestDeclarations(t *testing.T) {
	for _, s := range All {
		key := strings.NewReplacer("<name>", "demo", "<target>", "x86_64-unknown-linux-musl").Replace(s.Key)
		var table map[string]any
		if _, err := toml.Decode(fmt.Sprintf("%s = %s", key, s.Example), &table); err != nil {
			t.Errorf("example of %s: %v", s.Key, err)
			continue
		}
		if got := Check(s.Table, table); len(got) > 0 {
			t.Errorf("example of %s: %+v", s.Key, got)
		}
		if s.Default == "" || !strings.HasSuffix(s.About, ".") {
			t.Errorf("%s has no default, or no sentence about it", s.Key)
		}
	}
}
