package prepare

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/change"
	"dagger/slipway/ci/changelog"
	"dagger/slipway/ci/golden"
)

const someDay = "2026-04-21"

// moved returns a changelog whose unreleased notes were moved to a version's section, and
// what there is to tell of it.
func moved(text string, names changelog.Names, to, tag string) (string, []string, error) {
	s := &section{to: to, day: someDay, tag: tag, names: names}
	after, err := s.move(text)
	return after, s.said, err
}

// TestRunwasi moves notes in the changelogs of containerd/runwasi at eb9967aa.
func TestRunwasi(t *testing.T) {
	for name, to := range map[string]string{"containerd-shim-wasm": "1.0.1", "containerd-shimkit": "0.2.0"} {
		raw, err := os.ReadFile(filepath.Join("../changelog/testdata", name+".md"))
		if err != nil {
			t.Fatal(err)
		}
		old := strings.Replace(string(raw), "## [Unreleased]\n", "## [Unreleased]\n\n### Fixed\n- A fault.\n", 1)
		text, notes, err := moved(old, changelog.Names{}, to, name+"/v"+to)
		if err != nil || len(notes) > 0 {
			t.Fatal(err, notes)
		}
		c := &Changeset{Files: []change.File{{Path: name + ".md", Old: old, New: text}}}
		golden.Compare(t, name+".golden", c.Diff())
		if notes, err := changelog.ReadSection([]byte(text), to); err != nil || notes != "### Fixed\n- A fault." {
			t.Errorf("the section of %s is %q, %v", to, notes, err)
		}
	}
}

// TestHeadingForms checks that a new heading follows the style of the existing ones.
func TestHeadingForms(t *testing.T) {
	for _, tt := range []struct{ unreleased, versions, want string }{
		{"## [Unreleased]", "## [0.3.1] - 2026-01-01", "## [0.4.0] - 2026-04-21"},
		{"## [Unreleased]", "## [v0.3.1] - 2026-01-01", "## [v0.4.0] - 2026-04-21"},
		{"## Unreleased", "## 0.3.1 - 2026-01-01", "## 0.4.0 - 2026-04-21"},
		{"## Unreleased", "## v0.3.1 (2026-1-1)", "## v0.4.0 (2026-04-21)"},
		{"## [Unreleased]", "## [v0.3.1] \u2014 2026-1-1", "## [v0.4.0] \u2014 2026-04-21"},
		{"## [Unreleased]", "## [v0.3.1]\u20142026-1-1", "## [v0.4.0]\u20142026-04-21"},
		{"## [Unreleased]", "## [0.3.1], 2026-01-01", "## [0.4.0], 2026-04-21"},
		{"## [Unreleased]", "## [0.3.1] 2026-01-01 [YANKED]", "## [0.4.0] 2026-04-21"},
		{"## [Unreleased]", "## 0.3.1: The one", "## 0.4.0 - 2026-04-21"},
		{"## [Unreleased]", "## 0.3.1: 2026-01-01", "## 0.4.0: 2026-04-21"},
		{"## [Unreleased]", "## [0.3.1]", "## [0.4.0] - 2026-04-21"},
		{"## [Unreleased]", "##   0.3.1   -   2026-01-01   ##", "##   0.4.0   -   2026-04-21"},
		{"## [UNRELEASED] - ReleaseDate", "## [0.3.1] - 2026-01-01", "## [0.4.0] - 2026-04-21"},
		{"## Unreleased changes", "## 0.3.1", "## 0.4.0 - 2026-04-21"},
		// The date of the highest version that has one.
		{"## [Unreleased]", "## [v0.3.10]\n- x\n## [v0.3.9] \u2014 2025-01-27\n- x\n## [v0.3.8] - 2025-01-26", "## [v0.4.0] \u2014 2026-04-21"},
		// The highest version, not the first.
		{"## [Unreleased]", "## 0.1.0\n- x\n## [v0.3.1] (2026-01-01)", "## [v0.4.0] (2026-04-21)"},
		{"## [Unreleased]", "## [v0.3.9]\n- x\n## 0.3.10", "## 0.4.0 - 2026-04-21"},
		// Higher versions are plans and no model.
		{"## [Unreleased]", "## v1.0.0 (2027-01-01)\n- plans\n## [0.3.1]", "## [0.4.0] - 2026-04-21"},
		// There is no version yet.
		{"## [Unreleased]", "", "## [0.4.0] - 2026-04-21"},
		{"## Unreleased", "", "## 0.4.0 - 2026-04-21"},
		// A link in the heading.
		{"## [Unreleased]", "## [0.3.1](https://x.io/compare/v0.3.0...v0.3.1) - 2026-01-01", "## [0.4.0](https://x.io/compare/v0.3.1...v0.4.0) - 2026-04-21"},
		{"## [Unreleased]", "## [v0.3.1](<https://x.io/tag/a/v0.3.1>) (2026-01-01)", "## [v0.4.0](<https://x.io/tag/a/v0.4.0>) (2026-04-21)"},
		{"## [Unreleased]", "## [v0.3.1](https://x.io/) (2026-01-01)", "## [v0.4.0] (2026-04-21)"},
		{"## [Unreleased]", "## [0.3.1][there] - 2026-01-01", "## [0.4.0] - 2026-04-21"},
	} {
		text := "# Changelog\n\n" + tt.unreleased + "\n\n- new\n\n" + tt.versions + "\n- old\n"
		want := strings.Replace(text, tt.unreleased+"\n", tt.unreleased+"\n\n"+tt.want+"\n", 1)
		got, notes, err := moved(text, changelog.Names{}, "0.4.0", "a/v0.4.0")
		if err != nil || got != want || len(notes) > 0 {
			t.Errorf("%q: got %q, %v, %q; want %q", tt.versions, got, err, notes, want)
		}
	}
}

// TestNothingUnreleased checks which changelogs have no unreleased notes, so that notes are
// made from commits.
func TestNothingUnreleased(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"empty file", "", "it has no Unreleased section"},
		{"missing", "# C\n\n## 0.3.0\n- x\n", "it has no Unreleased section"},
		{"level 1", "# Unreleased\n- x\n", "it has no Unreleased section"},
		{"level 3", "### Unreleased\n- x\n", "it has no Unreleased section"},
		{"in a code block", "```\n## Unreleased\n- x\n```\n", "it has no Unreleased section"},
		{"in a comment", "<!--\n## Unreleased\n- x\n-->\n", "it has no Unreleased section"},
		{"in a list", "- a\n\n  ## Unreleased\n  - x\n", "it has no Unreleased section"},
		{"another word", "## Unreleasedness\n- x\n", "it has no Unreleased section"},
		{"empty", "# C\n\n## [Unreleased]\n\n## [0.3.0]\n- x\n", `the heading "## [Unreleased]" on line 3 has no notes below it`},
		{"empty at the end", "## [Unreleased]", `the heading "## [Unreleased]" on line 1 has no notes below it`},
		{"only the template", "## [Unreleased]\n\n### Added\n\n### Fixed\n\n## 0.3.0\n- x\n", "has no notes below it"},
		{"only a flat template", "## [Unreleased]\n\n## Added\n\n## Fixed\n\n## 0.3.0\n- x\n", "has no notes below it"},
		{"only a comment", "## [Unreleased]\n<!-- - x -->\n", "has no notes below it"},
		{"none", "# Unreleased\n\n- None.\n\n# 0.3.0\n- x\n", `the heading "# Unreleased" on line 1 has only "- None." below it`},
		{"not written", "TBD\n===\nUnreleased changes. Release notes have not yet been written.\n\n0.3.0\n===\n- x\n", `has only "Unreleased changes. Release`},
		{"nothing yet", "## Unreleased\n*Nothing yet*\n", "has only"},
		{"no changes", "## Unreleased\n_No notable changes since 0.3.0._\n", "has only"},
		{"only links", "## [Unreleased]\n\n[Unreleased]: https://x.io\n", "has no notes below it"},
		{"before another part", "## [Unreleased]\n# Old\n- x\n", "has no notes below it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := moved(tt.text, changelog.Names{}, "0.4.0", "a/v0.4.0")
			says(t, err, tt.want)
			var nothing *nothingError
			if got != "" || !errors.As(err, &nothing) {
				t.Errorf("got %q, %T", got, err)
			}
		})
	}
}

// TestUnclear checks that a changelog is not edited if it is unclear where.
func TestUnclear(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"twice", "## [Unreleased]\n- x\n## Unreleased\n- y\n", "it has 2 headings of unreleased changes, the first two on lines 1 and 3: keep one"},
		{"has the version, empty", "## [Unreleased]\n- x\n## 0.4.0\n## 0.3.0\n- y\n", "its heading on line 3 has no notes below it"},
		{"has the version twice", "## 0.4.0\n- x\n## 0.4.0\n- y\n", "it has 2 headings, the first two on lines 1 and 3"},
		{"open code block", "# C\n```\n## [Unreleased]\n- x\n", "the code block that begins on line 2 has no end"},
		{"not UTF-8", "## [Unreleased]\n- \xff\n", "it is not UTF-8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := moved(tt.text, changelog.Names{}, "0.4.0", "a/v0.4.0")
			says(t, err, tt.want)
			var nothing *nothingError
			if got != "" || errors.As(err, &nothing) {
				t.Errorf("got %q, %T", got, err)
			}
		})
	}
}

// TestLookAlikes checks that only what is a heading or a link in Markdown is edited.
func TestLookAlikes(t *testing.T) {
	const before = "\ufeff# C\r\n\r\n<!--\r\n## [Unreleased]\r\n[Unreleased]: https://x.io/compare/v9.0.0...HEAD\r\n## x -->\r\n\r\n" +
		"```md\r\n## [Unreleased]\r\n- x\r\n[9.0.0]: https://x.io/compare/v8.0.0...v9.0.0\r\n```\r\n\r\n" +
		"  ##\t[Unreleased]  \r\n- new, see [0.3.0]\r\n  ## [9.0.0]\r\n\r\n" +
		"## [0.3.0]\r\n- old\r\n[Unreleased]: https://x.io/compare/v9.0.0...HEAD\r\n\r\n" +
		"[^0.9.0]: [0.3.0]: https://x.io/9\r\n  [unreleased]:\thttps://x.io/compare/v0.3.0...HEAD 'All of it'\r\n" +
		"[0.3.0]: https://x.io/compare/v0.2.0...v0.3.0\r\n[0.3.0]: https://x.io/another"
	after := strings.NewReplacer(
		"  ##\t[Unreleased]  \r\n", "  ##\t[Unreleased]  \r\n\r\n## [0.4.0] - 2026-04-21\r\n",
		"v0.3.0...HEAD 'All", "v0.4.0...HEAD 'All",
		"\r\n[0.3.0]: https://x.io/compare/v0.2", "\r\n[0.4.0]: https://x.io/compare/v0.3.0...v0.4.0\r\n[0.3.0]: https://x.io/compare/v0.2",
	).Replace(before)
	got, notes, err := moved(before, changelog.Names{}, "0.4.0", "v0.4.0")
	if err != nil || got != after || len(notes) > 0 {
		t.Errorf("got\n%s\n%v, %q; want\n%s", got, err, notes, after)
	}
}

// FuzzMove checks that notes are moved by only adding lines: a heading, the line
// before it and a link definition. The only line that may be replaced is the definition of
// [Unreleased].
func FuzzMove(f *testing.F) {
	f.Add("# C\n\n## [Unreleased]\n### Added\n- x\n\n## [v0.3.0] - 2026-01-01\n- y\n\n[Unreleased]: https://x.io/compare/v0.3.0..HEAD\n[v0.3.0]: https://x.io/v0.3.0\n")
	f.Add("## Unreleased\r\n- x\r\n```\r\n## 0.9.0\r\n```\r\n## 0.3.0\r\n[0.3.0]: <https://x.io/compare/a...b>")
	f.Add("## Unreleased\r- x\r## [0.3.0](https://x.io/0.3.0)\r\r[mark-1]: <>\r[^1]: x\r[0.2.0]: /0.2.0 '[mark-9]'\r[mark-9]: <>")
	f.Fuzz(func(t *testing.T, text string) {
		got, _, err := moved(text, changelog.Names{}, "0.4.0", "a/v0.4.0")
		if err != nil {
			return
		}
		was, is := versionsOf(text, changelog.Names{}), versionsOf(got, changelog.Names{})
		if i := slices.Index(is, "0.4.0"); i < 0 || !slices.Equal(slices.Delete(slices.Clone(is), i, i+1), was) {
			t.Errorf("versions %q became %q", was, is)
		}
		before, after := splitLines(text), splitLines(got)
		same := inCommon(before, after)
		if gone, added := len(before)-same, len(after)-same; gone > 1 || added-gone > 3 {
			t.Errorf("%d lines gone and %d added: %q became %q", gone, added, text, got)
		}
	})
}

// inCommon returns the length of a longest common subsequence.
func inCommon(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			above := row[j+1]
			row[j+1] = max(above, row[j])
			if x == y {
				row[j+1] = diagonal + 1
			}
			diagonal = above
		}
	}
	return row[len(b)]
}

// TestOtherForms moves notes in changelogs that do not follow Keep a Changelog or that cover
// several crates.
func TestOtherForms(t *testing.T) {
	names := changelog.Names{Crate: "a", Others: []string{"b"}}
	for _, tt := range []struct{ name, before, after string }{
		{"that only begins like none", "## Unreleased\n- None of the features is default.\n", "## Unreleased\n\n## 0.4.0 - 2026-04-21\n- None of the features is default.\n"},
		{"level 1", "# Unreleased\n\n## Fixes\n- new\n\n# v0.3.1\n- old\n", "# Unreleased\n\n# v0.4.0 - 2026-04-21\n\n## Fixes\n- new\n\n# v0.3.1\n- old\n"},
		{"level 3", "### Unreleased\n- new\n### 0.3.1 (2026-01-01)\n- old\n", "### Unreleased\n\n### 0.4.0 (2026-04-21)\n- new\n### 0.3.1 (2026-01-01)\n- old\n"},
		{"underlined", "Unreleased\n==========\n- new\n\n0.3.1 (2026-01-01)\n==================\n- old\n", "Unreleased\n==========\n\n0.4.0 (2026-04-21)\n==================\n- new\n\n0.3.1 (2026-01-01)\n==================\n- old\n"},
		{"underlined, CRLF", "Unreleased\r\n---\r\n- new\r\n\r\nv0.3.1\r\n------\r\n- old\r\n", "Unreleased\r\n---\r\n\r\nv0.4.0 - 2026-04-21\r\n-------------------\r\n- new\r\n\r\nv0.3.1\r\n------\r\n- old\r\n"},
		{"with a word", "## Unreleased\n- new\n## Version 0.3.1\n- old\n", "## Unreleased\n\n## Version 0.4.0 - 2026-04-21\n- new\n## Version 0.3.1\n- old\n"},
		{"with the crate's name", "## Unreleased\n- new\n## b 0.9.0\n- x\n## a v0.3.1 (2026-01-01)\n- old\n", "## Unreleased\n\n## a v0.4.0 (2026-04-21)\n- new\n## b 0.9.0\n- x\n## a v0.3.1 (2026-01-01)\n- old\n"},
		{"like a tag", "## Unreleased\n- new\n## [a-v0.3.1]\n- old\n", "## Unreleased\n\n## [a-v0.4.0] - 2026-04-21\n- new\n## [a-v0.3.1]\n- old\n"},
		{"the other crate has the version", "## Unreleased\n- new\n## b 0.4.0\n- x\n## a 0.3.1\n- old\n", "## Unreleased\n\n## a 0.4.0 - 2026-04-21\n- new\n## b 0.4.0\n- x\n## a 0.3.1\n- old\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, notes, err := moved(tt.before, names, "0.4.0", "a/v0.4.0")
			if err != nil || got != tt.after || len(notes) > 0 {
				t.Errorf("got %q, %v, %q; want %q", got, err, notes, tt.after)
			}
		})
	}
}

func versionsOf(text string, names changelog.Names) []string {
	f, _ := changelog.Read([]byte(text), names)
	return f.Versions()
}
