package prepare

import (
	"regexp"
	"slices"
	"strings"

	"dagger/slipway/ci/changelog"
)

var (
	// titleForm splits what stands before a version in its heading: "## ", "[", "v".
	titleForm = regexp.MustCompile(`^( {0,3}##[ \t]+)(\[?)(v?)$`)
	// targetForm is a link's target in a heading: "(https://…)".
	targetForm = regexp.MustCompile(`^\((<?)([^\s()<>]+)(>?)\)`)
	// dateForm is a date and the signs around it: " - 2024-10-07", " (2024-10-7)".
	dateForm = regexp.MustCompile(`^([\s\p{Pd}:,(]+)[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(\)?)`)
)

// headingFor returns the heading of the new version, without a line end, and
// what the version is called there, v1.2.3 or 1.2.3. Brackets, a leading v and a
// link are as in the heading of the highest version before it; what stands
// around the date is as in that of the highest one with a date. The new one
// always has its date, in the form YYYY-MM-DD. Where there is no version yet, it
// is "## [1.2.3] - 2024-01-01", in brackets if Unreleased is.
func (o *outline) headingFor(day string, unreleased int) (heading, name string) {
	fallback := "## [" + o.to + "] - " + day
	if !strings.Contains(o.lines[unreleased], "[") {
		fallback = "## " + o.to + " - " + day
	}
	form, ok := o.form(o.newest())
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
	if !slices.Equal(changelog.Versions([]byte(heading)), []string{o.to}) {
		return fallback, o.to
	}
	return heading, form.v + o.to
}

// form is how the heading of a version is written.
type form struct {
	lead, open, v, shut string
	version             string
	target              []string // of targetForm, nil where there is none
	rest                string
}

// form takes apart the heading on a line.
func (o *outline) form(line int) (form, bool) {
	if line < 0 {
		return form{}, false
	}
	text := strings.TrimRight(o.lines[line], " \t\r\n")
	version := o.version(line).String()
	before, rest, _ := strings.Cut(text, version)
	m := titleForm.FindStringSubmatch(before)
	if m == nil {
		return form{}, false
	}
	f := form{lead: m[1], open: m[2], v: m[3], version: version, rest: rest}
	if f.open != "" {
		f.shut = "]"
		f.rest = strings.TrimPrefix(f.rest, "]")
		if f.target = targetForm.FindStringSubmatch(f.rest); f.target != nil {
			f.rest = f.rest[len(f.target[0]):]
		}
	}
	return f, true
}

// dateSigns returns what stands before and behind the date in the heading of the
// highest version that has one.
func (o *outline) dateSigns() (before, after string) {
	before = " - "
	at := -1
	for _, h := range o.headings {
		if o.version(h) == nil || at >= 0 && !o.version(h).GreaterThan(o.version(at)) {
			continue
		}
		f, ok := o.form(h)
		if m := dateForm.FindStringSubmatch(f.rest); ok && m != nil {
			at, before, after = h, m[1], m[2]
		}
	}
	return before, after
}
