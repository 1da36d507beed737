package changelog

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

type sectionTest struct{ name, markdown, want string }

var sections = []sectionTest{
	{
		"between two others",
		"# Changelog\n\n## [1.2.30]\n\n- no\n\n## [1.2.3] - 2024-01-01\n\n### Added\n\n- yes\n\n## [1.2.2]\n\n- no\n",
		"### Added\n\n- yes",
	},
	{"no line end at the end", "## 1.2.3\n- yes", "- yes"},
	{"ends at a level 1 heading", "## 1.2.3\n- yes\n# Other\n- no\n", "- yes"},
	{"of level 1, with parts of level 2", "# v1.2.4\n\n- no\n\n# v1.2.3\n\n## Features\n\n- yes\n\n## Bugfixes\n\n- and\n\n# v1.2.2\n- no\n", "## Features\n\n- yes\n\n## Bugfixes\n\n- and"},
	{"of level 3, before one of level 2", "### [1.2.3](https://x.io) (2024-01-01)\n\n#### Fixes\n\n- yes\n\n## [1.2.0](https://x.io)\n- no\n", "#### Fixes\n\n- yes"},
	{"of level 2, before one of level 3", "## 1.2.3\n\n### Fixes\n\n- yes\n\n### 1.2.2\n- no\n", "### Fixes\n\n- yes"},
	{"underlined", "TBD\n===\n- no\n\n1.2.3 (2024-09-08)\n==================\nText.\n\nFixes:\n\n* yes\n\n\n1.2.2 (2024-09-07)\n==================\n- no\n", "Text.\n\nFixes:\n\n* yes"},
	{"underlined, with parts", "Version 1.2.3\n===\n\nLanguage\n--------\n- yes\n\nVersion 1.2.2\n===\n- no\n", "Language\n--------\n- yes"},
	{"underlined, over two lines", "1.2.3\nthe great\n---\n- yes\n\n1.2.2\n---\n", "- yes"},
	{"a rule before the next", "# 1.2.3\n- yes\n\n---\n\n# 1.2.2\n- no\n", "- yes\n\n---"},
	{"blank lines and spaces", "## 1.2.3\n\n \t\n- yes  \n\n  - inner\n \n\n", "- yes  \n\n  - inner"},
	{"indented code first", "## 1.2.3\n\n    code\n", "    code"},
	{"CRLF and a byte order mark", "\ufeff## 1.2.3\r\n\r\n- yes\r\n- and\r\n\r\n## 1.2.2\r\n", "- yes\n- and"},
	{"CR alone", "## 1.2.3\r- yes\r## 1.2.2\r- no\r", "- yes"},
	{
		"headings in code blocks",
		"## 1.2.3\n```md\n## 1.2.3\n~~~\n``\n```\n~~~~ `x`\n## 2.0.0\n~~~\n~~~~~\n- yes\n## 1.2.2\n- no\n",
		"```md\n## 1.2.3\n~~~\n``\n```\n~~~~ `x`\n## 2.0.0\n~~~\n~~~~~\n- yes",
	},
	{"a code span is no code block", "## 1.2.3\n```code```\n- yes\n## 1.2.2\n```x\n```", "```code```\n- yes"},
	{"a fence closes without an info string only", "## 1.2.3\n```\n``` x\n## 1.2.2\n```\n", "```\n``` x\n## 1.2.2\n```"},
	{
		"code block in a list item",
		"## 1.2.3\n- ```\n  ## 1.2.2\n      ```\n  ```\n1. - ~~~\n     ## 1.2.2\n     ~~~\n- yes\n## 1.2.2\n- no\n",
		"- ```\n  ## 1.2.2\n      ```\n  ```\n1. - ~~~\n     ## 1.2.2\n     ~~~\n- yes",
	},
	{"code block that its list item ends", "## 1.2.3\n- ```\n  code\n## 1.2.2\n- no\n", "- ```\n  code"},
	{"code block that its quote ends", "## 1.2.3\n> ```\n> code\n## 1.2.2\n- no\n", "> ```\n> code"},
	{"code block below the text of its list item", "## 1.2.3\n10. item\n\n    ```\n    ## 1.2.2\n    ```\n- yes\n## 1.2.2\n", "10. item\n\n    ```\n    ## 1.2.2\n    ```\n- yes"},
	{"heading in a list item", "## 1.2.3\n- item\n\n  ## 1.2.3\n\n  text\n-\t## 1.2.3\n## 1.2.2\n- no\n", "- item\n\n  ## 1.2.3\n\n  text\n-\t## 1.2.3"},
	{"heading indented below no list", "## 1.2.3\n- yes\n\ntext\n\n  ## 1.2.2\n- no\n", "- yes\n\ntext"},
	{"a rule is no list", "## 1.2.3\n* * *\n  ```\n## 1.2.2\n  ```\n- yes\n## 1.2.2\n", "* * *\n  ```\n## 1.2.2\n  ```\n- yes"},
	{"comment in a list item", "## 1.2.3\n- yes\n- <!-- a\n  ## 1.2.3\n  -->\n- <!-- b\n## 1.2.2 -->\n", "- yes\n- <!-- a\n  ## 1.2.3\n  -->\n- <!-- b"},
	{"code block in a quote", "## 1.2.3\n> ```\n> code\n> ```\n> yes\n## 1.2.2\n", "> ```\n> code\n> ```\n> yes"},
	{"headings in a comment", "## 1.2.3\n- yes\n<!-- no\n## 1.2.3\n\n## 2.0.0 -->\n- and\n## 1.2.2\n", "- yes\n<!-- no\n## 1.2.3\n\n## 2.0.0 -->\n- and"},
	{"comment on one line", "<!-- x --> ```\n## 1.2.3\n<!-->\n- yes\n## 1.2.2\n<!--->", "<!-->\n- yes"},
	{"headings in HTML", "## 1.2.3\n<PRE class=x>\n## 1.2.2\n</pre>\n<prefix>\n\n- yes\n## 1.2.2\n", "<PRE class=x>\n## 1.2.2\n</pre>\n<prefix>\n\n- yes"},
	{"a code block alone", "## 1.2.3\n```\n\n```\n", "```\n\n```"},
	{
		"links, the file's last section",
		"## [1.2.3]\n- [a], [text][B  b], [C][], [![i][badge]][\u00c9], [inline](x), \\[esc], [x][missing]\n\n" +
			"[1.2.3]: <https://example.com/compare>\n[A]: https://a.example \"title\"\n[b B]: <b c> 'title'\n[c]: c\n[badge]: d (title)\n[\u00e9]: e\n[esc]: f\n[unused]: g\n",
		"- [a], [text][B  b], [C][], [![i][badge]][\u00c9], [inline](x), \\[esc], [x][missing]\n\n" +
			"[A]: https://a.example \"title\"\n[b B]: <b c> 'title'\n[c]: c\n[badge]: d (title)\n[\u00e9]: e",
	},
	{"links, defined far below", "## 1.2.3\nSee [#1].\n## 1.2.2\n- [#2]\n\n[#2]: two\n[#1]: one\n[#1]: other\n", "See [#1].\n\n[#1]: one"},
	{"links, defined above", "[a]: one\n\n## 1.2.3\nSee [a].\n", "See [a].\n\n[a]: one"},
	{"links, defined inside", "## 1.2.3\n[a]: one\n\nSee [a].\n", "See [a].\n\n[a]: one"},
	{"label in another case", "## 1.2.3\nSee [Stra\u00dfe].\n\n[STRASSE]: one\n", "See [Stra\u00dfe].\n\n[STRASSE]: one"},
	{"label over two lines", "## 1.2.3\nSee [the\nthing].\n\n[The Thing]: one\n", "See [the\nthing].\n\n[The Thing]: one"},
	{"footnotes", "## 1.2.3\nSee[^1].\n## 1.2.2\nNo[^2].\n\n[a]: x\n[^2]: two\n[^1]: one, see [a]\n", "See[^1].\n\n[a]: x\n[^1]: one, see [a]"},
	{"links, over several lines", "## 1.2.3\nSee [a], [b].\n\n[a]:\n  https://a.example\n[b]: https://b.example\n  'title'\n[c]: c\n", "See [a], [b].\n\n[a]:\n  https://a.example\n[b]: https://b.example\n  'title'"},
	{"footnote over several lines", "## 1.2.3\nSee[^1].\n\n[^1]: one,\n  and [more]\n[^2]: two\n\n[more]: x\n", "See[^1].\n\n[^1]: one,\n  and [more]\n[more]: x"},
	{"task list", "intro\n\n## 1.2.3\n- [ ] open\n- [x] done\n", "- [ ] open\n- [x] done"},
	{"text like a definition", "## 1.2.3\nSee\n[a]: one\n\n[Note]: not a link\n[b]: one \"two\n", "See\n[a]: one\n\n[Note]: not a link\n[b]: one \"two"},
	{"definitions in a code block", "## 1.2.3\n[a]\n```\n[a]: one\n```\n", "[a]\n```\n[a]: one\n```"},
}

// FuzzSection checks that every version in Versions has either notes or an error, and that
// notes are trimmed text that ends where the next section begins.
func FuzzSection(f *testing.F) {
	for _, tt := range slices.Concat(sections, flat) {
		f.Add([]byte(tt.markdown))
	}
	f.Fuzz(func(t *testing.T, markdown []byte) {
		list := versionsOf(markdown)
		for _, v := range list {
			notes, err := ReadSection(markdown, v)
			if err != nil {
				if notes != "" {
					t.Errorf("notes %q beside the error %v", notes, err)
				}
				if strings.Contains(err.Error(), "no heading") {
					t.Errorf("Versions has %q: %v", v, err)
				}
				continue
			}
			if notes == "" || !utf8.ValidString(notes) || strings.HasPrefix(notes, "\n") || strings.HasSuffix(notes, "\n") || strings.Contains(notes, "\r") {
				t.Errorf("notes of %s are not trimmed text: %q", v, notes)
			}
			if inner := versionsOf([]byte("# 0.0.0-first\n" + notes)); len(inner) > 1 {
				t.Errorf("notes of %s hold the sections %q: %q", v, inner[1:], notes)
			}
			if again, err := ReadSection([]byte("# "+v+"\n"+notes), v); err != nil || again != notes {
				t.Errorf("notes %q are read again as %q, %v", notes, again, err)
			}
		}
		if _, err := ReadSection(markdown, "0.0.0-absent"); err == nil && !slices.Contains(list, "0.0.0-absent") {
			t.Error("a version that is not there has notes")
		}
	})
}
