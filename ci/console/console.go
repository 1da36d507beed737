// Package console is the one door through which slipway's words reach a
// terminal, a log, or the summary and the outputs of a GitHub Actions job.
//
// Much of what slipway says holds text that others choose: names and keys of the
// workspace, the output of its tests, entries of archives, answers of servers.
// Such text is made visible and cannot be more than text:
//
//   - [Inline] is for a value within a line, [Line] for a line of another
//     program's output. Control characters, characters that reorder, hide or
//     take no room, and bytes that are no UTF-8 become escapes as Go writes
//     them: \x1b, \u202e. Neither can break a line.
//   - [Sprintf], [Fprintf] and [Errorf] treat every argument so: what a format
//     lays out, no argument can change.
//   - [Writer] treats every line that it passes on so, whatever came before: [Stdout]
//     and [Stderr], and with [TakeOver] what libraries print by themselves.
//
// No line is a workflow command. The Actions runner obeys ::command:: where a line
// begins with it, but for white space, and ##[command] anywhere in a line
// (actions/runner, ActionCommand.TryParseV2 and TryParse), and reads standard output
// and standard error alike. It can be told to stop for a while
// (::stop-commands::TOKEN), but only until someone says the token, for all that the
// job prints meanwhile, and with two streams that it reads at once there is no telling
// what it reads while. So each line is made harmless by itself, in Actions and
// elsewhere: its leading "::" becomes \x3a:, each "##[" becomes #\x23[. slipway has no
// workflow commands of its own; what it gives a job goes through the job's files, see
// [AddSummary] and [SetOutput].
package console

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longest is how many bytes of one value, or of one line of another program, are
// shown. It bounds what one of them can take of a log.
const longest = 16 << 10

// Inline makes a value one that stands within a line: everything in it that is no
// plain character is an escape, a newline too. One that is very long is cut and
// says so.
func Inline(s string) string { return bounded(s, false) }

// Line is Inline for a line of another program's output, without its end: it keeps
// tabs, and no workflow command begins it.
func Line(s string) string { return disarm(bounded(s, true)) }

// Clean makes a text of several lines safe line by line, as [Line] does. It cuts
// nothing.
func Clean(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = disarm(escape(line, true))
	}
	return strings.Join(lines, "\n")
}

// Marked renders another program's text within a message of ours: every line but
// the first begins with a mark that no line of ours has, so that it passes for none.
func Marked(s string) string {
	lines := strings.Split(strings.TrimRight(lineEnds.Replace(s), "\n"), "\n")
	for i, line := range lines {
		lines[i] = Line(line)
	}
	return strings.Join(lines, mark)
}

// Quoted is Marked with every line marked, for a text that begins on a line of its own.
func Quoted(s string) string {
	if s == "" {
		return ""
	}
	return mark[1:] + Marked(s)
}

// mark goes between the lines of a foreign text.
const mark = "\n  | "

// lineEnds has every end of a line as a newline: a carriage return, by which
// programs write over a line, would hide what was there.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// bounded escapes s, or as much of it as may be shown.
func bounded(s string, tabs bool) string {
	if len(s) <= longest {
		if text := escape(s, tabs); len(text) <= longest {
			return text
		}
	}
	const room = 64 // for what says that it is cut
	head := s[:min(len(s), longest)]
	end := sort.Search(len(head), func(n int) bool { return len(escape(head[:n+1], tabs)) > longest-room })
	for end > 0 && (!utf8.RuneStart(s[end]) || len(escape(s[:end], tabs)) > longest-room) {
		end--
	}
	return fmt.Sprintf("%s… (%d bytes more)", escape(s[:end], tabs), len(s)-end)
}

// escape makes everything in s visible, and breaks up "##[".
func escape(s string, tabs bool) string {
	if plainASCII(s) {
		return breakUp(s)
	}
	var b strings.Builder
	var before rune // the last one that was written as it is
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

// breakUp takes its meaning from "##[", which the runner looks for anywhere in a line.
func breakUp(s string) string { return strings.ReplaceAll(s, "##[", `#\x23[`) }

// disarm takes its meaning from a "::" that begins the line. What the runner
// takes for white space, so does unicode.IsSpace.
func disarm(line string) string {
	rest := strings.TrimLeftFunc(line, unicode.IsSpace)
	if !strings.HasPrefix(rest, "::") {
		return line
	}
	return line[:len(line)-len(rest)] + `\x3a` + rest[1:]
}

// plain reports whether r shows as what it is after the character before it. What
// has no shape of its own does not: controls, what reorders (Unicode, Bidi_Control),
// what is ignored where it is shown (Default_Ignorable_Code_Point; text is compared
// without it too, so that it could hide a command from us and not from the runner),
// spaces but for those of common languages, and what no one has assigned. An emoji
// may be made of several: after a symbol stand its variation selector and its joiner.
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
