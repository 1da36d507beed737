package changelog

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// definition is a link reference definition (CommonMark 0.31.2, section 4.7) or a footnote
// definition (GitHub Flavored Markdown).
type definition struct {
	label      string // normalised by goldmark
	footnote   bool
	first, end int // from line first up to, not including, line end
}

var (
	linkForm = regexp.MustCompile(`^ {0,3}\[((?:[^\\\[\]]|\\.)+)\]:[ \t]*\n?[ \t]*(?:<[^<>\n]*>|[^\s<]\S*)` +
		`(?:[ \t]*(?:[ \t]|\n)[ \t]*(?:"[^"]*"|'[^']*'|\([^()]*\)))?[ \t]*$`)
	footnoteForm = regexp.MustCompile(`^ {0,3}\[(\^[^\\\[\]\s]+)\]:`)
	// labelForm matches the start of a definition. It also ends a footnote, although strictly
	// such a line would continue the footnote's text.
	labelForm = regexp.MustCompile(`^ {0,3}\[(?:[^\\\[\]]|\\.)+\]:`)

	// reference matches text in brackets, which may be the label of a link.
	reference = regexp.MustCompile(`\\.|\[((?:[^\\\[\]]|\\.)+)\]`)
)

// Transform removes link definitions from the start of a top-level paragraph, before an
// underline can turn them into a heading. It replaces goldmark's own transformer, which
// takes quadratic time. It implements [parser.ParagraphTransformer].
func (s *scanner) Transform(node *ast.Paragraph, _ text.Reader, _ parser.Context) {
	if node.Parent().Kind() != ast.KindDocument {
		return
	}
	lines := node.Lines()
	first := s.line(lines.At(0).Start)
	end := s.line(lines.At(lines.Len()-1).Start) + 1
	at := first
	for at < end {
		d := s.definition(at, end)
		if d.end == 0 {
			break
		}
		s.doc.defs = append(s.doc.defs, d)
		at = d.end
	}
	switch at {
	case first:
	case end:
		node.Parent().RemoveChild(node.Parent(), node)
	default:
		lines.SetSliced(at-first, lines.Len())
		node.SetPos(lines.At(0).Start)
	}
}

// maxDefinition is how many lines a link definition may have: label, destination, title.
const maxDefinition = 3

// definition returns the definition that begins on line at and ends by line end. Its end is
// 0 if there is none.
func (s *scanner) definition(at, end int) definition {
	if m := footnoteForm.FindStringSubmatch(s.doc.lines[at]); m != nil {
		last := at + 1
		for last < end && !labelForm.MatchString(s.doc.lines[last]) {
			last++
		}
		return definition{label: util.ToLinkReference([]byte(m[1])), footnote: true, first: at, end: last}
	}
	if !strings.Contains(s.doc.lines[at], "]:") {
		return definition{}
	}
	for n := min(maxDefinition, end-at); n > 0; n-- {
		if m := linkForm.FindStringSubmatch(strings.Join(s.doc.lines[at:at+n], "\n")); m != nil {
			return definition{label: util.ToLinkReference([]byte(m[1])), first: at, end: at + n}
		}
	}
	return definition{}
}

// definitionOn returns the index of the definition that begins on a line, or -1.
func (doc *document) definitionOn(line int) int {
	i, found := slices.BinarySearchFunc(doc.defs, line, func(d definition, l int) int { return cmp.Compare(d.first, l) })
	if !found {
		return -1
	}
	return i
}

// used returns the definitions that notes need, in file order. The first definition of a
// label counts.
func (doc *document) used(notes string) []definition {
	first := map[string]int{}
	for i, d := range slices.Backward(doc.defs) {
		first[d.label] = i
	}
	needed := map[int]bool{}
	for todo := []string{notes}; len(todo) > 0; todo = todo[1:] {
		for _, label := range references(todo[0]) {
			i, defined := first[label]
			if !defined || needed[i] {
				continue
			}
			needed[i] = true
			todo = append(todo, strings.Join(doc.lines[doc.defs[i].first:doc.defs[i].end], "\n")) // a footnote may use further definitions
		}
	}
	var list []definition
	for i, d := range doc.defs {
		if needed[i] {
			list = append(list, d)
		}
	}
	return list
}

// references returns the labels that links in text may refer to. Any text in brackets
// counts, because a superfluous definition is not rendered.
func references(text string) []string {
	var labels []string
	for _, m := range reference.FindAllStringSubmatch(text, -1) {
		if m[1] != "" {
			labels = append(labels, util.ToLinkReference([]byte(m[1])))
		}
	}
	return labels
}
