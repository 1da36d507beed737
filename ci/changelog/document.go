package changelog

import (
	"slices"
	"strings"
)

// document is the lines of a changelog and its blocks.
type document struct {
	lines    []string // without line endings
	headings []Heading
	notesOn  []int // first lines of blocks that count as notes
	defs     []definition
	items    []item
}

// end returns the line where the section of a heading ends: at a heading of a higher level,
// at one of another version, or at one of its own level, unless the section is a release's
// and the heading only divides it (see [Heading.starts]).
func (doc *document) end(at int) int {
	h := doc.headings[at]
	divisible := h.names() || h.pending
	for _, next := range doc.headings[at+1:] {
		switch {
		case next.Level < h.Level, next.plain(), len(next.releases) > 0 && !h.plain():
			return next.Line
		case next.Level == h.Level && (!divisible || next.starts() || next.crate != nobody):
			return next.Line
		}
	}
	return len(doc.lines)
}

// notes returns the text of a heading's section, "" if it has no notes.
func (doc *document) notes(at int) string {
	first, end := doc.headings[at].End, doc.end(at)
	if !slices.ContainsFunc(doc.notesOn, func(line int) bool { return first <= line && line < end }) {
		return ""
	}
	return doc.render(first, end)
}

// crateBelow returns the heading in a version's section that is just the crate's name, or
// the version's heading itself if there is none.
func (doc *document) crateBelow(at int) int {
	end := doc.end(at)
	for i, h := range doc.headings {
		if i > at && h.Line < end && h.crate == ours {
			return i
		}
	}
	return at
}

// render returns lines first to end without definitions, followed by the definitions that
// they use, in file order.
func (doc *document) render(first, end int) string {
	var body []string
	for i := first; i < end; i++ {
		if d := doc.definitionOn(i); d >= 0 {
			i = doc.defs[d].end - 1
			continue
		}
		body = append(body, doc.lines[i])
	}
	for len(body) > 0 && strings.TrimSpace(body[0]) == "" {
		body = body[1:]
	}
	var b strings.Builder
	b.WriteString(strings.TrimRight(strings.Join(body, "\n"), " \t\n"))
	for i, d := range doc.used(b.String()) {
		if i == 0 {
			b.WriteByte('\n')
		}
		b.WriteString("\n" + strings.Join(doc.lines[d.first:d.end], "\n"))
	}
	return b.String()
}
