package changelog

import (
	"strconv"
	"strings"
	"testing"
)

// flat holds changelogs whose sections have headings of the version's own level, and what
// ends such a section.
var flat = []sectionTest{
	{"notes of GitHub", "## [1.2.3] - 2024-02-27\n\n## What's Changed\n* yes by someone\n\n## New Contributors\n* someone\n\n**Full Changelog**: x\n\n## [1.2.2] - 2024-01-01\n- no\n", "## What's Changed\n* yes by someone\n\n## New Contributors\n* someone\n\n**Full Changelog**: x"},
	{"kinds of change", "## [Unreleased]\n\n## Added\n- no\n\n## [v1.2.3] - 2022-07-17\n\n## Added\n\n- yes\n\n## Fixed\n\n- and\n\n## [v1.2.2]\n- no\n", "## Added\n\n- yes\n\n## Fixed\n\n- and"},
	{"kinds of change, level 1", "# [1.2.3]\n# Added\n- yes\n# Fixed\n- and\n# [1.2.2]\n- no\n", "# Added\n- yes\n# Fixed\n- and"},
	{"kinds of change, level 3 under one of level 2", "## [1.3.0](x)\n\n### Features\n- no\n\n### [1.2.3](x) (2021-05-28)\n\n### Bug Fixes\n\n* yes\n\n### [1.2.2](x)\n- no\n", "### Bug Fixes\n\n* yes"},
	{"kinds of change, underlined", "1.2.3\n-----\n\nAdded\n-----\n- yes\n\n1.2.2\n-----\n- no\n", "Added\n-----\n- yes"},
	{"a sentence first", "## 1.2.3\nA short word first.\n## Added\n- yes\n## 1.2.2\n- no\n", "A short word first.\n## Added\n- yes"},
	{"the only version", "# Changelog\n\n## 1.2.3\n\n## Added\n- yes\n", "## Added\n- yes"},
	{"a number in a part's heading", "## 1.2.3\n## Requires Rust 1.70\n- yes\n## Moved from itoa 1.0.1 to ryu\n- and\n## 1.2.2\n", "## Requires Rust 1.70\n- yes\n## Moved from itoa 1.0.1 to ryu\n- and"},
	{"before a higher level", "## 1.2.3\n## Fixed\n- yes\n# Older releases\n- no\n", "## Fixed\n- yes"},
	{"before Unreleased", "## 1.2.3\n- yes\n## [Unreleased] - ReleaseDate\n- no\n", "- yes"},
	{"before what comes next", "## 1.2.3\n- yes\n## Next release\n- no\n", "- yes"},
	{"before a short version", "## 1.2.3\n- yes\n## 1.2 - 2024-01-01\n- no\n", "- yes"},
	{"before a version that is not SemVer", "## 1.2.3\n- yes\n## Version 1.2.2.rc.0 (Sep 27, 2023)\n- no\n", "- yes"},
	{"before a range", "## 1.2.3\n- yes\n## v1.1.x (2019-07-XX)\n- no\n", "- yes"},
	{"before a prerelease that is not SemVer", "## 1.2.3\n- yes\n## [1.2-alpha] - 2016-07-01\n- no\n", "- yes"},
	{"before a date", "## 1.2.3\n- yes\n## 2024-01-01\n- no\n", "- yes"},
	{"before a yanked version that is struck out", "## 1.2.3\n- yes\n## ~~[v1.2.2] - 2019-08-04~~\n- no\n", "- yes"},
	{"before a crate that was removed", "## 1.2.3\n- yes\n## old-core 0.9.2, old_api 0.4.7 (2022-03-25)\n- no\n", "- yes"},
	{"before a tag of a crate that was removed", "## 1.2.3\n- yes\n## [common-v0.1.0] - 2025-05-04\n- no\n", "- yes"},
	{"before a linked version of a crate that was removed", "## 1.2.3\n- yes\n## `old` - [0.4.13](https://x.io/old-v0.4.13) - 2025-05-29\n- no\n", "- yes"},
	{"introduced", "# C\n\n## CHANGES WITH 1.2.4:\n\n        * no\n\n## CHANGES WITH 1.2.3:\n\n        * yes\n\n        - Somewhere, 2026-02-03\n\n## CHANGES WITH 1.2.2:\n", "        * yes\n\n        - Somewhere, 2026-02-03"},
	{"introduced otherwise", "# What's new in v1.2.3?\n- no\n# What's new in version 1.2.3\n- yes\n# Changes in 1.2.2\n- no\n", "- yes"},
	{"introduced within a section", "## 1.2.3\n### Changes in 1.2.3\n- yes\n### What's new in 1.2.2\n- and\n## 1.2.2\n- no\n", "### Changes in 1.2.3\n- yes\n### What's new in 1.2.2\n- and"},
}

// TestUnreleasedHeadings checks which headings are those of unreleased changes.
func TestUnreleasedHeadings(t *testing.T) {
	for _, tt := range []struct{ headings, want string }{
		{"## Unreleased\n## [Unreleased]\n## [UNRELEASED] - ReleaseDate\n## Unreleased changes\n## [Unreleased](https://x.io)\n## Unreleased (2024-xx-xx)\n## **Unreleased**\nUnreleased\n===", "1 2 3 4 5 6 7 8"},
		{"## Next\n## vNext\n## Next version\n## Upcoming Release\n## In development\n## [master]\n## main\n## HEAD\n## TBD\n## To be released / next", "1 2 3 4 5 6 7 8 9 10"},
		{"## Unreleasedness\n## Release\n## Changes\n## Main changes of note\n## Nextest\n## The next big thing\n## Not released\n### In the\n##", ""},
		{"## crate-a Unreleased\n## [crate-a] - Unreleased\n## crate-b Unreleased\n# crate-b\n## Unreleased\n# crate-a\n## Unreleased", "1 2 7"},
		{"## 1.2.3 (unreleased)\n## [1.2.3] - Unreleased", ""},
	} {
		f, err := Read([]byte(tt.headings), workspaceNames)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i, h := range f.Headings() {
			if h.Unreleased() {
				got = append(got, strconv.Itoa(i+1))
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%q: headings %q, want %q", tt.headings, got, tt.want)
		}
	}
}

// TestVersionsOfOtherCrates checks that versions below another crate's name are not the
// crate's, and that another crate's heading ends a section.
func TestVersionsOfOtherCrates(t *testing.T) {
	f, err := Read([]byte("# crate-b\n## 2.0.0\n- no\n# crate-a\n## 1.2.3\n## Fixed\n- yes\n## crate-b\n- no\n## 1.2.2\n- no\n"), workspaceNames)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(f.Versions(), " "); got != "1.2.3 1.2.2" {
		t.Errorf("versions %q", got)
	}
	if got, err := f.Section("1.2.3"); err != nil || got.Text != "## Fixed\n- yes" {
		t.Errorf("got %+v, %v", got, err)
	}
}
