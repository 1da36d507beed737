package cargo

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"dagger/slipway/ci/finding"
)

// globExpr translates a glob to an unanchored regular expression: `**` matches any number of
// directories, `*`, `?` and `[…]` match within one path element.
func globExpr(glob string) string {
	var b strings.Builder
	for i := 0; i < len(glob); i++ {
		rest := glob[i:]
		switch c := glob[i]; {
		case strings.HasPrefix(rest, "**/") && (i == 0 || glob[i-1] == '/'):
			b.WriteString(`(?:.*/)?`)
			i += 2
		case rest == "**" && (i == 0 || glob[i-1] == '/'):
			b.WriteString(`.*`)
			i++
		case c == '*':
			b.WriteString(`[^/]*`)
		case c == '?':
			b.WriteString(`[^/]`)
		case c == '[':
			end := strings.IndexByte(rest[1:], ']')
			if end < 1 {
				b.WriteString(`\[`)
				continue
			}
			class := rest[1 : end+1]
			if class[0] == '!' {
				class = "^" + class[1:]
			}
			b.WriteString("[" + strings.ReplaceAll(class, `\`, `\\`) + "]")
			i += end + 1
		case c == '\\' && i+1 < len(glob):
			i++
			b.WriteString(regexp.QuoteMeta(glob[i : i+1]))
		default:
			b.WriteString(regexp.QuoteMeta(glob[i : i+1]))
		}
	}
	return b.String()
}

// ignorePattern is one line of `package.include` or `package.exclude`
// (gitignore(5), "PATTERN FORMAT").
type ignorePattern struct {
	expr    *regexp.Regexp
	negated bool
	dirOnly bool
}

func parseIgnore(lines []string) ([]ignorePattern, error) {
	var list []ignorePattern
	for _, line := range lines {
		if err := checkPattern(line); err != nil {
			return nil, err
		}
		var p ignorePattern
		glob := strings.TrimRight(line, " ")
		if glob == "" || glob[0] == '#' {
			continue
		}
		glob, p.negated = strings.CutPrefix(glob, "!")
		glob, p.dirOnly = strings.CutSuffix(glob, "/")
		if trimmed, anchored := strings.CutPrefix(glob, "/"); anchored {
			glob = trimmed
		} else if !strings.Contains(glob, "/") {
			glob = "**/" + glob
		}
		expr, err := regexp.Compile("^(?s:" + globExpr(glob) + ")$")
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", line, err)
		}
		p.expr = expr
		list = append(list, p)
	}
	return list, nil
}

// matches reports whether the patterns match a file or a directory. The file itself, or else the nearest parent
// directory that any pattern matches, decides; the last matching pattern wins.
func matches(patterns []ignorePattern, name string, dir bool) bool {
	for ; name != "."; dir = true {
		for i := len(patterns) - 1; i >= 0; i-- {
			if p := patterns[i]; (dir || !p.dirOnly) && p.expr.MatchString(name) {
				return !p.negated
			}
		}
		name = path.Dir(name)
	}
	return false
}

// contents are the rules that select the files of a crate's directory for its package (The Cargo
// Book, "The exclude and include fields").
type contents struct {
	include, exclude []ignorePattern
}

// readContents reads the patterns of c's `include` and `exclude`.
func (w *Workspace) readContents(c *Crate, p, inherited *packageTable) {
	for _, field := range []struct {
		name      string
		own, root any
		to        *[]ignorePattern
	}{{"include", p.Include, inherited.Include, &c.contents.include}, {"exclude", p.Exclude, inherited.Exclude, &c.contents.exclude}} {
		lines, err := patternLines(field.own, field.root, field.name)
		if err != nil {
			c.refuse(err, "package", field.name)
			continue
		}
		size := 0
		for _, line := range lines {
			size += len(line) + 64
		}
		if w.rules+size > maxRules {
			err = errors.New("the patterns of `include` and `exclude` are too many or too long: write fewer and shorter ones")
		} else {
			w.rules += size
			*field.to, err = parseIgnore(lines)
		}
		if err != nil {
			c.faults = append(c.faults, fault{scope: ofNeeded, stops: finding.Everything, at: []string{"package", field.name}, what: fmt.Sprintf("field %q: %v", field.name, err)})
		}
	}
}

// patternLines returns the patterns of one field, nil if it is absent.
func patternLines(own, root any, name string) ([]string, error) {
	v, err := inherit(own, root, name)
	if err != nil || v == nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("field %q is %T, expected a list of patterns", name, v)
	}
	var lines []string
	for _, e := range list {
		s, ok := e.(string)
		if !ok {
			return nil, fmt.Errorf("field %q holds %v, expected patterns", name, e)
		}
		lines = append(lines, s)
	}
	return lines, nil
}

// packages reports whether a file may be part of the package. name is relative to the crate's
// directory; `include` overrides `exclude`. Files that git ignores are not treated specially,
// because that can differ between machines.
func (c contents) packages(name string) bool {
	if len(c.include) > 0 {
		return matches(c.include, name, false)
	}
	return !matches(c.exclude, name, false)
}

// prunes reports whether `exclude` matches a directory.
func (c contents) prunes(dir string) bool {
	return len(c.include) == 0 && matches(c.exclude, dir, true)
}
