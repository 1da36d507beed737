package console

import (
	"net/url"
	"strings"
	"unicode"
)

// Markdown renders a value as plain words of GitHub's Markdown, in a paragraph, a list
// or a cell of a table: no link, no image, no HTML, no markup (GitHub Flavored Markdown,
// sections 2.4 and 6.9), but for an e-mail address, which GitHub links to itself.
func Markdown(s string) string {
	text := []rune(Inline(s))
	var b strings.Builder
	for i, r := range text {
		switch {
		case strings.ContainsRune("\\`*{}[]<>#|~&$!", r),
			i == 0 && strings.ContainsRune("-+=", r),
			r == '_' && !between(text, i),
			r == '/' && i > 0 && text[i-1] == ':', // https://…
			r == '.' && i >= 3 && strings.EqualFold(string(text[i-3:i]), "www"):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// NoMention is [Markdown] for words that GitHub shows where it would tell somebody that they
// are mentioned: no "@" of theirs begins a name. A backslash does not stop it, nor does a
// character reference: a space without width between them does.
func NoMention(s string) string { return strings.ReplaceAll(Markdown(s), "@", "@&#8203;") }

// between reports whether a letter or a digit stands on both sides: an underscore
// there is none that emphasises.
func between(text []rune, i int) bool {
	word := func(i int) bool {
		return i >= 0 && i < len(text) && (unicode.IsLetter(text[i]) || unicode.IsDigit(text[i]))
	}
	return word(i-1) && word(i+1)
}

// Code renders a value as code within a line of Markdown, or within a cell of a table.
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

// Link renders the address of a page as a link, and anything else as [Code].
func Link(address string) string {
	u, err := url.Parse(address)
	odd := strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>\"'\\`|[]{}^", r) })
	if err != nil || odd || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return Code(address)
	}
	return "<" + address + ">"
}

// Fence renders a text of several lines as a block of Markdown that shows them as they
// are, in a language that is one of ours. Nothing in it ends the block.
func Fence(language, s string) Lines {
	text := Clean(strings.TrimRight(lineEnds.Replace(s), "\n"))
	ticks := strings.Repeat("`", max(3, longestRun(text)+1))
	return Lines(ticks + language + "\n" + text + "\n" + ticks + "\n")
}

// longestRun is the length of the longest run of backticks.
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

// Label renders values for a quoted label of a Mermaid diagram, a line for each: what
// could leave the label, or be a directive or markup in it, becomes Mermaid's code for
// the character.
func Label(values ...string) string {
	lines := make([]string, len(values))
	for i, v := range values {
		lines[i] = label.Replace(Inline(v))
	}
	return strings.Join(lines, "<br>")
}

var label = strings.NewReplacer("#", "#35;", `"`, "#quot;", "`", "'", "<", "#lt;", ">", "#gt;", "&", "#amp;", "%", "#37;", "{", "#123;", "}", "#125;", `\`, "#92;", ";", "#59;")
