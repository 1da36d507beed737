package cargo

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
)

// TestRegistryFindings checks that everything that crates.io would refuse is reported at once,
// with its line in the manifest.
func TestRegistryFindings(t *testing.T) {
	w := read(t, map[string]string{"Cargo.toml": pkg("a") + `description = "x"
keywords = ["one", "two", "three", "four", "five", "six",
  "a-keyword-of-26-characters"]
categories = ["NOT VALID"]
homepage = "not a url"
license = "The MIT Licence"
readme = "docs/README.md"

[dependencies]
any = "*"

[target.'cfg(unix)'.dev-dependencies.corp]
version = "1"
registry = "corp"
`, "src/lib.rs": ""})
	got := w.RegistryFindings(crate(t, w, "a")).Sorted()
	want := []struct {
		line int
		what string
	}{
		{7, "7 keywords"},
		{8, `keyword "a-keyword-of-26-characters" has 26 bytes`},
		{9, `category "NOT VALID"`},
		{10, "`homepage`"},
		{11, "`license` is \"The MIT Licence\""},
		{12, `there is no file "docs/README.md"`},
		{15, "allows any version"},
		{17, `registry "corp"`},
	}
	if len(got) != len(want) {
		t.Fatalf("got\n%s", strings.Join(got.Lines(), "\n"))
	}
	for i, f := range got {
		if f.Stops != finding.Registry || f.Crate != "a" || f.File != "Cargo.toml" || f.Line != want[i].line || !strings.Contains(f.What, want[i].what) {
			t.Errorf("finding %d is %+v, want %+v", i, f, want[i])
		}
	}
}

// TestRegistryFindingsInherited checks that inherited fields are reported where they are set.
func TestRegistryFindingsInherited(t *testing.T) {
	w := read(t, map[string]string{
		"Cargo.toml": `[workspace]
members = ["a"]
[workspace.package]
license-file = "LICENSE"
keywords = ["two words"]
repository = "git@example.org:a.git"
readme = "README.md"
[workspace.dependencies]
any = "*"
`,
		"README.md":    "x",
		"a/Cargo.toml": pkg("a") + "description = \"x\"\nlicense-file.workspace = true\nkeywords.workspace = true\nrepository = { workspace = true }\nreadme.workspace = true\n[dependencies]\nany.workspace = true\n",
		"a/src/lib.rs": "",
	})
	var got []string
	for _, f := range w.RegistryFindings(crate(t, w, "a")).Sorted() {
		got = append(got, fmt.Sprintf("%s:%d", f.File, f.Line))
	}
	if want := []string{"Cargo.toml:4", "Cargo.toml:5", "Cargo.toml:6", "Cargo.toml:9"}; !slices.Equal(got, want) {
		t.Errorf("findings at %q, want %q", got, want)
	}
}

// TestRegistryFindingsElsewhere checks that cargo's own rules apply to crates for other
// registries, and crates.io's rules do not.
func TestRegistryFindingsElsewhere(t *testing.T) {
	const bad = "keywords = [\"two words\"]\nlicense-file = \"LICENSE\"\n"
	config := map[string]string{".cargo/config.toml": "[registry]\ndefault = \"corp\"\n[registries.corp]\nindex = \"sparse+https://corp.example.org/\"\n"}
	tests := []struct {
		name, manifest string
		config         map[string]string
		want           []string
	}{
		{"crates.io", bad, nil, []string{"no description", "two words", "LICENSE"}},
		{"crates.io by name", bad + "publish = [\"crates-io\"]\n", config, []string{"no description", "two words", "LICENSE"}},
		{"nowhere", bad + "publish = false\n", nil, nil},
		{"GitHub alone", bad + "[package.metadata.slipway]\nregistry = false\n", nil, nil},
		{"another registry", bad + "publish = [\"corp\"]\n", nil, []string{"LICENSE"}},
		{"another default registry", bad, config, []string{"LICENSE"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			contents := map[string]string{"Cargo.toml": pkg("a") + tt.manifest, "src/lib.rs": ""}
			for name, text := range tt.config {
				contents[name] = text
			}
			w := read(t, contents)
			got := w.RegistryFindings(crate(t, w, "a")).Sorted()
			if len(got) != len(tt.want) {
				t.Fatalf("got %q, want %q", got.Lines(), tt.want)
			}
			for i, f := range got {
				if !strings.Contains(f.String(), tt.want[i]) {
					t.Errorf("got %q, want %q", f, tt.want[i])
				}
			}
		})
	}
}

// TestRegistryFindingsReadme checks which file is the readme, and its size limit on crates.io.
func TestRegistryFindingsReadme(t *testing.T) {
	large := strings.Repeat("x", 1<<20+1)
	tests := []struct{ name, manifest, file, want string }{
		{"one that cargo finds", "", "README.txt", "has 1048577 bytes"},
		{"one by name", "readme = \"docs/x.md\"\n", "docs/x.md", "has 1048577 bytes"},
		{"none", "readme = false\n", "README.md", ""},
		{"one that must be there", "readme = true\n", "README.txt", "there is no file \"README.md\""},
		{"a directory", "readme = \"docs\"\n", "docs/x.md", "there is no file \"docs\""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := read(t, map[string]string{"Cargo.toml": pkg("a", published) + tt.manifest, "src/lib.rs": "", tt.file: large})
			got := w.RegistryFindings(crate(t, w, "a"))
			if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || !strings.Contains(got[0].What, tt.want)) {
				t.Errorf("got %q, want %q", got.Lines(), tt.want)
			}
		})
	}
}

// TestRegistryFindingsPaths checks that a dependency that cargo omits when publishing is not
// checked.
func TestRegistryFindingsPaths(t *testing.T) {
	w := read(t, map[string]string{
		"Cargo.toml":   "[workspace]\nmembers = [\"a\", \"b\"]\n",
		"a/Cargo.toml": pkg("a", published) + "[dependencies]\ng = { git = \"https://example.org/g\", rev = \"1\" }\nc = { version = \"1\", registry = \"crates-io\" }\n[dev-dependencies]\nb = { path = \"../b\" }\n",
		"b/Cargo.toml": pkg("b", published), "a/src/lib.rs": "", "b/src/lib.rs": "",
	})
	if got := w.RegistryFindings(crate(t, w, "a")); len(got) > 0 {
		t.Errorf("got %q", got.Lines())
	}
}

// TestFieldsRefused checks that a field of a type that cargo refuses is a finding.
func TestFieldsRefused(t *testing.T) {
	for line, want := range map[string]string{
		"keywords = \"x\"":         `field "keywords" is string, expected a list of strings`,
		"categories = [1]":         `field "categories"`,
		"homepage = 1":             `field "homepage" is int64, expected a string`,
		"readme = 1":               `field "readme"`,
		"rust-version = { x = 1 }": "without `workspace = true`",
		"license.workspace = true": `[workspace.package] has no "license"`,
		"[features]\na = 1":        `feature "a"`,
		"[features]\na = [1]":      `feature "a"`,
	} {
		err := faults(files(map[string]string{"Cargo.toml": pkg("a") + line + "\n", "src/lib.rs": ""}))
		wantError(t, err, "Cargo.toml", want)
	}
}

// TestRegistryFindingsRaised checks that exceeding a limit that crates.io raises for single
// crates is reported and stops nothing.
func TestRegistryFindingsRaised(t *testing.T) {
	var features strings.Builder
	for i := range 301 {
		fmt.Fprintf(&features, "f%d = []\n", i)
	}
	w := read(t, map[string]string{"Cargo.toml": pkg("a", published) + "[features]\n" + features.String(), "src/lib.rs": ""})
	got := w.RegistryFindings(crate(t, w, "a"))
	if len(got) != 1 || got[0].Stops != finding.Nothing || got[0].Line != 7 || !strings.Contains(got[0].What, "301 features, crates.io allows 300") {
		t.Errorf("got %+v", got)
	}
}
