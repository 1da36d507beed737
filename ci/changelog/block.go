package changelog

import (
	"regexp"
	"strings"
)

var (
	fence = regexp.MustCompile("^(`{3,})[^`]*$|^(~{3,})")
	html  = regexp.MustCompile(`(?i)^<(?:!--|(pre|script|style|textarea)(?:[ \t>]|$))`)
	// item is the marker of a list item (CommonMark 0.31.2, section 5.2), and rule a
	// thematic break (4.1), which may look like one.
	item = regexp.MustCompile(`^([-+*]|[0-9]{1,9}[.)])(?:[ \t]|$)`)
	rule = regexp.MustCompile(`^(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,})$`)
)

// block is a fenced code block (CommonMark 0.31.2, section 4.5) or a block of HTML
// that blank lines do not end (section 4.6, conditions 1 and 2). Those in block
// quotes are of no interest: their lines begin with > anyway.
type block struct {
	kind  kind
	fence string // what opened the code block, such as "```"
	end   string // what ends the HTML, in lower case
	base  int    // the column where the list item that holds it begins, or 0
}

// newBlock returns the block at base that begins with rest, or nil.
func newBlock(rest string, base int) *block {
	if m := fence.FindStringSubmatch(rest); m != nil {
		return &block{kind: verbatim, fence: m[1] + m[2], base: base}
	}
	m := html.FindStringSubmatch(rest)
	switch {
	case m == nil:
		return nil
	case m[1] == "":
		return &block{kind: comment, end: "-->", base: base}
	}
	return &block{kind: verbatim, end: "</" + strings.ToLower(m[1]) + ">", base: base}
}

func (b *block) name() string {
	switch {
	case b.fence != "":
		return "code block"
	case b.kind == comment:
		return "comment"
	}
	return "HTML block"
}

// closedBy reports whether a line is the last of b.
func (b *block) closedBy(rest string, column int) bool {
	if b.end != "" {
		return strings.Contains(strings.ToLower(rest), b.end)
	}
	return column-b.base <= 3 && strings.HasPrefix(rest, b.fence) && strings.Trim(rest, b.fence[:1]+" \t") == ""
}
