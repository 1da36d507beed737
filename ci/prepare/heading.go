package prepare

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/Masterminds/semver/v3"

	"dagger/slipway/ci/changelog"
	"dagger/slipway/ci/version"
)

var (
	// titleForm splits what precedes a version in its heading: "## ", "## crate " or
	// "## crate - ", "[", and "v" or "crate-v".
	titleForm = regexp.MustCompile("^( {0,3}(?:#{1,6}[ \\t]+)?(?:(?:`?[A-Za-z][A-Za-z0-9_-]*`?:?[ \\t]+(?:[-|/][ \\t]+)?){0,2}))(\\[?)((?:[A-Za-z][A-Za-z0-9_-]*[@/-])?v?)$")
	// targetForm matches the target of a link in a heading: "(https://…)".
	targetForm = regexp.MustCompile(`^\((<?)([^\s()<>]+)(>?)\)`)
	// dateForm matches a date with its punctuation: " - 2024-10-07", " (2024-10-7)".
	dateForm = regexp.MustCompile(`^([\s\p{Pd}:,(]+)[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(\)?)`)
)

// headingFor returns the heading of the new version without a line end, and the version's name
// there, like v1.2.3 or 1.2.3. Brackets, a leading v and a link follow the heading of the
// highest version before it, and the punctuation around the date the highest one with a date.
// The date is always added, as YYYY-MM-DD. If there is no version yet, the heading is "##
// [1.2.3] - 2024-01-01", with the level and brackets of Unreleased.
func (o *outline) headingFor(day string, from changelog.Heading) (heading, name string) {
	newest, found := o.newest()
	level := from.Level
	if found {
		level = newest.Level
	}
	fallback := strings.Repeat("#", level) + " [" + o.to + "] - " + day
	if !strings.Contains(from.Text, "[") {
		fallback = strings.Repeat("#", level) + " " + o.to + " - " + day
	}
	form, ok := o.form(newest)
	if !ok {
		return fallback, o.to
	}
	before, after := o.dateSigns()
	heading = form.lead + form.open + form.v + o.to + form.shut
	if form.target != nil {
		if url, ok := nextURL(form.target[2], form.version, o.to); ok {
			heading += "(" + form.target[1] + url + form.target[3] + ")"
		}
	}
	heading += before + day + after
	if form.line != "" {
		heading += "\n" + strings.Repeat(form.line, utf8.RuneCountInString(heading))
	}
	if f, err := changelog.Read([]byte(heading), o.names); err != nil || !slices.Equal(f.Versions(), []string{o.to}) {
		return fallback, o.to
	}
	return heading, form.v + o.to
}

// form is the style of a version's heading.
type form struct {
	lead, open, v, shut string
	line                string // the character that underlines it, or ""
	version             string
	target              []string // submatches of targetForm, nil without a link
	rest                string
}

// numbers matches what may be a calendar version.
var numbers = regexp.MustCompile(`[0-9]+\.[0-9]+\.[0-9]+`)

// spelling returns how a heading spells a version: 25.07.1 for 25.7.1.
func spelling(text, v string) string {
	for _, word := range numbers.FindAllString(text, -1) {
		if !strings.Contains(text, v) && version.Spelled(word) == v {
			return word
		}
	}
	return v
}

// form parses the heading of a version.
func (o *outline) form(h changelog.Heading) (form, bool) {
	v := o.version(h)
	if v == nil {
		return form{}, false
	}
	text := strings.TrimRight(o.lines[h.Line], " \t\r\n")
	version := spelling(text, v.Original())
	before, rest, _ := strings.Cut(text, version)
	m := titleForm.FindStringSubmatch(before)
	if m == nil {
		return form{}, false
	}
	f := form{lead: m[1], open: m[2], v: m[3], version: version, rest: rest}
	if h.Underlined {
		f.line = strings.TrimSpace(o.lines[h.End-1])[:1]
	}
	if f.open != "" {
		f.shut = "]"
		f.rest = strings.TrimPrefix(f.rest, "]")
		if f.target = targetForm.FindStringSubmatch(f.rest); f.target != nil {
			f.rest = f.rest[len(f.target[0]):]
		}
	}
	return f, true
}

// dateSigns returns the punctuation before and after the date in the heading of the highest
// version that has one.
func (o *outline) dateSigns() (before, after string) {
	before = " - "
	var highest *semver.Version
	for _, h := range o.file.Headings() {
		v := o.version(h)
		if v == nil || highest != nil && !v.GreaterThan(highest) {
			continue
		}
		f, ok := o.form(h)
		if m := dateForm.FindStringSubmatch(f.rest); ok && m != nil {
			highest, before, after = v, m[1], m[2]
		}
	}
	return before, after
}
