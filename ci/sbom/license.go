package sbom

import (
	"regexp"
	"strings"
)

// expression returns a manifest's licence as an SPDX licence expression (SPDX 2.3,
// annex D), or "" when it is none: there is no licence, or the words are not of
// that syntax. Whether a licence of that identifier exists is not looked up. The
// slash that cargo once took for OR ("MIT/Apache-2.0") becomes OR.
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

// maxLicense, in bytes, bounds the depth of parentheses. Real ones stay under 200.
const maxLicense = 1024

var (
	token      = regexp.MustCompile(`[()]|[A-Za-z0-9.+:-]+`)
	identifier = regexp.MustCompile(`^((DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+|[A-Za-z0-9.-]+\+?)$`)
)

// scanner reads an expression by the grammar of SPDX 2.3, D.4, and drops the tokens
// that it has read.
type scanner struct{ tokens []string }

func (s *scanner) next(want string) bool {
	if len(s.tokens) == 0 || s.tokens[0] != want {
		return false
	}
	s.tokens = s.tokens[1:]
	return true
}

// compound is terms with AND or OR between them. Which of the two binds more
// tightly does not matter here.
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

// term is a compound in parentheses, or a licence with an optional exception.
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
