package tomlfile

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Span is the range of a string value in a file in bytes, including its quotes.
type Span struct{ Start, End int }

// Positions are the positions of the keys and string values in a TOML file. A path is a list of
// keys; elements of arrays, including arrays of tables, have their index as key.
type Positions struct {
	lines   []int // where the lines start, but for the first
	strings map[string]Span
	keys    map[string]int // start of a key, a table's header or an element
}

// String returns the range of the string value at a path.
func (p Positions) String(path ...string) (Span, bool) {
	at, ok := p.strings[pathKey(path)]
	return at, ok
}

// Line returns the line, counted from 1, of a path, or of its longest prefix that the file has; 0
// if it has none.
func (p Positions) Line(path ...string) int {
	for n := len(path); n > 0; n-- {
		if at, ok := p.keys[pathKey(path[:n])]; ok {
			i, _ := slices.BinarySearch(p.lines, at+1)
			return i + 1
		}
	}
	return 0
}

// Lines returns [Positions.Line] for the text of a parsed file, which returns 0 if the file cannot
// be located. It scans the file when it is first called, and only once: a hostile file has as many
// faults as lines.
func Lines(raw []byte) func(path ...string) int {
	located := sync.OnceValue(func() Positions {
		p, err := Locate(string(raw))
		if err != nil {
			return Positions{}
		}
		return p
	})
	return func(path ...string) int { return located().Line(path...) }
}

// Locate finds the keys and string values of a TOML file (TOML 1.1.0), because the parser reports
// no positions. The text must have been parsed before: for anything that is not TOML the result
// is meaningless or an error, but Locate does not panic.
func Locate(text string) (Positions, error) {
	s := &locator{cursor: cursor{text: text}, elements: map[string]int{}, found: map[string]Span{}, at: map[string]int{}}
	s.take("\ufeff")
	var table []string
	for {
		s.blank()
		var err error
		switch {
		case s.pos == len(text):
			return Positions{lineStarts(text), s.found, s.at}, nil
		case s.peek() == '[':
			table, err = s.header()
		default:
			err = s.pair(table)
		}
		if err != nil {
			return Positions{}, err
		}
	}
}

func lineStarts(text string) []int {
	var list []int
	for at := range len(text) {
		if text[at] == '\n' {
			list = append(list, at+1)
		}
	}
	return list
}

// pathKey returns a path as a map key.
func pathKey(path []string) string {
	var key []byte
	for _, part := range path {
		key = append(strconv.AppendInt(key, int64(len(part)), 10), ':')
		key = append(key, part...)
	}
	return string(key)
}

// locator scans a TOML file.
type locator struct {
	cursor
	elements map[string]int // number so far, for each array of tables
	found    map[string]Span
	at       map[string]int
}

// mark records where a path first appears.
func (s *locator) mark(path []string, at int) {
	key := pathKey(path)
	if _, there := s.at[key]; !there {
		s.at[key] = at
	}
}

// header reads [table] or [[table]] and returns the table's path.
func (s *locator) header() ([]string, error) {
	start := s.pos
	isArray := s.take("[[")
	if !isArray {
		s.take("[")
	}
	keys, err := s.keys()
	if err != nil {
		return nil, err
	}
	if !s.take("]") || isArray && !s.take("]") {
		return nil, s.unexpected("the end of a table's header")
	}
	var path []string
	for i, key := range keys {
		path = append(path, key)
		if isArray && i == len(keys)-1 {
			s.elements[pathKey(path)]++
		}
		if n := s.elements[pathKey(path)]; n > 0 { // a header refers to the last element
			path = append(path, strconv.Itoa(n-1))
		}
		s.mark(path, start)
	}
	return path, nil
}

// pair reads `key = value`.
func (s *locator) pair(table []string) error {
	start := s.pos
	keys, err := s.keys()
	if err != nil {
		return err
	}
	if !s.take("=") {
		return s.unexpected("`=`")
	}
	s.space()
	path := slices.Concat(table, keys)
	for n := len(table) + 1; n <= len(path); n++ {
		s.mark(path[:n], start)
	}
	return s.value(path)
}

// keys reads a dotted key and the space around its parts.
func (s *locator) keys() ([]string, error) {
	var keys []string
	for {
		s.space()
		key, err := s.key()
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
		s.space()
		if !s.take(".") {
			return keys, nil
		}
	}
}

func (s *locator) key() (string, error) {
	start := s.pos
	if c := s.peek(); c == '"' || c == '\'' {
		if err := s.str(); err != nil {
			return "", err
		}
		return unquote(s.text[start:s.pos])
	}
	if n := strings.IndexAny(s.text[start:], " \t\r\n.=[]{},#\"'"); n >= 0 {
		s.pos += n
	} else {
		s.pos = len(s.text)
	}
	if s.pos == start {
		return "", s.unexpected("a key")
	}
	return s.text[start:s.pos], nil
}

// unquote returns the value of a string. The parser decodes strings with escapes.
func unquote(raw string) (string, error) {
	if raw[0] == '\'' || !strings.Contains(raw, `\`) {
		return strings.Trim(raw, raw[:1]), nil
	}
	var v struct{ K string }
	err := Unmarshal([]byte("K = "+raw), &v)
	return v.K, err
}

// value reads a value and records its range if it is a string.
func (s *locator) value(path []string) error {
	start := s.pos
	switch s.peek() {
	case '"', '\'':
		err := s.str()
		s.found[pathKey(path)] = Span{start, s.pos}
		return err
	case '[':
		s.pos++
		return s.elementsOf(path)
	case '{':
		s.pos++
		return s.pairsOf(path)
	}
	if n := strings.IndexAny(s.text[start:], ",]}#\r\n"); n >= 0 {
		s.pos += n
	} else {
		s.pos = len(s.text)
	}
	if s.pos == start {
		return s.unexpected("a value")
	}
	return nil
}

// elementsOf reads the rest of an array.
func (s *locator) elementsOf(path []string) error {
	for i := 0; ; i++ {
		if s.blank(); s.take("]") {
			return nil
		}
		element := slices.Concat(path, []string{strconv.Itoa(i)})
		s.mark(element, s.pos)
		if err := s.value(element); err != nil {
			return err
		}
		if s.blank(); !s.take(",") && s.peek() != ']' {
			return s.unexpected("`,` or `]`")
		}
	}
}

// pairsOf reads the rest of an inline table, which may span several lines since TOML 1.1.
func (s *locator) pairsOf(path []string) error {
	for {
		if s.blank(); s.take("}") {
			return nil
		}
		if err := s.pair(path); err != nil {
			return err
		}
		if s.blank(); !s.take(",") && s.peek() != '}' {
			return s.unexpected("`,` or `}`")
		}
	}
}
