package prepare

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"dagger/slipway/ci/tomlfile"
)

// value is a string of a TOML file and its new value.
type value struct {
	path []string // keys, with indices for elements of arrays
	to   string   // must not need escapes in a TOML string
}

// setStrings replaces string values of a TOML file and leaves every other byte: quotes,
// comments, order and line ends. It parses the result, and returns an error unless it equals
// the original except for the values. Errors name the file and the lines.
func setStrings(file, text string, values []value) (string, error) {
	want, err := parse(file, text)
	if err != nil {
		return "", err
	}
	spans, err := tomlfile.Locate(text)
	if err != nil {
		return "", fmt.Errorf("editing %q: %w: set %s by hand", file, err, pathsOf(values))
	}
	type edit struct {
		tomlfile.Span
		to string
	}
	var edits []edit
	for _, v := range values {
		at, found := spans.String(v.path...)
		if !found || !assign(want, v.path, v.to) {
			return "", fmt.Errorf("editing %q: it has no string at %s: set it by hand", file, pathsOf([]value{v}))
		}
		edits = append(edits, edit{inside(text, at), v.to})
	}
	slices.SortFunc(edits, func(a, b edit) int { return a.Start - b.Start })
	var b strings.Builder
	from := 0
	var lines []string
	for _, e := range edits {
		if e.Start < from {
			return "", fmt.Errorf("editing %q line %d: one value is set twice", file, tomlfile.LineOf(text, e.Start))
		}
		b.WriteString(text[from:e.Start] + e.to)
		from = e.End
		lines = append(lines, strconv.Itoa(tomlfile.LineOf(text, e.Start)))
	}
	b.WriteString(text[from:])
	if got, err := parse(file, b.String()); err != nil || !same(got, want) {
		return "", fmt.Errorf("editing %q line %s: the edited file does not say what it should: set %s by hand", file, strings.Join(lines, ", "), pathsOf(values))
	}
	return b.String(), nil
}

// parse parses a TOML file.
func parse(file, text string) (map[string]any, error) {
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("reading %q: %w", file, errors.New("it is not UTF-8; save it as UTF-8"))
	}
	var tree map[string]any
	if err := tomlfile.Unmarshal([]byte(text), &tree); err != nil {
		return nil, fmt.Errorf("reading %q: %w", file, err)
	}
	return tree, nil
}

// inside returns the position of a string's content: without quotes, and without the line end
// after an opening """, which is not part of the value.
func inside(text string, at tomlfile.Span) tomlfile.Span {
	raw := text[at.Start:at.End]
	if len(raw) < 6 || raw[0] != raw[1] || raw[0] != raw[2] {
		return tomlfile.Span{Start: at.Start + 1, End: at.End - 1}
	}
	within := tomlfile.Span{Start: at.Start + 3, End: at.End - 3}
	for _, end := range []string{"\r\n", "\n"} {
		if strings.HasPrefix(text[within.Start:within.End], end) {
			within.Start += len(end)
			break
		}
	}
	return within
}

// assign sets the string at path and reports whether there is one.
func assign(node any, path []string, to string) bool {
	key, rest := path[0], path[1:]
	var next any
	var set func()
	switch n := node.(type) {
	case map[string]any:
		next, set = n[key], func() { n[key] = to }
	case []any:
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= len(n) {
			return false
		}
		next, set = n[i], func() { n[i] = to }
	case []map[string]any:
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= len(n) {
			return false
		}
		next = n[i]
	}
	if len(rest) > 0 {
		return assign(next, rest, to)
	}
	_, isString := next.(string)
	if isString {
		set()
	}
	return isString
}

// same reports whether two parsed TOML values are equal. NaN equals itself.
func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for k, v := range a {
			if other, found := b[k]; !found || !same(v, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	case []map[string]any:
		b, ok := b.([]map[string]any)
		return ok && slices.EqualFunc(a, b, func(x, y map[string]any) bool { return same(x, y) })
	case float64:
		b, ok := b.(float64)
		return ok && (a == b || math.IsNaN(a) && math.IsNaN(b))
	}
	return reflect.DeepEqual(a, b)
}

// pathsOf lists values for an error message.
func pathsOf(values []value) string {
	var names []string
	for _, v := range values {
		names = append(names, fmt.Sprintf("%q to %q", strings.Join(v.path, "."), v.to))
	}
	return strings.Join(names, ", ")
}
