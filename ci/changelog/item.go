package changelog

import (
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// item is an item of one of the document's lists that begins with a version.
type item struct {
	Heading
	indent int // of what stands below, in bytes
	end    int // the line after it
}

// maxItems is how many items are looked at.
const maxItems = maxHeadings

// addItems adds the items of a list that begin with a version and, at most, its date.
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

// end returns the line after an item of a list of the document.
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

// itemOf returns the notes of a version that is an item of a list, with what stands in the
// item. There is none where a heading names a version, or two items the same one.
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

// within returns what stands in an item below its first line, as a document of its own.
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
