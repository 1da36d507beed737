package changelog

import (
	"strings"

	"github.com/Masterminds/semver/v3"
)

// line is one line of a changelog without its line end, and what it belongs to.
type line struct {
	text   string
	kind   kind
	inItem bool   // in a list item, where a heading is not the document's
	def    string // the label that the line defines, or ""
}

type kind int

const (
	prose    kind = iota
	verbatim      // in a fenced code block or in HTML such as <pre>
	comment       // in an HTML comment
)

// heading returns the level and the text of an ATX heading (CommonMark 0.31.2,
// section 4.2), or level 0.
func (l line) heading() (level int, text string) {
	s, indent := trimIndent(l.text, 0)
	text = strings.TrimLeft(s, "#")
	level = len(s) - len(text)
	if l.kind != prose || l.inItem || indent > 3 || level < 1 || level > 6 || text != "" && !strings.ContainsAny(text[:1], " \t") {
		return 0, ""
	}
	text = strings.TrimSpace(text)
	if open := strings.TrimRight(text, "#"); open == "" || strings.ContainsAny(open[len(open)-1:], " \t") {
		text = strings.TrimSpace(open)
	}
	return level, text
}

// version returns the version whose heading the line is, or "".
func (l line) version() string {
	level, text := l.heading()
	if level != 2 {
		return ""
	}
	name := text
	if inner, ok := strings.CutPrefix(text, "["); ok {
		var rest string
		if name, rest, ok = strings.Cut(inner, "]"); !ok || glued(rest) {
			return ""
		}
	} else if fields := strings.Fields(text); len(fields) > 0 {
		name = strings.TrimSuffix(fields[0], ":")
	}
	name = strings.TrimPrefix(name, "v")
	if _, err := semver.StrictNewVersion(name); err != nil {
		return ""
	}
	return name
}

// glued reports whether what follows a closing bracket goes on with the version,
// as in [1.0.0]-rc.1, instead of a date or a link.
func glued(rest string) bool {
	rest = strings.TrimLeft(rest, "-+.")
	return rest != "" && ('0' <= rest[0] && rest[0] <= '9' || 'a' <= rest[0]|0x20 && rest[0]|0x20 <= 'z')
}

// endsSection reports whether the line is a heading of level 1 or 2.
func (l line) endsSection() bool {
	level, _ := l.heading()
	return level == 1 || level == 2
}

// isNote reports whether the line says something about a release.
func (l line) isNote() bool {
	level, _ := l.heading()
	return l.kind != comment && l.def == "" && level == 0 && !l.blank()
}

func (l line) blank() bool { return strings.TrimSpace(l.text) == "" }

// trimIndent returns s, which begins at column, without its leading spaces and
// tabs, and the column where the rest begins; a tab goes on to the next multiple
// of 4.
func trimIndent(s string, column int) (rest string, at int) {
	for i := range len(s) {
		switch s[i] {
		case ' ':
			column++
		case '\t':
			column += 4 - column%4
		default:
			return s[i:], column
		}
	}
	return "", column
}
