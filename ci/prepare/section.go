package prepare

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"dagger/slipway/ci/changelog"
	"dagger/slipway/ci/notes"
)

// section is the section of the new version in a changelog.
type section struct {
	to, day, tag string // the new version, the day and the tag of its release
	names        changelog.Names
	isShared     bool // the changelog is the root's, of a crate elsewhere

	nothing *nothingError // why the notes have to be made
	made    notes.Notes   // from commits
	found   int           // the line of a section that the changelog has already
	said    []string      // what to tell the user
}

// nothingError says that a changelog has no unreleased notes.
type nothingError struct{ what string }

func (e *nothingError) Error() string { return e.what }

// move moves what is below "## [Unreleased]" to a section of its own by inserting a heading,
// and leaves Unreleased empty. The heading follows the style of the last version's (see
// headingFor), and link definitions are updated if there are any (see updateLinks). If the
// version has a section already, only a placeholder for its date is replaced. It returns a
// *nothingError if there are no unreleased notes.
func (s *section) move(text string) (string, error) {
	body := strings.TrimPrefix(text, "\ufeff")
	o, err := readOutline(body, s)
	if err != nil {
		return "", err
	}
	if _, err := o.file.Section(s.to); err == nil || slices.Contains(o.file.Versions(), s.to) {
		return s.keep(o, text)
	}
	at, err := o.unreleased()
	if err != nil {
		return "", err
	}
	if at < 0 {
		return "", &nothingError{"it has no Unreleased section"}
	}
	from := o.file.Headings()[at]
	if text := o.file.Below(at); saysNothing(text) {
		what := "has no notes below it"
		if text != "" {
			what = fmt.Sprintf("has only %q below it", text)
		}
		return "", &nothingError{fmt.Sprintf("the heading %q on line %d %s", strings.TrimSpace(o.lines[from.Line]), from.Line+1, what)}
	}
	heading, name := o.headingFor(s.day, from)
	s.said = o.updateLinks(name, s.tag)
	line := from.End - 1
	end := lineEnd(o.lines[line])
	o.lines[line] = strings.TrimRight(o.lines[line], "\r\n") + end + end + strings.ReplaceAll(heading, "\n", end) + end
	after := text[:len(text)-len(body)] + strings.Join(o.lines, "")
	_, err = s.check(after)
	return after, err
}

// stopgap matches a first sentence that stands where notes are missing.
var stopgap = regexp.MustCompile(`(?i)^(?:none|nothing|n/?a|tbd|tba|todo|wip|unreleased(?: changes)?|no (?:[a-z]+ )?changes)(?: (?:yet|so far|here|to see here|since .*))?[.!\x60*_]*$`)

// saysNothing reports whether the text of a section is empty or only says, on a line, that
// there is nothing.
func saysNothing(text string) bool {
	first, _, _ := strings.Cut(strings.Trim(text, "-*+_ ("), ". ")
	return text == "" || !strings.Contains(text, "\n") && stopgap.MatchString(strings.TrimRight(first, ")"))
}

// insert gives the changelog a section with the notes that were made: below an empty
// Unreleased section, or above the newest version.
func (s *section) insert(text string) (string, error) {
	body := strings.TrimPrefix(text, "\ufeff")
	o, err := readOutline(body, s)
	if err != nil {
		return "", err
	}
	at, model, err := o.place()
	if err != nil {
		return "", err
	}
	heading, name := o.headingFor(s.day, model)
	made := s.made.Text
	if f, err := changelog.Read([]byte(heading), s.names); err == nil && len(f.Headings()) == 1 {
		made = below(made, f.Headings()[0].Level)
	}
	s.said = o.updateLinks(name, s.tag)
	o.insert(at, heading+"\n\n"+made)
	after := text[:len(text)-len(body)] + strings.Join(o.lines, "")
	f, err := s.check(after)
	if err != nil {
		return "", err
	}
	got, err := f.Section(s.to)
	versions := slices.DeleteFunc(f.Versions(), func(v string) bool { return v == s.to })
	if err != nil || !strings.HasPrefix(got.Text, made) || !slices.Equal(versions, o.file.Versions()) {
		return "", errors.New("a section cannot be inserted without changing how the rest is read: add it by hand")
	}
	return after, nil
}

var madeHeading = regexp.MustCompile(`(?m)^### `)

// below returns notes with their headings one level below the version's.
func below(made string, level int) string {
	return madeHeading.ReplaceAllString(made, strings.Repeat("#", min(level+1, 6))+" ")
}

// check reads an edited changelog as a release will, and checks that it has the section.
func (s *section) check(after string) (*changelog.File, error) {
	f, err := changelog.Read([]byte(after), s.names)
	if err == nil {
		_, err = notes.Section(f, s.to, s.isShared)
	}
	return f, err
}

// placeholder matches what stands for the date in the heading of a version that is not
// released yet.
var placeholder = regexp.MustCompile(`(?i)\b(?:unreleased|unpublished|releasedate|tbd|tba|(?:[0-9]{4}|y{4}|x{4})-(?:[0-9]{2}|m{2}|x{2})-(?:d{2}|x{2}))\b|[0-9]{4}-(?:[0-9]{2}|\?\?)-\?\?`)

// keep leaves the text of a section that is there already.
func (s *section) keep(o *outline, text string) (string, error) {
	f, err := s.check(text)
	if err != nil {
		return "", err
	}
	got, err := f.Section(s.to)
	if err != nil {
		return "", err
	}
	s.found = got.Line
	if at, err := o.unreleased(); err == nil && at >= 0 && o.file.Below(at) != "" {
		s.said = append(s.said, fmt.Sprintf("the notes below the heading on line %d are not part of it.", o.file.Headings()[at].Line+1))
	}
	line := o.lines[got.Line-1]
	before, rest, _ := strings.Cut(line, s.to)
	match := placeholder.FindStringIndex(rest)
	if match == nil {
		return text, nil
	}
	o.lines[got.Line-1] = before + s.to + rest[:match[0]] + s.day + rest[match[1]:]
	after := text[:len(text)-len(strings.TrimPrefix(text, "\ufeff"))] + strings.Join(o.lines, "")
	if _, err := s.check(after); err != nil {
		return text, nil //nolint:nilerr // the date stays for a person to set
	}
	return after, nil
}

// unreleased returns the index of the heading of unreleased changes, -1 if there is none.
// Its level is 2 or that of the newest version's heading.
func (o *outline) unreleased() (int, error) {
	newest, hasVersion := o.newest()
	var found []int
	for i, h := range o.file.Headings() {
		if (h.Level == 2 || hasVersion && h.Level == newest.Level) && h.Unreleased() {
			found = append(found, i)
		}
	}
	switch len(found) {
	case 0:
		return -1, nil
	case 1:
		return found[0], nil
	}
	first, second := o.file.Headings()[found[0]].Line+1, o.file.Headings()[found[1]].Line+1
	return -1, fmt.Errorf("it has %d headings of unreleased changes, the first two on lines %d and %d: keep one", len(found), first, second)
}

// newest returns the heading of the highest version before the new one.
func (o *outline) newest() (newest changelog.Heading, found bool) {
	for _, h := range o.file.Headings() {
		if o.isForeign && !h.Named() {
			continue
		}
		if v := o.version(h); v != nil && (!found || v.GreaterThan(o.version(newest))) {
			newest, found = h, true
		}
	}
	return newest, found
}

// version returns the version of a heading, or nil if there is none or if it is not lower than
// the new one: higher versions are plans.
func (o *outline) version(h changelog.Heading) *semver.Version { return o.before(h.Version()) }

// before parses a version and returns it if it is lower than the new one, and nil otherwise.
func (o *outline) before(text string) *semver.Version {
	v, err := semver.StrictNewVersion(text)
	if err != nil || !v.LessThan(semver.MustParse(o.to)) {
		return nil
	}
	return v
}
