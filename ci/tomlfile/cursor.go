package tomlfile

import (
	"fmt"
	"strings"
)

// cursor is a position in a TOML file.
type cursor struct {
	text string
	pos  int
}

// str reads a string of any of TOML's four kinds.
func (s *cursor) str() error {
	quote := s.text[s.pos : s.pos+1]
	if long := strings.Repeat(quote, 3); strings.HasPrefix(s.text[s.pos:], long) {
		quote = long
	}
	from := s.pos
	for s.pos += len(quote); s.pos < len(s.text); s.pos++ {
		switch rest := s.text[s.pos:]; {
		case rest[0] == '\\' && quote[0] == '"':
			s.pos++
		case strings.HasPrefix(rest, quote):
			s.pos += len(quote)
			for range 2 { // up to two quotes may precede the closing ones
				if len(quote) == 3 {
					s.take(quote[:1])
				}
			}
			return nil
		}
	}
	s.pos = min(from, len(s.text))
	return s.unexpected("a string with an end")
}

// blank skips spaces, line ends and comments.
func (s *cursor) blank() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		case '#':
			if n := strings.IndexByte(s.text[s.pos:], '\n'); n >= 0 {
				s.pos += n
			} else {
				s.pos = len(s.text)
			}
		default:
			return
		}
	}
}

func (s *cursor) space() {
	for c := s.peek(); c == ' ' || c == '\t'; c = s.peek() {
		s.pos++
	}
}

// peek returns the next byte, 0 at the end.
func (s *cursor) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

// take skips what if it is next, and reports whether it was.
func (s *cursor) take(what string) bool {
	if !strings.HasPrefix(s.text[s.pos:], what) {
		return false
	}
	s.pos += len(what)
	return true
}

func (s *cursor) unexpected(expected string) error {
	return fmt.Errorf("line %d: expected %s", LineOf(s.text, s.pos), expected)
}

// LineOf returns the line, counted from 1, of the byte at offset at.
func LineOf(text string, at int) int { return strings.Count(text[:at], "\n") + 1 }
