package changelog

import (
	"strings"
	"testing"
)

var workspaceNames = Names{Crate: "crate-a", Others: []string{"crate-b", "crate-a-core"}}

// TestHeadingsOfCrates checks which headings name the crate, and which name another.
func TestHeadingsOfCrates(t *testing.T) {
	for _, tt := range []struct{ heading, version string }{
		{"## crate-a 1.2.3", "1.2.3"},
		{"## crate-a v1.2.3 (2024-01-01)", "1.2.3"},
		{"### crate_a 1.2.3", "1.2.3"},
		{"## `crate-a` 1.2.3", "1.2.3"},
		{"## `crate-a` - [1.2.3](https://x.io) - 2024-01-01", "1.2.3"},
		{"## [crate-a 1.2.3](https://x.io)", "1.2.3"},
		{"## [`crate-a`](https://x.io) [1.2.3]", "1.2.3"},
		{"## [crate-a-v1.2.3]", "1.2.3"},
		{"## crate-a/v1.2.3 - 2024-01-01", "1.2.3"},
		{"## crate-a@1.2.3", "1.2.3"},
		{"## crate-a-1.2.3-rc.1", "1.2.3-rc.1"},
		{"## crate-a: 1.2.3", "1.2.3"},
		{"## Crate-A 1.2.3", "1.2.3"},
		{"# Release crate-a 1.2.3 (2024-03-23)", "1.2.3"},
		{"## crate-a version 1.2.3", "1.2.3"},
		{"# Release crate-b 3.0.0 / crate-a 1.2.3 (2024-03-23)", "1.2.3"},
		{"## crate-b 3.0.0, crate-a 1.2.3", "1.2.3"},
		{"crate-a 1.2.3\n=====", "1.2.3"},
		{"## v1.2.3", "1.2.3"},
		{"## crate-b 1.2.3", ""},
		{"## crate-b-v1.2.3", ""},
		{"## crate-a-core 1.2.3", ""},
		{"## crate-a-core-v1.2.3", ""},
		{"## crate-c 1.2.3", ""},
		{"## crate-a needs crate-b 1.2.3", ""},
		{"## crate-a crate-b 1.2.3", ""},
	} {
		f, err := Read([]byte(tt.heading+"\n- a change\n"), workspaceNames)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(f.Versions(), " "); got != tt.version {
			t.Errorf("%q is read as version %q, want %q", tt.heading, got, tt.version)
		}
	}
}

// TestSectionsOfCrates checks the section of a crate in a changelog shared by several
// crates.
func TestSectionsOfCrates(t *testing.T) {
	for _, tt := range []struct {
		name, markdown, want string
		line                 int
	}{
		{"a section for each crate's version", "## crate-b 1.2.3\n- no\n## crate-a 1.2.3\n- yes\n## crate-b 1.2.2\n- no\n", "- yes", 3},
		{"the crate's goes before the workspace's", "## 1.2.3\n- no\n## crate-a 1.2.3\n- yes\n", "- yes", 3},
		{"the workspace's", "## 1.2.3\n- yes\n## crate-b 1.2.3\n- no\n", "- yes", 1},
		{"crates in a version", "# 1.2.3\n\nAll.\n\n### crate-b\n- no\n\n### `crate-a`\n- yes\n\n#### Fixes\n- and\n\n### crate-a-core\n- no\n", "- yes\n\n#### Fixes\n- and", 8},
		{"other crates in a version", "# 1.2.3\n\nAll.\n\n### crate-b\n- and\n\n# 1.2.2\n- no\n", "All.\n\n### crate-b\n- and", 1},
		{"versions of crates in a version", "# 3.0.0\n\n## crate-b 1.2.3\n- no\n\n## crate-a 1.2.3\n- yes\n\n## crate-b 1.0.0\n", "- yes", 6},
		{"versions in crates", "# crate-b\n\n## 1.2.3\n- no\n\n# crate-a\n\n## 1.2.3\n- yes\n\n## 1.2.2\n- no\n", "- yes", 8},
		{"several crates in a heading", "# crate-b 2.0.0 / crate-a 1.2.3\n- yes\n# crate-b 1.9.0 / crate-a 1.2.2\n- no\n", "- yes", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Read([]byte(tt.markdown), workspaceNames)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Section("1.2.3")
			if err != nil || got.Text != tt.want || got.Line != tt.line || got.Named != (tt.name != "the workspace's" && tt.name != "other crates in a version") {
				t.Errorf("got %+v, %v; want %q on line %d", got, err, tt.want, tt.line)
			}
		})
	}
}

// TestSectionsOfCratesErrors checks that another crate's notes are never taken for the
// crate's, and that ambiguous sections are refused.
func TestSectionsOfCratesErrors(t *testing.T) {
	for _, tt := range []struct{ name, markdown, want string }{
		{"another crate's", "## crate-b 1.2.3\n- no\n", "no heading"},
		{"below another crate's name", "# crate-b\n## 1.2.3\n- no\n", "no heading"},
		{"twice for the crate", "## crate-a 1.2.3\n- x\n## crate-a v1.2.3\n- y\n", "it has 2 headings, the first two on lines 1 and 3"},
		{"twice for the workspace", "## 1.2.3\n- x\n## v1.2.3\n- y\n", "it has 2 headings"},
		{"twice below the crate's name", "# crate-a\n## 1.2.3\n- x\n## v1.2.3\n- y\n", "it has 2 headings, the first two on lines 2 and 4"},
		{"nothing of the crate", "## 1.2.3\n### crate-a\n### crate-b\n- no\n", "its heading on line 2 has no notes below it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Read([]byte(tt.markdown), workspaceNames)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Section("1.2.3")
			if err == nil || got.Text != "" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %+v, %v; want an error that says %q", got, err, tt.want)
			}
		})
	}
}
