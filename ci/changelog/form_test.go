package changelog

import (
	"strings"
	"testing"
)

// TestOtherForms checks that versions are found that are not written as in the manifest:
// calendar versions, versions without their last number, list items.
func TestOtherForms(t *testing.T) {
	const list = "# History\n\n* 2.0.0 (2024-02-02)\n  * New.\n\n    Two lines, [one].\n  * More.\n* **v1.2.3** - 2024-01-01\n  - Old.\n* 1.0.0\n* 0.9.0: All in one line.\n* crate-b 0.8.0\n  - Of another.\n* Thanks.\n\n[one]: https://example.com\n"
	for name, tt := range map[string]struct{ markdown, version, want, err string }{
		"a calendar":                     {"# 25.07.1 (2025-07-18)\n- New.\n# 25.07 (2025-07-15)\n- Old.\n", "25.7.1", "- New.", ""},
		"a calendar, cut short":          {"# 25.07.1 (2025-07-18)\n- New.\n# 25.07 (2025-07-15)\n- Old.\n", "25.7.0", "- Old.", ""},
		"a year":                         {"## [v2025.01.02] - 2025-01-02\n- New.\n## 2025.1.2-rc.1\n- Old.\n", "2025.1.2", "- New.", ""},
		"a year, a candidate":            {"## 2025.01.02\n- New.\n## 2025.01.02-rc.1\n- Old.\n", "2025.1.2-rc.1", "- Old.", ""},
		"both ways":                      {"## 25.07.1\n- New.\n## 25.7.1\n- Old.\n", "25.7.1", "", "it has 2 headings"},
		"a leading zero, and no year":    {"## 1.02.3\n- New.\n", "1.2.3", "", "no heading"},
		"cut short":                      {"## Version 1.3\n- New.\n## 1.2 / 2024-01-01\n- Old.\n", "1.2.0", "- Old.", ""},
		"cut short, and in full":         {"# 1.2\n## 1.2.1\n- New.\n## 1.2.0\n- Old.\n", "1.2.0", "- Old.", ""},
		"cut short, of another":          {"## 1.2\n- New.\n", "1.2.1", "", "no heading"},
		"cut short, twice":               {"## 1.2\n- New.\n## v1.2\n- Old.\n", "1.2.0", "", "it has 2 headings"},
		"cut short, of a crate":          {"## crate-b 1.2\n- Of another.\n## crate-a 1.2\n- One.\n", "1.2.0", "- One.", ""},
		"an emoji by its name":           {"## :rocket: v1.2.3\n- New.\n## :tada::+1: 1.2.2\n- Old.\n", "1.2.2", "- Old.", ""},
		"an emoji by its name, first":    {"## :rocket: v1.2.3\n- New.\n## :tada: 1.2.2\n- Old.\n", "1.2.3", "- New.", ""},
		"a point after the v":            {"## v.1.2.3\n- New.\n## V.1.2.2 (2024-01-01)\n- Old.\n", "1.2.2", "- Old.", ""},
		"a point at the end":             {"## 1.2.3.\n- New.\n## v1.2.2-rc.1. Words.\n- Old.\n", "1.2.3", "- New.", ""},
		"a point at a candidate's end":   {"## 1.2.3.\n- New.\n## v1.2.2-rc.1. Words.\n- Old.\n", "1.2.2-rc.1", "- Old.", ""},
		"a numbered heading":             {"## 1.2.3\n- New.\n## 1.2. Words\n- More.\n", "1.2.0", "", "no heading"},
		"after a crate, in brackets":     {"## crate-b (1.2.3)\n- Of another.\n## crate-a (v1.2.3) - 2024-01-01\n- One.\n", "1.2.3", "- One.", ""},
		"in brackets after other words":  {"## Support (1.2.3)\n- New.\n", "1.2.3", "", "no heading"},
		"items":                          {list, "2.0.0", "* New.\n\n  Two lines, [one].\n* More.\n\n[one]: https://example.com", ""},
		"items, emphasis":                {list, "1.2.3", "- Old.", ""},
		"items, nothing in it":           {list, "1.0.0", "", "no heading"},
		"items, one line":                {list, "0.9.0", "", "no heading"},
		"items, of another crate":        {list, "0.8.0", "", "no heading"},
		"items below headings":           {"## 2.0.0\n- New.\n\n* 1.2.3\n  - Old.\n", "1.2.3", "", "the file has 2.0.0"},
		"items, twice":                   {"* 1.2.3\n  - New.\n* 1.2.3\n  - Old.\n", "1.2.3", "", "no heading"},
		"items within items":             {"* Releases\n  * 1.2.3\n    * New.\n", "1.2.3", "", "no heading"},
		"items in quotes":                {"> * 1.2.3\n>   * New.\n", "1.2.3", "", "no heading"},
		"items, a list of its own each":  {"- v1.2.3\n\n  Words.\n\nBetween.\n\n1. 1.2.2\n   - Old.\n", "1.2.3", "Words.", ""},
		"items, numbered and the last":   {"- v1.2.3\n\n  Words.\n\nBetween.\n\n1. 1.2.2\n   - Old.", "1.2.2", "- Old.", ""},
		"items, indented with tabs":      {"*\t1.2.3\n\t- New.\n\t- More.\n", "1.2.3", "- New.\n- More.", ""},
		"an item that only mentions one": {"- 1.2.3 is supported no more\n  - Since it is old.\n", "1.2.3", "", "no heading"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Read([]byte(tt.markdown), Names{Crate: "crate-a", Others: []string{"crate-b"}})
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.Section(tt.version)
			if got.Text != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %q, %v", got.Text, err)
			}
		})
	}
}
