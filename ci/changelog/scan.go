package changelog

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// scan parses a changelog into blocks. It returns an error if a block is never closed, with
// the line where it begins; the document has the headings up to there.
func scan(markdown string, crates owners) (document, error) {
	markdown = strings.TrimPrefix(markdown, "\ufeff")
	markdown = strings.ReplaceAll(markdown, "\r\n", "\n")
	markdown = strings.ReplaceAll(markdown, "\r", "\n")
	s := &scanner{source: []byte(markdown)}
	for at, text := 0, ""; at <= len(markdown); at += len(text) + 1 {
		text, _, _ = strings.Cut(markdown[at:], "\n")
		s.doc.lines, s.starts = append(s.doc.lines, text), append(s.starts, at)
	}
	root, err := s.parse()
	if err != nil {
		return document{}, err
	}
	var last ast.Node
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		if len(s.doc.headings) == maxHeadings {
			return s.doc, fmt.Errorf("it has more than %d headings", maxHeadings)
		}
		s.add(n, crates)
		last = n
	}
	s.doc.adoptIntroduced()
	if what := s.open(last); what != "" {
		return s.doc, fmt.Errorf("the %s that begins on line %d has no end, and hides every heading below; close it", what, s.line(last.Pos())+1)
	}
	return s.doc, nil
}

type scanner struct {
	source []byte
	starts []int // offsets of the lines
	doc    document
	above  [7]owner // the crate named by the last heading of each level
}

// line returns the line of an offset.
func (s *scanner) line(offset int) int { return sort.SearchInts(s.starts, offset+1) - 1 }

// parse builds goldmark's tree of blocks. Inline content is not parsed.
func (s *scanner) parse() (root ast.Node, err error) {
	p := parser.NewParser(
		parser.WithBlockParsers(parser.DefaultBlockParsers()...),
		parser.WithParagraphTransformers(util.Prioritized(s, 100)),
	)
	defer func() {
		if wrong := recover(); wrong != nil {
			err = fmt.Errorf("parsing it as Markdown: %v", wrong)
		}
	}()
	return p.Parse(&bounded{Reader: text.NewReader(s.source), left: work}), nil
}

// work is how often the parser may look at a line: several times what the largest ordinary
// changelog needs.
const work = 10_000_000

// maxHeadings is how many headings a changelog may have.
const maxHeadings = 50_000

var errWork = errors.New("its blocks are nested too deep for its size: flatten its lists and quotes")

// bounded is a reader that stops a parser that works too long: the cost of deeply nested
// blocks grows with their number of lines.
type bounded struct {
	text.Reader
	left int
}

func (b *bounded) PeekLine() ([]byte, text.Segment) {
	line, segment := b.Reader.PeekLine()
	if b.left -= 1 + len(line)/32; b.left < 0 {
		panic(errWork)
	}
	return line, segment
}

// add adds a top-level block to the document.
func (s *scanner) add(n ast.Node, crates owners) {
	switch n := n.(type) {
	case *ast.Heading:
		s.addHeading(n, crates)
		return
	case *ast.HTMLBlock:
		if n.HTMLBlockType == ast.HTMLBlockType2 {
			return
		}
	case *ast.ThematicBreak:
		return
	case *ast.List:
		s.addItems(n, crates)
	}
	s.doc.notesOn = append(s.doc.notesOn, s.line(n.Pos()))
}

// addHeading adds a heading, with the crate named by the headings above it.
func (s *scanner) addHeading(n *ast.Heading, crates owners) {
	h := Heading{Line: s.line(n.Pos()), Level: n.Level}
	h.End = h.Line + 1
	if lines := n.Lines(); lines.Len() > 0 {
		first := lines.At(0)
		h.Text = strings.TrimSpace(string(first.Value(s.source)))
		if h.Underlined = s.source[n.Pos()] != '#' || first.Start <= n.Pos(); h.Underlined {
			h.End = s.line(lines.At(lines.Len()-1).Start) + 2
		}
	}
	h.parse(crates)
	for level := range h.Level {
		h.below = cmp.Or(s.above[level], h.below)
	}
	s.above[h.Level] = h.crate
	clear(s.above[h.Level+1:])
	s.doc.headings = append(s.doc.headings, h)
}

// ends matches what closes the HTML blocks that blank lines do not (CommonMark 0.31.2,
// section 4.6).
var ends = map[ast.HTMLBlockType]*regexp.Regexp{
	ast.HTMLBlockType1: regexp.MustCompile(`(?i)</(?:pre|script|style|textarea)>`),
	ast.HTMLBlockType2: regexp.MustCompile(`-->`),
	ast.HTMLBlockType3: regexp.MustCompile(`\?>`),
	ast.HTMLBlockType4: regexp.MustCompile(`>`),
	ast.HTMLBlockType5: regexp.MustCompile(`]]>`),
}

// open describes the last block of a document if it is never closed, else "".
func (s *scanner) open(last ast.Node) string {
	switch n := last.(type) {
	case *ast.FencedCodeBlock:
		end := s.starts[s.line(n.Pos())] + len(s.doc.lines[s.line(n.Pos())])
		if lines := n.Lines(); lines.Len() > 0 {
			end = lines.At(lines.Len() - 1).Stop
		}
		if end >= len(s.source) || end == len(s.source)-1 && s.source[end] == '\n' {
			return "code block"
		}
	case *ast.HTMLBlock:
		first := n.Lines().At(0)
		end := ends[n.HTMLBlockType]
		if end == nil || n.HasClosure() || end.Match(first.Value(s.source)) {
			return ""
		}
		if n.HTMLBlockType == ast.HTMLBlockType2 {
			return "comment"
		}
		return "HTML block"
	}
	return ""
}
