package tomlfile

import (
	"bytes"
	"fmt"
)

// scanner scans a file once and counts. It does not detect malformed input: the parser stops
// there, and up to that point both read the same.
type scanner struct {
	text   []byte
	pos    int
	line   int
	tables int
	values int

	header   int   // number of parts of the current [table]'s key
	inHeader bool  // between a header's brackets
	key      int   // number of parts of the current key, or of the current value's
	open     []int // number of key parts before each open bracket or brace
	sum      int   // of open
	started  bool  // the line has content before this
}

func (s *scanner) scan() error {
	for s.key = 1; s.pos < len(s.text); {
		if err := s.next(); err != nil {
			return err
		}
		if depth := s.header + s.sum + s.key; depth > MaxDepth {
			return fmt.Errorf("line %d: keys and values nest deeper than %d", s.line, MaxDepth)
		}
		if s.tables > MaxTables {
			return fmt.Errorf("line %d: it has more than %d tables", s.line, MaxTables)
		}
		if s.values > MaxValues {
			return fmt.Errorf("line %d: it has more than %d values", s.line, MaxValues)
		}
	}
	return nil
}

// next reads one character, or a whole string or comment.
func (s *scanner) next() error {
	c := s.text[s.pos]
	switch c {
	case '"', '\'':
		s.str(c)
		s.started = true
		return nil
	case '#':
		if end := bytes.IndexByte(s.text[s.pos:], '\n'); end >= 0 {
			s.pos += end
		} else {
			s.pos = len(s.text)
		}
		return nil
	case '.':
		s.key++
		s.tables++
	case '[', '{':
		s.begin(c)
	case ']', '}':
		s.end()
	case '=':
		s.values++
	case ',':
		s.key = 1
		s.values++
	case '\n':
		s.newline()
		return nil
	}
	s.started = s.started || c != ' ' && c != '\t' && c != '\r'
	s.pos++
	return nil
}

func (s *scanner) begin(c byte) {
	switch {
	case c == '[' && len(s.open) == 0 && (!s.started || s.inHeader):
		s.inHeader, s.header, s.key = true, 0, 1
		s.tables++
	default:
		s.open = append(s.open, s.key)
		s.sum += s.key
		s.key = 1
		if c == '{' {
			s.tables++
		}
	}
}

func (s *scanner) end() {
	switch last := len(s.open) - 1; {
	case s.inHeader:
		s.header, s.key = s.key, 0
		s.inHeader = false
	case last >= 0:
		s.key = s.open[last]
		s.sum -= s.key
		s.open = s.open[:last]
	}
}

func (s *scanner) newline() {
	s.pos++
	s.line++
	s.started, s.inHeader = false, false
	if len(s.open) == 0 {
		s.key = 1
	}
}

// str reads a string of any of TOML's four kinds. A single-line string ends with its line at the
// latest; the parser reports that fault.
func (s *scanner) str(quote byte) {
	long := bytes.Repeat([]byte{quote}, 3)
	if bytes.HasPrefix(s.text[s.pos:], long) {
		for s.pos += 3; s.pos < len(s.text) && !bytes.HasPrefix(s.text[s.pos:], long); s.pos++ {
			s.escape(quote)
		}
		for s.pos += 3; s.pos < len(s.text) && s.text[s.pos] == quote; { // up to two quotes may precede the closing ones
			s.pos++
		}
		return
	}
	for s.pos++; s.pos < len(s.text) && s.text[s.pos] != quote && s.text[s.pos] != '\n'; s.pos++ {
		s.escape(quote)
	}
	if s.pos < len(s.text) && s.text[s.pos] == quote {
		s.pos++
	}
}

// escape skips a backslash, so that the escaped character is next.
func (s *scanner) escape(quote byte) {
	if s.text[s.pos] == '\n' {
		s.line++
	}
	if quote == '"' && s.text[s.pos] == '\\' {
		s.pos++
	}
}
