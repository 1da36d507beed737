package triple

import (
	"slices"
	"strings"
)

// truth is the value of an expression of which a part may be unknown.
type truth int

const (
	no truth = iota
	unknown
	yes
)

// decided are the names in cfg expressions that the target alone decides. Others, such as
// target_feature or a --cfg of the workspace, depend on compiler flags too.
var decided = []string{"target_abi", "target_arch", "target_endian", "target_env", "target_family", "target_os", "target_pointer_width", "target_vendor", "unix", "windows"}

// Matches reports whether a [target.NAME] table of cargo may apply to the target: its triple, or a
// cfg expression that does not exclude it (The Rust Reference, "Conditional compilation"). An
// expression that is malformed or that the target alone does not decide may apply.
func (t Target) Matches(name string) bool {
	expression, isCfg := strings.CutPrefix(strings.TrimSpace(name), "cfg(")
	if !isCfg {
		return name == t.Triple
	}
	p := cfgParser{rest: expression, target: t}
	value := p.predicate(0)
	return p.failed || p.next() != ")" || p.next() != "" || value != no
}

// cfgParser evaluates an expression while it reads it.
type cfgParser struct {
	rest   string
	target Target
	failed bool
}

// maxNested is how deeply expressions may be nested; those of manifests are a few levels deep.
const maxNested = 64

// next returns the next token: a name, a quoted string, a punctuation mark, or "" at the end.
func (p *cfgParser) next() string {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	if p.rest == "" {
		return ""
	}
	end := strings.IndexFunc(p.rest, func(r rune) bool { return !isWord(r) })
	switch {
	case end < 0:
		end = len(p.rest)
	case p.rest[0] == '"':
		end = strings.IndexByte(p.rest[1:], '"') + 2
		if end == 1 {
			end = len(p.rest)
		}
	case end == 0:
		end = 1
	}
	token := p.rest[:end]
	p.rest = p.rest[end:]
	return token
}

func isWord(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// accept skips a token if it is the next one.
func (p *cfgParser) accept(token string) bool {
	ahead := *p
	if ahead.next() != token {
		return false
	}
	*p = ahead
	return true
}

func (p *cfgParser) predicate(depth int) truth {
	name := p.next()
	switch {
	case depth > maxNested || name == "" || !isWord(rune(name[0])):
		p.failed = true
	case p.accept("("):
		return p.combined(name, depth)
	case p.accept("="):
		return p.holds(name, name+"="+p.next())
	case name == "true":
		return yes
	case name == "false":
		return no
	default:
		return p.holds(name, name)
	}
	return unknown
}

// combined evaluates the list of all(…), any(…) or not(…).
func (p *cfgParser) combined(name string, depth int) truth {
	var values []truth
	for !p.failed && !p.accept(")") {
		values = append(values, p.predicate(depth+1))
		if !p.accept(",") {
			p.failed = p.failed || !p.accept(")")
			break
		}
	}
	switch {
	case name == "all":
		return slices.Min(append(values, yes))
	case name == "any":
		return slices.Max(append(values, no))
	case name == "not" && len(values) == 1:
		return yes - values[0]
	}
	p.failed = true
	return unknown
}

// holds returns the value of a single option of a name.
func (p *cfgParser) holds(name, option string) truth {
	switch {
	case slices.Contains(p.target.Cfg, option):
		return yes
	case slices.Contains(decided, name):
		return no
	}
	return unknown
}
