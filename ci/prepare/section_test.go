package prepare

import (
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/changelog"
	"dagger/slipway/ci/notes"
)

const madeText = "### Features\n\n- one (01234567)\n\n### Fixes\n\n- two (01234567)"

var namesOfA = changelog.Names{Crate: "a", Others: []string{"b"}}

// inserted returns a changelog that has a section with made notes.
func inserted(text string, isShared bool) (string, []string, error) {
	s := &section{
		to: "0.4.0", day: someDay, tag: "a/v0.4.0", made: notes.Notes{Text: madeText},
		names: namesOfA, isShared: isShared,
	}
	after, err := s.insert(text)
	return after, s.said, err
}

// TestInsert checks where made notes go in changelogs of different forms: | stands for the
// new section, with the blank lines around it that are missing.
func TestInsert(t *testing.T) {
	for _, tt := range []struct{ name, text, heading string }{
		{"above the newest", "# C\n\nAll of it.\n\n|## 0.3.1 (2026-01-01)\n- old\n", "## 0.4.0 (2026-04-21)"},
		{"above the newest, no space", "# C\n|# 0.3.1\n- old\n", "# 0.4.0 - 2026-04-21"},
		{"on top", "|## [0.3.1] - 2026-01-01\n- old\n## 0.3.0\n- older\n", "## [0.4.0] - 2026-04-21"},
		{"below plans", "## 1.0.0\n- plans\n\n|## 0.3.1\n- old\n", "## 0.4.0 - 2026-04-21"},
		{"underlined", "Changes\n=======\n\n|0.3.1 (2026-01-01)\n------------------\n- old\n", "0.4.0 (2026-04-21)\n------------------"},
		{"level 3", "# C\n\n|### [0.3.1](https://x.io/compare/v0.3.0...v0.3.1) (2026-01-01)\n\n### Fixed\n- old\n", "### [0.4.0](https://x.io/compare/v0.3.1...v0.4.0) (2026-04-21)"},
		{"introduced", "# C\n\n|## CHANGES WITH 0.3.1:\n\n- old\n", "## CHANGES WITH 0.4.0 - 2026-04-21"},
		{"below an empty Unreleased", "# C\n\n## [Unreleased]\n\n|## [0.3.1] - 2026-01-01\n- old\n", "## [0.4.0] - 2026-04-21"},
		{"below an empty Unreleased, no space", "## Unreleased\n|## 0.3.1\n- old\n", "## 0.4.0 - 2026-04-21"},
		{"below a template", "## [Unreleased]\n\n### Added\n\n### Fixed\n\n|## [0.3.1]\n- old\n", "## [0.4.0] - 2026-04-21"},
		{"below a flat template and a comment", "## [Unreleased]\n<!-- here -->\n## Added\n## Fixed\n\n|## [0.3.1]\n- old\n", "## [0.4.0] - 2026-04-21"},
		{"the first version", "# C\n\n## [Unreleased]\n|", "## [0.4.0] - 2026-04-21"},
		{"the first version, before definitions", "## Unreleased\n|\n[a]: https://x.io\n", "## 0.4.0 - 2026-04-21"},
		{"next to other crates", "# C\n\n## b 0.9.0\n- x\n\n|## a 0.3.1\n- old\n## b 0.8.0\n- x\n", "## a 0.4.0 - 2026-04-21"},
		{"next to a linked crate", "# C\n\n|## `a` - [0.3.1](https://x.io/a-v0.3.1) - 2026-01-01\n- old\n", "## `a` - [0.4.0](https://x.io/a-v0.4.0) - 2026-04-21"},
		{"below the crate's name", "# b\n## 0.3.9\n- x\n# a\n\n|## 0.3.1\n- old\n", "## 0.4.0 - 2026-04-21"},
		{"crates in a version", "# C\n\n|## 0.3.1\n### b\n- x\n### a\n- old\n", "## 0.4.0 - 2026-04-21"},
		{"beside versions of another crate, shared", "## 15.2.0\n- x\n\n|## a 0.3.1\n- old\n## 0.3.9\n- x\n", "## a 0.4.0 - 2026-04-21"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			level := strings.Index(tt.heading, " ")
			if tt.name == "underlined" {
				level = 2
			}
			above, rest, _ := strings.Cut(tt.text, "|")
			want := tt.heading + "\n\n" + strings.ReplaceAll(madeText, "###", strings.Repeat("#", level+1)) + "\n"
			if above != "" && !strings.HasSuffix(above, "\n\n") {
				want = "\n" + want
			}
			if rest != "" && !strings.HasPrefix(rest, "\n") {
				want += "\n"
			}
			for _, end := range []string{"\n", "\r\n"} {
				got, said, err := inserted(strings.ReplaceAll(above+rest, "\n", end), strings.HasSuffix(tt.name, "shared"))
				if err != nil || got != strings.ReplaceAll(above+want+rest, "\n", end) || len(said) > 0 {
					t.Errorf("got %q, %q, %v; want %q", got, said, err, above+want+rest)
				}
			}
		})
	}
}

// TestInsertCalendar checks that headings of calendar versions and of unknown forms give
// their level to the new one.
func TestInsertCalendar(t *testing.T) {
	for before, heading := range map[string]string{
		"# 25.07.1 (2025-07-18)\n- old\n":            "# 25.8.0 (2026-04-21)",
		"### [25.07.1] - 2025-07-18\n- old\n":        "### [25.8.0] - 2026-04-21",
		"# <a name=\"x\"></a>25.7.1 (2025)\n- old\n": "# 25.8.0 - 2026-04-21",
		"# The 1st\n# 2025-07-18, 25.07.1\n- old\n":  "# 25.8.0 - 2026-04-21",
	} {
		s := &section{to: "25.8.0", day: someDay, tag: "a/v25.8.0", made: notes.Notes{Text: madeText}}
		got, err := s.insert(before)
		if err != nil || !strings.Contains("\n"+got, "\n"+heading+"\n\n") {
			t.Errorf("%q: got %q, %v", before, got, err)
		}
	}
}

// TestInsertLinks checks that link definitions are updated for made notes too.
func TestInsertLinks(t *testing.T) {
	const before = "## [Unreleased]\n\n## [0.3.1] - 2026-01-01\n- old\n\n[Unreleased]: https://x.io/compare/v0.3.1...HEAD\n[0.3.1]: https://x.io/compare/v0.3.0...v0.3.1"
	const want = "## [Unreleased]\n\n## [0.4.0] - 2026-04-21\n\n" + madeText + "\n\n## [0.3.1] - 2026-01-01\n- old\n\n[Unreleased]: https://x.io/compare/v0.4.0...HEAD\n[0.4.0]: https://x.io/compare/v0.3.1...v0.4.0\n[0.3.1]: https://x.io/compare/v0.3.0...v0.3.1"
	got, said, err := inserted(before, false)
	if err != nil || got != want || len(said) != 1 || !strings.Contains(said[0], "does not point to the tag") {
		t.Errorf("got\n%s\n%q, %v; want\n%s", got, said, err, want)
	}
}

// TestInsertUnclear checks that no section is inserted where it is unclear where it belongs.
func TestInsertUnclear(t *testing.T) {
	const noPlace = "it has neither an Unreleased section nor a version's heading to go by"
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", noPlace},
		{"a pointer", "# C\n\nSee the releases on GitHub.\n", noPlace},
		{"list items", "* 0.3.1 (2026-01-01)\n  * old\n", noPlace},
		{"only of another crate", "## b 0.3.1\n- x\n", noPlace},
		{"only plans", "## 1.0.0\n- x\n", noPlace},
		{"oldest first", "## 0.3.0\n- older\n\n## 0.3.1\n- old\n", "its newest version does not come first"},
		{"in no order", "## 0.3.0\n- older\n## 0.3.1\n- old\n## 0.2.0\n- x\n", "its newest version does not come first"},
		{"a heading that would belong to a list item", "  ## 0.3.1\n", "a section cannot be inserted without changing how the rest is read"},
		{"twice", "## Unreleased\n## [Unreleased]\n", "it has 2 headings of unreleased changes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := inserted(tt.text, false)
			says(t, err, tt.want)
			if got != "" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// FuzzInsert checks that a made section is only added: all other lines stay, apart from the
// definition of [Unreleased], and the versions and their notes are those that were there.
func FuzzInsert(f *testing.F) {
	f.Add("# C\n\n## [Unreleased]\n### Added\n\n## [v0.3.0] - 2026-01-01\n- y\n\n[Unreleased]: https://x.io/compare/v0.3.0..HEAD\n[v0.3.0]: https://x.io/v0.3.0\n")
	f.Add("## 0.3.0\r\n- x\r\n```\r\n## 0.9.0\r\n```\r\n## 0.2.0\r\n[0.3.0]: <https://x.io/compare/a...b>")
	f.Add("- x\n\n  0.3.0\n---\n- y\n\n    code\n0.2.0\n===")
	f.Fuzz(func(t *testing.T, text string) {
		got, _, err := inserted(text, false)
		if err != nil {
			return
		}
		was, is := versionsOf(text, namesOfA), versionsOf(got, namesOfA)
		if i := slices.Index(is, "0.4.0"); i < 0 || !slices.Equal(slices.Delete(slices.Clone(is), i, i+1), was) {
			t.Errorf("versions %q became %q", was, is)
		}
		before, after := splitLines(text), splitLines(got)
		same := inCommon(before, after)
		const most = 2 // the definition of [Unreleased], and a last line without an end
		if gone, added := len(before)-same, len(after)-same; gone > most || added-gone > strings.Count(madeText, "\n")+8 {
			t.Errorf("%d lines gone and %d added: %q became %q", gone, added, text, got)
		}
	})
}

// TestKeep checks that the section which a version has already stays, with its date set.
func TestKeep(t *testing.T) {
	for before, heading := range map[string]string{
		"## 0.4.0 (unreleased)":                     "## 0.4.0 (2026-04-21)",
		"## [0.4.0] - Unreleased":                   "## [0.4.0] - 2026-04-21",
		"## [0.4.0] - YYYY-MM-DD":                   "## [0.4.0] - 2026-04-21",
		"## [0.4.0] - 2026-??-??":                   "## [0.4.0] - 2026-04-21",
		"## 0.4.0 - 2026-xx-xx":                     "## 0.4.0 - 2026-04-21",
		"## a 0.4.0 - TBD":                          "## a 0.4.0 - 2026-04-21",
		"## 0.4.0 - 2026-04-01":                     "## 0.4.0 - 2026-04-01",
		"## 0.4":                                    "## 0.4",
		"## 0.4.0: the unreleasable":                "## 0.4.0: the unreleasable",
		"0.4.0 (unreleased)\n------------------":    "0.4.0 (2026-04-21)\n------------------",
		"## [0.4.0](https://x.io/0.4.0) unreleased": "## [0.4.0](https://x.io/0.4.0) 2026-04-21",
	} {
		const rest = "\n- new\n\n## 0.3.1\n- old\n"
		s := &section{to: "0.4.0", day: someDay, tag: "a/v0.4.0", names: changelog.Names{Crate: "a"}}
		got, err := s.move("## Unreleased\n- later\n\n" + before + rest)
		want := "## Unreleased\n- later\n\n" + heading + rest
		if err != nil || got != want || s.found != 4 || !slices.Equal(s.said, []string{"the notes below the heading on line 1 are not part of it."}) {
			t.Errorf("%q: got %q, line %d, %q, %v", before, got, s.found, s.said, err)
		}
	}
}
