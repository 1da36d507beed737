package prepare

import (
	"errors"
	"slices"
	"strings"

	"dagger/slipway/ci/changelog"
)

// place returns the line before which a new section belongs, and the heading to take as a
// model if there is no version yet. It returns an error if the file does not show where.
func (o *outline) place() (line int, model changelog.Heading, err error) {
	at, err := o.unreleased()
	if err != nil {
		return 0, changelog.Heading{}, err
	}
	if at >= 0 {
		return o.trim(o.file.End(at)), o.file.Headings()[at], nil
	}
	newest, found := o.newest()
	if !found {
		return 0, changelog.Heading{}, errors.New("it has neither an Unreleased section nor a version's heading to go by: add one")
	}
	first := slices.IndexFunc(o.file.Headings(), func(h changelog.Heading) bool { return o.version(h) != nil && (!o.isForeign || h.Named()) })
	if o.file.Headings()[first].Line != newest.Line {
		return 0, changelog.Heading{}, errors.New("its newest version does not come first, so there is no telling where the next one belongs: add its section by hand")
	}
	return newest.Line, newest, nil
}

// trim returns the line after the last one before end that is neither blank nor a link
// definition, if end is that of the file: definitions stay at the end.
func (o *outline) trim(end int) int {
	if end < len(o.lines) {
		return end
	}
	end = len(o.lines)
	for end > 0 && (strings.TrimSpace(o.lines[end-1]) == "" || slices.Contains(o.links, end-1)) {
		end--
	}
	return end
}

// insert inserts text before a line, with blank lines around it and the file's line ends.
func (o *outline) insert(at int, text string) {
	end := "\n"
	if len(o.lines) > 0 {
		end = lineEnd(o.lines[0])
	}
	text = strings.ReplaceAll(text, "\n", end) + end
	if at > 0 {
		last := strings.TrimRight(o.lines[at-1], "\r\n")
		o.lines[at-1] = last + end
		if strings.TrimSpace(last) != "" {
			text = end + text
		}
	}
	if at < len(o.lines) && strings.TrimSpace(o.lines[at]) != "" {
		text += end
	}
	o.lines = slices.Insert(o.lines, at, text)
}
