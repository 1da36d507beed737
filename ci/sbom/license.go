package sbom

import (
	"regexp"
	"strings"
)

// expression returns a manifest's licence as an SPDX licence expression (SPDX 2.3, annex
// D), or "" if it is empty or does not have that syntax. It does not check that the
// identifiers exist. The slash that cargo used to accept for OR ("MIT/Apache-2.0") becomes
// OR.
func expression(license string) string {
	if len(license) > maxLicense {
		return ""
	}
	words := strings.Join(strings.Fields(strings.ReplaceAll(license, "/", " OR ")), " ")
	s := scanner{tokens: token.FindAllString(words, -1)}
	if strings.ReplaceAll(strings.Join(s.tokens, ""), " ", "") != strings.ReplaceAll(words, " ", "") {
		return ""
	}
	if !s.compound() || len(s.tokens) > 0 {
		return ""
	}
	return words
}

// maxLicense limits the length in bytes, and so the depth of parentheses. Real ones are
// shorter than 200.
const maxLicense = 1024

var (
	token      = regexp.MustCompile(`[()]|[A-Za-z0-9.+:-]+`)
	identifier = regexp.MustCompile(`^((DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+|[A-Za-z0-9.-]+\+?)$`)
)

// scanner parses an expression by the grammar of SPDX 2.3, D.4. It drops the tokens it has
// read.
type scanner struct{ tokens []string }

func (s *scanner) next(want string) bool {
	if len(s.tokens) == 0 || s.tokens[0] != want {
		return false
	}
	s.tokens = s.tokens[1:]
	return true
}

// compound parses terms joined by AND or OR. Their precedence does not matter here.
func (s *scanner) compound() bool {
	for {
		if !s.term() {
			return false
		}
		if !s.next("AND") && !s.next("OR") {
			return true
		}
	}
}

// term parses a compound in parentheses, or a licence with an optional exception.
func (s *scanner) term() bool {
	if s.next("(") {
		return s.compound() && s.next(")")
	}
	return s.id() && (!s.next("WITH") || s.id())
}

func (s *scanner) id() bool {
	if len(s.tokens) == 0 || !identifier.MatchString(s.tokens[0]) {
		return false
	}
	switch s.tokens[0] {
	case "AND", "OR", "WITH":
		return false
	}
	s.tokens = s.tokens[1:]
	return true
}
