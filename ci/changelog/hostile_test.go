package changelog

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestHostile checks that no changelog up to the largest size takes long to read or crashes
// the process: each is read, or refused with a reason.
func TestHostile(t *testing.T) {
	full := func(unit string) string { return strings.Repeat(unit, (MaxSize-100)/len(unit)) }
	nested := func(depth int) string {
		var b strings.Builder
		for i := range depth {
			b.WriteString(strings.Repeat("  ", i) + "- x\n")
		}
		return b.String()
	}
	fit := func(s string) string { return s[:min(len(s), MaxSize)] }
	for name, markdown := range map[string]string{
		"quotes in one line":           full(">"),
		"quotes with spaces":           full("> "),
		"quotes on every line":         full(strings.Repeat("> ", 500) + "x\n"),
		"lists in one line":            full("- "),
		"numbered lists in one line":   full("1. "),
		"list and quote in turn":       full("- > "),
		"items of the version":         full("* 1.2.3\n  x\n"),
		"nested lists":                 fit(nested(2800)),
		"nested lists, blank lines":    fit(nested(1000) + full("\n")),
		"nested lists, one long line":  fit(nested(1000) + full(" ")),
		"nested lists, many lines":     fit(nested(500) + full(strings.Repeat(" ", 1000)+"y\n")),
		"definitions":                  full("[a]: b\n"),
		"definitions that chain":       "## 1.2.3\n[^0]\n\n" + chain(80_000),
		"definitions over lines":       full("[a]:\nb\n(\n"),
		"labels that never close":      full("["),
		"labels that never close, 2":   full("[\n"),
		"labels over lines":            full("[a\n"),
		"titles that never close":      full("[a]: b\n\"x\n"),
		"headings":                     full("# 1\n"),
		"headings of the version":      full("# 1.2.3\n"),
		"headings of crates":           full("# crate-a\n"),
		"headings of words":            "# " + full("a "),
		"headings of joints":           "# 1.2.3 " + full("/ "),
		"a heading of brackets":        "# " + full("[]"),
		"a heading of open brackets":   "# " + full("["),
		"a heading of open tags":       "# " + full("<"),
		"a heading of hashes":          "# " + full(" #"),
		"underlined headings":          full("1.2.3\n===\n"),
		"a paragraph, then underlined": full("a\n") + "===",
		"long version":                 "# " + full("1"),
		"many words of a version":      "# " + full("1.2.3-"),
		"open code blocks in lists":    full("- ```\n"),
		"fences":                       full("```\n"),
		"fences that grow":             fit(strings.Repeat("`", 3) + "\n" + full("``` x\n")),
		"comments":                     full("<!-- -->\n"),
		"open comments":                full("<!--\n"),
		"tags":                         full("<a b=\"c\">\n"),
		"open tags":                    full("<a b=\"\n"),
		"HTML":                         full("<pre>\n"),
		"setext and lists":             full("- a\n  ===\n"),
		"tabs":                         full("\t"),
		"tabs in lists":                full("-\t"),
		"blank lines":                  full("\n"),
		"carriage returns":             full("\r"),
		"backslashes":                  full("\\"),
		"emphasis":                     full("*_"),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			f, err := Read([]byte(markdown), workspaceNames)
			if err == nil {
				_, err = f.Section("1.2.3")
			}
			took := time.Since(start)
			t.Logf("%s in %s: %.200v", name, took.Round(time.Millisecond), err)
			if took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// chain returns footnotes that each refer to the next.
func chain(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "[^%d]: [^%d]\n", i, i+1)
	}
	return b.String()
}

func TestTooLarge(t *testing.T) {
	if _, err := Read([]byte(strings.Repeat("x", MaxSize+1)), Names{}); err == nil || !strings.Contains(err.Error(), "expected at most") {
		t.Errorf("got %v", err)
	}
}
