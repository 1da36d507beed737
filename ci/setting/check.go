package setting

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"dagger/slipway/ci/quote"
)

// Problem is one fault in the settings of a manifest.
type Problem struct {
	// Path is the key path of the fault, below the table.
	Path []string
	// What says what was found, what was expected and what to do.
	What string
}

// Check returns the faults in a decoded table of settings, sorted by key: unknown keys and values
// of the wrong type.
func Check(table Table, value any) []Problem {
	c := checker{table: table}
	c.check(nil, value)
	return c.problems
}

// CheckNames returns the names, of those that a `metadata` table has, that are most likely meant to
// be slipway's: its own in another case, or with one character more, fewer or different, or two
// swapped. Others are tables of other tools.
func CheckNames(table Table, names []string) []Problem {
	var list []Problem
	keys := table.Keys()
	for _, name := range names {
		if own := keys[len(keys)-1]; name != own && len(name) <= len(own)+1 && distance(strings.ToLower(name), own) <= 1 {
			c := checker{table: Table(strings.Join(keys[:len(keys)-1], "."))}
			list = append(list, Problem{Path: []string{name}, What: fmt.Sprintf("[%s] is not read: did you mean [%s]?", c.name([]string{name}), table)})
		}
	}
	return list
}

type checker struct {
	table    Table
	problems []Problem
}

func (c *checker) fail(path []string, format string, args ...any) {
	c.problems = append(c.problems, Problem{Path: slices.Clone(path), What: fmt.Sprintf(format, args...)})
}

// check checks the value at a path that is a prefix of settings.
func (c *checker) check(path []string, value any) {
	table, ok := value.(map[string]any)
	if !ok {
		c.fail(path, "%s is %s, expected a table", c.shown(path), kindOf(value))
		return
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		at := append(slices.Clone(path), key)
		s, leaf := c.find(at)
		switch {
		case s == nil:
			c.fail(at, "%s", c.unknown(path, key))
		case !leaf:
			c.check(at, table[key])
		case !s.Kind.is(table[key]):
			c.fail(at, "%s is %s, expected %s, like %s", c.shown(at), kindOf(table[key]), s.Kind, s.Example)
		}
	}
}

// find returns the setting at a path, or one below it. leaf reports which.
func (c *checker) find(path []string) (s *Setting, leaf bool) {
	for i := range All {
		parts := All[i].parts()
		if All[i].Table == c.table && len(parts) >= len(path) && begins(parts, path) {
			return &All[i], len(parts) == len(path)
		}
	}
	return nil, false
}

// begins reports whether path is a prefix of a setting's parts.
func begins(parts, path []string) bool {
	for i, key := range path {
		keys, any := placeholders[parts[i]]
		if parts[i] != key && !(any && (keys == nil || slices.Contains(keys, key))) {
			return false
		}
	}
	return true
}

// keys returns the keys that may appear below a path.
func (c *checker) keys(path []string) []string {
	var list []string
	for _, s := range All {
		parts := s.parts()
		if s.Table != c.table || len(parts) <= len(path) || !begins(parts, path) {
			continue
		}
		if keys, is := placeholders[parts[len(path)]]; is {
			list = append(list, keys...)
		} else {
			list = append(list, parts[len(path)])
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// unknown returns the message for an unknown key, with a suggestion.
func (c *checker) unknown(path []string, key string) string {
	known := c.keys(path)
	what := fmt.Sprintf("%s is not a setting of [%s]", quote.Line(key), c.name(path))
	other := checker{table: Workspace}
	if c.table == Workspace {
		other.table = Package
	}
	if s, _ := other.find(append(slices.Clone(path), key)); s != nil {
		return what + fmt.Sprintf(": it is one of [%s]", other.name(path))
	}
	if near := Nearest(key, known); near != "" {
		return what + fmt.Sprintf(": did you mean %q?", near)
	}
	return what + ": it has " + strings.Join(known, ", ")
}

func (c *checker) shown(path []string) string {
	if len(path) == 0 {
		return "`" + string(c.table) + "`"
	}
	return "`" + strings.TrimPrefix(c.name(path), string(c.table)+".") + "`"
}

// name returns the table's name followed by a path, as in a TOML header.
func (c *checker) name(path []string) string {
	name := string(c.table)
	for _, key := range path {
		if bare := strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""; !bare || key == "" {
			key = quote.Line(key)
		}
		name += "." + key
	}
	return name
}

// is reports whether a decoded value has the kind.
func (k Kind) is(value any) bool {
	switch v := value.(type) {
	case string:
		return k == Text
	case bool:
		return k == Flag
	case []any:
		return k == List && !slices.ContainsFunc(v, func(e any) bool { _, ok := e.(string); return !ok })
	}
	return false
}

// kindOf returns the name of a decoded value's type.
func kindOf(value any) string {
	switch v := value.(type) {
	case string:
		return string(Text)
	case bool:
		return fmt.Sprint(v)
	case int64, float64:
		return "a number"
	case []any:
		if List.is(v) {
			return string(List)
		}
		return "a list with other values than strings"
	case []map[string]any:
		return "an array of tables"
	case map[string]any:
		return "a table"
	}
	return "a date or time"
}
