package changelog

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

var (
	// definition is a link reference definition on one line (CommonMark 0.31.2,
	// section 4.7) or a footnote's (GitHub Flavored Markdown).
	definition = regexp.MustCompile(`^ {0,3}\[((?:[^\\\[\]]|\\.)+)\]:[ \t]*(?:<[^<>]*>|[^\s<]\S*)(?:[ \t]+(?:"[^"]*"|'[^']*'|\([^()]*\)))?[ \t]*$`)
	footnote   = regexp.MustCompile(`^ {0,3}\[(\^[^\\\[\]\s]+)\]:`)

	// reference is text in brackets, which may be a link's label.
	reference = regexp.MustCompile(`\\.|\[((?:[^\\\[\]]|\\.)+)\]`)
)

// define marks the lines that define a label. Such a line cannot interrupt a
// paragraph.
func (doc document) define() {
	paragraph := false
	for i, l := range doc {
		level, _ := l.heading()
		if l.kind != prose || l.blank() || level > 0 {
			paragraph = false
		} else if label := labelOf(l.text); label == "" || paragraph {
			paragraph = true
		} else {
			doc[i].def = label
		}
	}
}

// labelOf returns the label that text would define, or "".
func labelOf(text string) string {
	for _, form := range []*regexp.Regexp{footnote, definition} {
		if m := form.FindStringSubmatch(text); m != nil {
			return fold(m[1])
		}
	}
	return ""
}

// fold is the form in which labels are compared: case and space do not matter
// (CommonMark 0.31.2, "matches").
func fold(label string) string {
	return strings.ToLower(strings.Join(strings.Fields(label), " "))
}

// render returns lines first to end without definitions, then all the definitions
// that they use, in the order of the file.
func (doc document) render(first, end int) string {
	var body []string
	for _, l := range doc[first:end] {
		if l.def == "" {
			body = append(body, l.text)
		}
	}
	for strings.TrimSpace(body[0]) == "" {
		body = body[1:]
	}
	notes := strings.TrimRight(strings.Join(body, "\n"), " \t\n")
	if defs := doc.used(notes); len(defs) > 0 {
		notes += "\n\n" + strings.Join(defs, "\n")
	}
	return notes
}

// used returns the definitions that notes need, the first one of a label.
func (doc document) used(notes string) []string {
	first := map[string]int{}
	for todo := notes; todo != ""; {
		wanted := references(todo)
		todo = ""
		for i, l := range doc {
			if _, have := first[l.def]; l.def != "" && wanted[l.def] && !have {
				first[l.def] = i
				todo += l.text + "\n" // a footnote's text may need more of them
			}
		}
	}
	var defs []string
	for _, i := range slices.Sorted(maps.Values(first)) {
		defs = append(defs, doc[i].text)
	}
	return defs
}

// references returns the labels that links in text may refer to. Any text in
// brackets may be one: a definition too many does not show.
func references(text string) map[string]bool {
	labels := map[string]bool{}
	for _, m := range reference.FindAllStringSubmatch(text, -1) {
		if m[1] != "" {
			labels[fold(m[1])] = true
		}
	}
	return labels
}
