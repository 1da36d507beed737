package changelog

import (
	"fmt"
	"strings"
)

// scan splits markdown into lines and finds what each belongs to. Its error says
// where a block begins that never ends; the document is good up to there.
func scan(markdown string) (document, error) {
	markdown = strings.TrimPrefix(markdown, "\ufeff")
	markdown = strings.ReplaceAll(markdown, "\r\n", "\n")
	markdown = strings.ReplaceAll(markdown, "\r", "\n")
	var (
		doc  document
		s    scanner
		from int
	)
	for text := range strings.SplitSeq(markdown, "\n") {
		wasOpen := s.open
		doc = append(doc, s.line(text))
		if s.open != nil && s.open != wasOpen {
			from = len(doc)
		}
	}
	doc.define()
	if s.open != nil && s.open.base == 0 {
		return doc, fmt.Errorf("the %s that begins on line %d has no end, and hides every heading below; close it", s.open.name(), from)
	}
	return doc, nil
}

// scanner holds what is open at the end of a line.
type scanner struct {
	items []int  // the columns where the text of the open list items begins
	open  *block // nil outside
}

// line moves on over text.
func (s *scanner) line(text string) line {
	rest, column := trimIndent(text, 0)
	if s.open != nil && rest != "" && column < s.open.base {
		s.open = nil // the list item that holds it ends
	}
	if b := s.open; b != nil {
		if b.closedBy(rest, column) {
			s.open = nil
		}
		return line{text: text, kind: b.kind}
	}
	rest, column = s.enter(rest, column)
	if b := s.begin(rest, column); b != nil {
		if b.end == "" || !strings.Contains(strings.ToLower(rest), b.end) {
			s.open = b
		}
		return line{text: text, kind: b.kind}
	}
	return line{text: text, inItem: len(s.items) > 0}
}

// enter ends the list items that a line at column is not in, begins those that it
// begins, and returns what follows their markers.
func (s *scanner) enter(rest string, column int) (string, int) {
	if rest == "" {
		return rest, column
	}
	for len(s.items) > 0 && column < s.base() {
		s.items = s.items[:len(s.items)-1]
	}
	for column-s.base() <= 3 && !rule.MatchString(rest) {
		m := item.FindStringSubmatch(rest)
		if m == nil {
			break
		}
		after := column + len(m[1])
		rest, column = trimIndent(rest[len(m[1]):], after)
		if rest == "" || column > after+4 {
			s.items = append(s.items, after+1)
		} else {
			s.items = append(s.items, column)
		}
	}
	return rest, column
}

// begin returns the block that a line begins, or nil.
func (s *scanner) begin(rest string, column int) *block {
	if column-s.base() > 3 {
		return nil
	}
	return newBlock(rest, s.base())
}

// base is the column where the text of the innermost list item begins.
func (s *scanner) base() int {
	if len(s.items) == 0 {
		return 0
	}
	return s.items[len(s.items)-1]
}
