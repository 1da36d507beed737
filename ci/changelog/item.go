package changelog

import (
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// item is a list item that begins with a version. Only the document's top-level lists
// count.
type item struct {
	Heading
	indent int // of the item's content, in bytes
	end    int // the line after the item
}

// maxItems is how many items are kept.
const maxItems = maxHeadings

// addItems adds the items of a list that begin with a version, optionally followed by its
// date.
func (s *scanner) addItems(list *ast.List, crates owners) {
	for n := list.FirstChild(); n != nil && len(s.doc.items) < maxItems; n = n.NextSibling() {
		first := n.FirstChild()
		if first == nil || first.Kind() != ast.KindTextBlock && first.Kind() != ast.KindParagraph || first.Lines().Len() == 0 {
			continue
		}
		segment := first.Lines().At(0)
		i := item{end: s.end(n)}
		i.Line, i.Text = s.line(segment.Start), strings.TrimSpace(string(segment.Value(s.source)))
		i.End, i.indent = i.Line+1, segment.Start-s.starts[i.Line]
		if i.parse(crates); len(i.releases) > 0 && !i.more {
			s.doc.items = append(s.doc.items, i)
		}
	}
}

// end returns the line after an item of a top-level list.
func (s *scanner) end(n ast.Node) int {
	next := n.NextSibling()
	if next == nil {
		next = n.Parent().NextSibling()
	}
	if next == nil {
		return len(s.doc.lines)
	}
	return s.line(next.Pos())
}

// itemOf returns the notes of a version that is a list item: the rest of that item. It
// returns false if any heading names a version, or if two items name v.
func (doc *document) itemOf(v string) (Section, bool) {
	if slices.ContainsFunc(doc.headings, func(h Heading) bool { return len(h.releases)+len(h.short) > 0 }) {
		return Section{}, false
	}
	var found []item
	for _, who := range []owner{ours, nobody} {
		for _, i := range doc.items {
			if i.of(v, who) {
				found = append(found, i)
			}
		}
		if len(found) > 0 {
			break
		}
	}
	if len(found) != 1 {
		return Section{}, false
	}
	text := doc.within(found[0])
	return Section{Text: text, Line: found[0].Line + 1, Named: found[0].of(v, ours)}, text != ""
}

// within returns the content of an item below its first line, with the indentation removed.
func (doc *document) within(i item) string {
	inner := document{defs: doc.defs}
	for n, line := range doc.lines {
		if i.End <= n && n < i.end {
			line = strings.TrimRight(line, " \t")
			if rest := strings.TrimLeft(line, " "); len(line)-len(rest) > i.indent {
				line = line[i.indent:]
			} else {
				line = strings.TrimPrefix(rest, "\t")
			}
		}
		inner.lines = append(inner.lines, line)
	}
	return inner.render(i.End, i.end)
}
