// Package console is the only way by which slipway's output reaches a terminal, a log, or
// the summary and outputs of a GitHub Actions job.
//
// Much of that output contains text that others control: names and keys of the workspace,
// the output of its tests, archive entries, responses of servers. Such text is escaped so
// that it is nothing but text:
//
//   - [Inline] is for a value within a line, [Line] for a line of another program's output.
//     Control characters, characters that reorder, hide or have no width, and invalid UTF-8
//     become Go escapes: \x1b, \u202e. Neither can break a line.
//   - [Sprintf], [Fprintf] and [Errorf] escape every argument, so that no argument can
//     change the layout of the format.
//   - [Writer] escapes every line it passes on, whatever came before: [Stdout] and [Stderr],
//     and with [TakeOver] also what libraries print.
//
// No line is a workflow command. The Actions runner obeys ::command:: at the start of a
// line, after white space, and ##[command] anywhere in a line (actions/runner,
// ActionCommand.TryParseV2 and TryParse), on standard output and standard error alike. It
// can be told to stop (::stop-commands::TOKEN), but only until something prints the token,
// and for everything the job prints meanwhile; with two streams read at once it is also
// unclear what that covers. So every line is made harmless by itself, in Actions and
// elsewhere: a leading "::" becomes \x3a:, and each "##[" becomes #\x23[. slipway issues no
// workflow commands; what it passes to a job goes through the job's files, see [AddSummary]
// and [SetOutput].
package console

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longest is how many bytes are shown of one value or of one line of another program, so
// that none can flood a log.
const longest = 16 << 10

// Inline escapes a value for use within a line: every character that is not plain,
// including a newline, becomes an escape. A very long value is truncated and says so.
func Inline(s string) string { return bounded(s, false) }

// Line escapes a line of another program's output, given without its line ending. It keeps
// tabs, and the result is not a workflow command.
func Line(s string) string { return disarm(bounded(s, true)) }

// Clean escapes every line of a text as [Line] does, without truncating any.
func Clean(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = disarm(escape(line, true))
	}
	return strings.Join(lines, "\n")
}

// Marked renders another program's text within one of slipway's messages: every line but
// the first begins with a mark that slipway's own lines never have, so that none can pass
// for one.
func Marked(s string) string {
	lines := strings.Split(strings.TrimRight(lineEnds.Replace(s), "\n"), "\n")
	for i, line := range lines {
		lines[i] = Line(line)
	}
	return strings.Join(lines, mark)
}

// Quoted is like Marked with the first line marked too, for text that begins on a new line.
func Quoted(s string) string {
	if s == "" {
		return ""
	}
	return mark[1:] + Marked(s)
}

// mark separates the lines of another program's text.
const mark = "\n  | "

// lineEnds turns every line ending into a newline. A carriage return would hide text,
// because programs use it to overwrite a line.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// bounded escapes s, truncated to what may be shown.
func bounded(s string, tabs bool) string {
	if len(s) <= longest {
		if text := escape(s, tabs); len(text) <= longest {
			return text
		}
	}
	const room = 64 // for the note that it is truncated
	head := s[:min(len(s), longest)]
	end := sort.Search(len(head), func(n int) bool { return len(escape(head[:n+1], tabs)) > longest-room })
	for end > 0 && (!utf8.RuneStart(s[end]) || len(escape(s[:end], tabs)) > longest-room) {
		end--
	}
	return fmt.Sprintf("%s… (%d bytes more)", escape(s[:end], tabs), len(s)-end)
}

// escape makes every character of s visible, and breaks up "##[".
func escape(s string, tabs bool) string {
	if plainASCII(s) {
		return breakUp(s)
	}
	var b strings.Builder
	var before rune // the last rune written unescaped
	for i := 0; i < len(s); {
		r, width := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && width == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
			before = 0
		case r == '\t' && tabs, plain(before, r):
			b.WriteRune(r)
			before = r
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
			before = 0
		}
		i += width
	}
	return breakUp(b.String())
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// breakUp disables "##[", which the runner looks for anywhere in a line.
func breakUp(s string) string { return strings.ReplaceAll(s, "##[", `#\x23[`) }

// disarm disables a "::" at the start of a line. The runner's notion of white space is that
// of unicode.IsSpace.
func disarm(line string) string {
	rest := strings.TrimLeftFunc(line, unicode.IsSpace)
	if !strings.HasPrefix(rest, "::") {
		return line
	}
	return line[:len(line)-len(rest)] + `\x3a` + rest[1:]
}

// plain reports whether r is displayed as itself after the rune before it. Not plain are
// control characters, characters that reorder text (Unicode, Bidi_Control), characters that
// are not displayed (Default_Ignorable_Code_Point; string comparison may ignore them too,
// so they could hide a command from slipway but not from the runner), unusual spaces, and
// unassigned code points. An emoji may consist of several runes: a variation selector and a
// joiner may follow a symbol.
func plain(before, r rune) bool {
	switch {
	case r == '\u00a0' || r == '\u3000':
		return true
	case r == emojiStyle:
		return unicode.In(before, unicode.So, unicode.Sk)
	case r == joiner:
		return before == emojiStyle || unicode.In(before, unicode.So, unicode.Sk)
	case unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return false
	}
	return unicode.IsPrint(r)
}

const (
	emojiStyle = '\ufe0f' // VARIATION SELECTOR-16
	joiner     = '\u200d' // ZERO WIDTH JOINER
)
