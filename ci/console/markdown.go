package console

import (
	"net/url"
	"strings"
	"unicode"
)

// Markdown escapes a value as plain text of GitHub's Markdown, in a paragraph, a list or a
// table cell: no links, images, HTML or other markup (GitHub Flavored Markdown, sections
// 2.4 and 6.9). GitHub still turns an e-mail address into a link.
func Markdown(s string) string {
	text := []rune(Inline(s))
	var b strings.Builder
	for i, r := range text {
		switch {
		case strings.ContainsRune("\\`*{}[]<>#|~&$!", r),
			i == 0 && strings.ContainsRune("-+=", r),
			r == '_' && !between(text, i),
			r == '/' && i > 0 && text[i-1] == ':', // part of a URL
			r == '.' && i >= 3 && strings.EqualFold(string(text[i-3:i]), "www"):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// NoMention is like [Markdown] for text in places where GitHub notifies people who are
// mentioned: no "@" in it begins a name. Neither a backslash nor a character reference
// prevents that, but a zero-width space does.
func NoMention(s string) string { return strings.ReplaceAll(Markdown(s), "@", "@&#8203;") }

// between reports whether there is a letter or a digit on both sides: there an underscore
// is not emphasis.
func between(text []rune, i int) bool {
	word := func(i int) bool {
		return i >= 0 && i < len(text) && (unicode.IsLetter(text[i]) || unicode.IsDigit(text[i]))
	}
	return word(i-1) && word(i+1)
}

// Code renders a value as inline code in Markdown, also in a table cell.
func Code(s string) string {
	text := strings.ReplaceAll(Inline(s), "|", `\|`)
	if text == "" {
		return ""
	}
	ticks := strings.Repeat("`", longestRun(text)+1)
	if len(ticks) > 1 {
		text = " " + text + " "
	}
	return ticks + text + ticks
}

// Link renders the URL of a page as a link, and anything else as [Code].
func Link(address string) string {
	u, err := url.Parse(address)
	odd := strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>\"'\\`|[]{}^", r) })
	if err != nil || odd || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return Code(address)
	}
	return "<" + address + ">"
}

// Fence renders a text of several lines as a Markdown code block, which nothing in the text
// can close. The language must be trusted.
func Fence(language, s string) Lines {
	text := Clean(strings.TrimRight(lineEnds.Replace(s), "\n"))
	ticks := strings.Repeat("`", max(3, longestRun(text)+1))
	return Lines(ticks + language + "\n" + text + "\n" + ticks + "\n")
}

// longestRun returns the length of the longest run of backticks.
func longestRun(s string) int {
	longest, run := 0, 0
	for _, r := range s {
		if run++; r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// Label renders values for a quoted label of a Mermaid diagram, one per line. Characters
// that could end the label, or be a directive or markup, become Mermaid's codes for them.
func Label(values ...string) string {
	lines := make([]string, len(values))
	for i, v := range values {
		lines[i] = label.Replace(Inline(v))
	}
	return strings.Join(lines, "<br>")
}

var label = strings.NewReplacer("#", "#35;", `"`, "#quot;", "`", "'", "<", "#lt;", ">", "#gt;", "&", "#amp;", "%", "#37;", "{", "#123;", "}", "#125;", `\`, "#92;", ";", "#59;")
