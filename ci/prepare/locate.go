package prepare

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// span is where the value of a key stands in a file, its quotes included.
type span struct{ start, end int }

// locate finds every string value of a TOML file (TOML 1.1.0). The keys of the
// result are made by pathKey; the elements of an array, of tables too, have
// their indices for keys. text has been parsed before, for the parser that
// there is tells no positions: what is not TOML may come out as anything but a
// panic.
func locate(text string) (map[string]span, error) {
	s := &locator{cursor: cursor{text: text}, elements: map[string]int{}, found: map[string]span{}}
	s.take("\ufeff")
	var table []string
	for {
		s.blank()
		var err error
		switch {
		case s.pos == len(text):
			return s.found, nil
		case s.peek() == '[':
			table, err = s.header()
		default:
			err = s.pair(table)
		}
		if err != nil {
			return nil, err
		}
	}
}

// pathKey is a path as the key of a map.
func pathKey(path []string) string { return fmt.Sprintf("%q", path) }

// locator walks over a TOML file.
type locator struct {
	cursor
	elements map[string]int // of each array of tables, so far
	found    map[string]span
}

// header reads [table] or [[table]] and returns the table's path.
func (s *locator) header() ([]string, error) {
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
		if n := s.elements[pathKey(path)]; n > 0 { // a header speaks of the last element
			path = append(path, strconv.Itoa(n-1))
		}
	}
	return path, nil
}

// pair reads `key = value`.
func (s *locator) pair(table []string) error {
	keys, err := s.keys()
	if err != nil {
		return err
	}
	if !s.take("=") {
		return s.unexpected("`=`")
	}
	s.space()
	return s.value(slices.Concat(table, keys))
}

// keys reads a key with its dots and the space around it.
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

// unquote is the value of a string. One with escapes is left to the parser.
func unquote(raw string) (string, error) {
	if raw[0] == '\'' || !strings.Contains(raw, `\`) {
		return strings.Trim(raw, raw[:1]), nil
	}
	var v struct{ K string }
	_, err := toml.Decode("K = "+raw, &v)
	return v.K, err
}

// value reads a value and notes where it stands if it is a string.
func (s *locator) value(path []string) error {
	start := s.pos
	switch s.peek() {
	case '"', '\'':
		err := s.str()
		s.found[pathKey(path)] = span{start, s.pos}
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
		if err := s.value(slices.Concat(path, []string{strconv.Itoa(i)})); err != nil {
			return err
		}
		if s.blank(); !s.take(",") && s.peek() != ']' {
			return s.unexpected("`,` or `]`")
		}
	}
}

// pairsOf reads the rest of an inline table, which may go over several lines
// since TOML 1.1.
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
