package changelog

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/golden"
)

// TestReal reads every section of the changelogs of containerd/runwasi at eb9967aa.
func TestReal(t *testing.T) {
	for name, versions := range map[string]string{
		"containerd-shim-wasm": "1.0.0 0.10.0 0.9.0 0.8.0 0.7.0",
		"containerd-shimkit":   "0.1.1 0.1.0",
	} {
		markdown, err := os.ReadFile(filepath.Join("testdata", name+".md"))
		if err != nil {
			t.Fatal(err)
		}
		list := versionsOf(markdown)
		if got := strings.Join(list, " "); got != versions {
			t.Errorf("%s: versions %s, want %s", name, got, versions)
		}
		var all strings.Builder
		for _, v := range list {
			notes, err := ReadSection(markdown, v)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			fmt.Fprintf(&all, "==== %s\n%s\n", v, notes)
		}
		golden.CompareFile(t, filepath.Join("testdata", name+".golden"), all.String())
	}
}

func TestHeadings(t *testing.T) {
	tests := []struct {
		heading, version string
	}{
		{"## 1.2.3", "1.2.3"},
		{"## v1.2.3", "1.2.3"},
		{"## [1.2.3]", "1.2.3"},
		{"## [v1.2.3]", "1.2.3"},
		{"## [1.2.3] - 2024-01-01", "1.2.3"},
		{"## [v1.2.3] \u2014 2025-03-05", "1.2.3"},
		{"## [v1.2.3]\u20142025-03-05", "1.2.3"},
		{"## 1.2.3 \u2013 2024-10-7", "1.2.3"},
		{"## [0.0.5] - 2014-12-13 [YANKED]", "0.0.5"},
		{"## [1.2.3](https://example.com/compare) (2024-01-01)", "1.2.3"},
		{"## [1.2.3][compare]", "1.2.3"},
		{"## 1.2.3: The one", "1.2.3"},
		{"## [1.2.3]: The one", "1.2.3"},
		{"## 1.2.3 (2024-01-01)", "1.2.3"},
		{"## 1.0.0-rc.1+build.5", "1.0.0-rc.1+build.5"},
		{"##\t1.2.3\t", "1.2.3"},
		{"   ## 1.2.3", "1.2.3"},
		{"##   1.2.3   ##", "1.2.3"},
		{"## 1.2.3#", ""},
		{"    ## 1.2.3", ""},
		{"\t## 1.2.3", ""},
		{"  \t## 1.2.3", ""},
		{"# 1.2.3", "1.2.3"},
		{"# v1.2.3", "1.2.3"},
		{"### 1.2.3", "1.2.3"},
		{"### [1.2.3](https://example.com/compare/v1.2.2...v1.2.3) (2024-01-01)", "1.2.3"},
		{"#### 1.2.3 / 2024-01-01", "1.2.3"},
		{"1.2.3 (2020-01-01)\n==================", "1.2.3"},
		{"Version 1.2.3 (2020-01-01)\n---", "1.2.3"},
		{"[1.2.3](https://example.com/tag/1.2.3) - 2024-01-01\n-----", "1.2.3"},
		{"1.2.3\nand what it is\n===", "1.2.3"},
		{"# Version 1.2.3", "1.2.3"},
		{"## Release 1.2.3 (2020-01-01)", "1.2.3"},
		{"## 2020-01-01, Version 1.2.3", "1.2.3"},
		{"## V1.2.3", "1.2.3"},
		{"## **1.2.3**", "1.2.3"},
		{"## `v1.2.3` - 2024-01-01", "1.2.3"},
		{"## <a name=\"1.2.3\"></a>1.2.3", "1.2.3"},
		{"## \U0001f680 1.2.3", "1.2.3"},
		{"## 1.2.3, the first of May 2024", "1.2.3"},
		{"## 1.2.3(2024-01-01)", "1.2.3"},
		{"# 1.2.3-beta.2 (August 30th, 2024)", "1.2.3-beta.2"},
		{"## 1.2.3+curl-8.15.0 - 2024-01-01", "1.2.3+curl-8.15.0"},
		{"## [1.2.3+curl-8.15.0]", "1.2.3+curl-8.15.0"},
		{"##1.2.3", ""},
		{`\## 1.2.3`, ""},
		{"> ## 1.2.3", ""},
		{"- ## 1.2.3", ""},
		{"##", ""},
		{"## ##", ""},
		{"## [Unreleased]", ""},
		{"## Unreleased", ""},
		{"## 1.2", ""},
		{"## 01.2.3", ""},
		{"## vv1.2.3", ""},
		{"## 1x2x3", ""},
		{"## [1.2.3", ""},
		{"## [1.2.3]-rc.1", ""},
		{"## [1.2.3].4", ""},
		{"## [1.2.3]a", ""},
		{"## Upgrading 1.2.3", ""},
		{"## Changes since 1.2.3", ""},
		{"## Migrating to 1.2.3", ""},
		{"- 1.2.3\n  ===", ""},
		{"> 1.2.3\n> ===", ""},
		{"```\n1.2.3\n===\n```", ""},
		{"<!--\n1.2.3\n===\n-->", ""},
		{"1.2.3\n\n===", ""},
		{"[1.2.3]: https://example.com\n---", ""},
		{"[1.2.3]:\nhttps://example.com\n\"title\"\n===", ""},
		{"**1.2.3**", ""},
		{"## other-crate 1.2.3", ""},
	}
	for _, tt := range tests {
		got := strings.Join(versionsOf([]byte("# Changelog\n\n"+tt.heading+"\n\n- a change\n")), " ")
		if got != tt.version {
			t.Errorf("%q is read as version %q, want %q", tt.heading, got, tt.version)
		}
		if tt.version == "" {
			continue
		}
		if notes, err := ReadSection([]byte(tt.heading+"\n- a change\n"), tt.version); err != nil || notes != "- a change" {
			t.Errorf("%q: notes %q, %v", tt.heading, notes, err)
		}
	}
}

func TestSection(t *testing.T) {
	for _, tt := range slices.Concat(sections, flat) {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ReadSection([]byte(tt.markdown), "1.2.3")
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got\n%q, want\n%q", got, tt.want)
			}
		})
	}
}

func TestSectionErrors(t *testing.T) {
	const here = `reading changelog section of version "1.2.3": `
	const missing = here + `no heading "## [1.2.3]", the file has `
	tests := []struct {
		name, markdown, want string
	}{
		{"empty file", "", missing + "no version; add one with the notes of the release, or rename Unreleased"},
		{"only unreleased", "## [Unreleased]\n- x\n", missing + "no version;"},
		{"longer number", "## [1.2.30]\n- x\n", missing + "1.2.30;"},
		{"version as a pattern", "## 1x2x3\n- x\n## [1a2.3]\n- x\n", missing + "no version;"},
		{"longer first number", "## [11.2.3]\n- x\n## 0.1.2\n- y\n", missing + "11.2.3, 0.1.2;"},
		{"prerelease of it", "## [1.2.3-rc.1]\n- x\n", missing + "1.2.3-rc.1;"},
		{"build of it", "## [1.2.3+1]\n- x\n", missing + "1.2.3+1;"},
		{"many", manyVersions(13), missing + "0.0.0, 0.0.1, 0.0.2, 0.0.3, 0.0.4, 0.0.5, 0.0.6, 0.0.7, 0.0.8, 0.0.9 and 3 more;"},
		{"in a code block", "```\n## 1.2.3\n- x\n```\n", missing + "no version;"},
		{"in a comment", "<!--\n## 1.2.3\n- x\n-->\n", missing + "no version;"},
		{"mentioned", "## 2.0.0\n- as in [1.2.3]\n\n[1.2.3]: https://example.com\n", missing + "2.0.0;"},
		{"twice", "\n## [1.2.3]\n- x\n\n## 1.2.3\n- y\n", here + "it has 2 headings, the first two on lines 2 and 5; keep one"},
		{"twice, one empty", "## 1.2.3\n## v1.2.3\n- y\n", here + "it has 2 headings, the first two on lines 1 and 2; keep one"},
		{"empty", "## 1.2.3\n\n## 1.2.2\n- x\n", here + "its heading on line 1 has no notes below it; describe the release there"},
		{"empty at the end", "# C\n\n## 1.2.3", here + "its heading on line 3 has no notes below it;"},
		{"only the template", "## 1.2.3\n\n### Added\n\n### Fixed\n\t\n", here + "its heading on line 1 has no notes below it"},
		{"only a comment", "## 1.2.3\n<!-- to\n\ndo -->\n", here + "its heading on line 1 has no notes below it"},
		{"only definitions", "## 1.2.3\n\n[1.2.3]: <https://example.com>\n", here + "its heading on line 1 has no notes below it"},
		{"open code block", "## 1.2.3\n- x\n\n````rust\n## 1.2.2\n```\n", "reading changelog: the code block that begins on line 4 has no end, and hides every heading below; close it"},
		{"open comment", "<!--\n## 1.2.3\n- x\n", "reading changelog: the comment that begins on line 1 has no end"},
		{"open HTML", "## 1.2.3\n- x\n<pre>\n", "reading changelog: the HTML block that begins on line 3 has no end"},
		{"not UTF-8", "## 1.2.3\n- \xff\n", "reading changelog: it is not UTF-8; save it as UTF-8"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ReadSection([]byte(tt.markdown), "1.2.3")
			if err == nil || got != "" {
				t.Fatalf("got %q, %v; want an error alone", got, err)
			}
			if !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("error %q, want it to begin %q", err, tt.want)
			}
		})
	}
}

func manyVersions(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "## 0.0.%d\n- x\n", i)
	}
	return b.String()
}

// TestSectionOfNoVersion checks that arguments which are not versions are refused, and
// never treated as patterns.
func TestSectionOfNoVersion(t *testing.T) {
	for _, v := range []string{"", "Unreleased", "v1.2.3", "1.2", ".*", "1.2.3\n", strings.Repeat("1", 10<<20)} {
		got, err := ReadSection([]byte("## Unreleased\n- x\n## v1.2.3\n- x\n"), v)
		if got != "" || err == nil || !strings.HasPrefix(err.Error(), "reading changelog: looking for an invalid version: ") || len(err.Error()) > 200 {
			t.Errorf("Section of %.20q: %q, %.300v", v, got, err)
		}
	}
}

func TestVersionsOfAnOpenBlock(t *testing.T) {
	if got := versionsOf([]byte("## 2.0.0\n<!--\n## 1.0.0\n")); !slices.Equal(got, []string{"2.0.0"}) {
		t.Errorf("got %q", got)
	}
}

func versionsOf(markdown []byte) []string {
	f, _ := Read(markdown, Names{})
	return f.Versions()
}
