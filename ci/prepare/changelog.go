package prepare

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/changelog"
	"dagger/slipway/ci/notes"
)

// advice ends the errors about notes that are missing.
const advice = `what changes with this release, in lists below "### Added", "### Changed", "### Fixed" or the like`

// editChangelog moves the notes of the crate that is released.
func (p *preparation) editChangelog() error {
	l, err := p.changelog(p.crate)
	if err != nil || l.Name == "" {
		return err
	}
	return p.moveNotes(p.crate, l.Name)
}

// changelog returns the file that has a crate's notes, as a release looks for it: the first
// that is there. It has no name where there is none, which is noted, for a release makes
// notes of commits then; a file that a setting names must be there.
func (p *preparation) changelog(c *cargo.Crate) (cargo.Changelog, error) {
	files, err := p.workspace.Changelogs(c)
	if err != nil {
		return cargo.Changelog{}, err
	}
	for _, l := range files {
		raw, err := p.workspace.ReadChangelog(l)
		if err == nil {
			if f, _ := changelog.Read(raw, notes.Names(p.workspace, c)); l.Shared && f.Foreign(p.to.String()) && !f.NamesCrate() {
				continue // it is about another crate
			}
			return l, nil
		}
		if l.NamedBy != "" {
			return l, fmt.Errorf("%w: the setting `changelog` of %q names it", err, l.NamedBy)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return l, err
		}
	}
	if publishable, _ := c.Publishable(); c == p.crate || publishable || len(c.Shipped()) > 0 {
		p.without = append(p.without, c.Name)
	}
	return cargo.Changelog{}, nil
}

// editOtherChangelogs moves the notes of the crates that change along: their
// unreleased changes are part of the version that they get, and a release of
// theirs will look for its section. What cannot be moved is left to a person.
func (p *preparation) editOtherChangelogs() error {
	for _, c := range p.changed {
		if c == p.crate {
			continue
		}
		l, err := p.changelog(c)
		if _, edited := p.files[l.Name]; err == nil && (l.Name == "" || edited) { // one file can have the notes of many
			continue
		}
		if err == nil {
			err = p.moveNotes(c, l.Name)
		}
		if err != nil {
			p.note("%q has no section for %s, which a release of it looks for: %v.", c.Name, p.to, err)
		} else {
			p.note("The unreleased notes of %q are now under %s, since it has that version too.", c.Name, p.to)
		}
	}
	if len(p.without) > 0 {
		p.note("There is no changelog of %s: a release makes notes of the commits since the last tag.", list(p.without))
	}
	return nil
}

func (p *preparation) moveNotes(c *cargo.Crate, name string) error {
	before, err := p.read(name)
	if err != nil {
		return err
	}
	after, said, err := moveUnreleased(before, notes.Names(p.workspace, c), p.to.String(), p.day, p.version.Tag(c.Name))
	if err != nil {
		return fmt.Errorf("editing changelog %q: %w", name, err)
	}
	p.edit(name, before, after)
	for _, n := range said {
		p.note("%q: %s", name, n)
	}
	return nil
}

var unreleased = regexp.MustCompile(`(?i)^\[?unreleased(?:[^0-9a-z_]|$)`)

// moveUnreleased gives what stands under "## [Unreleased]" a heading of its own
// and leaves Unreleased empty: it inserts the heading and touches no note. The
// heading has the form of that of the last version (see headingFor); link
// definitions are kept up too, where they are (see updateLinks). tag is what the
// release will be called. It also returns what a person should know.
func moveUnreleased(text string, names changelog.Names, to, day, tag string) (string, []string, error) {
	body := strings.TrimPrefix(text, "\ufeff")
	o, err := readOutline(body, to, names)
	if err != nil {
		return "", nil, err
	}
	if slices.Contains(o.file.Versions(), to) {
		return "", nil, fmt.Errorf("it has a heading for %s already: move its notes below \"## [Unreleased]\" and take the heading out", to)
	}
	from, err := o.unreleased()
	if err != nil {
		return "", nil, err
	}
	heading, name := o.headingFor(day, from)
	said := o.updateLinks(name, tag)
	at := from.End - 1
	end := lineEnd(o.lines[at])
	o.lines[at] = strings.TrimRight(o.lines[at], "\r\n") + end + end + strings.ReplaceAll(heading, "\n", end) + end
	after := strings.Join(o.lines, "")
	read, err := changelog.Read([]byte(after), names)
	if err == nil {
		_, err = read.Section(to)
	}
	if err != nil {
		return "", nil, err
	}
	return text[:len(text)-len(body)] + after, said, nil
}

// unreleased returns the heading of the unreleased section, which must have notes. It has
// level 2, or that of the newest version.
func (o *outline) unreleased() (changelog.Heading, error) {
	newest, hasVersion := o.newest()
	var found []int
	for i, h := range o.file.Headings() {
		if (h.Level == 2 || hasVersion && h.Level == newest.Level) && unreleased.MatchString(h.Text) {
			found = append(found, i)
		}
	}
	switch {
	case len(found) == 0 && hasVersion:
		return changelog.Heading{}, fmt.Errorf("it has no heading \"## [Unreleased]\": write one above line %d, and below it %s", newest.Line+1, advice)
	case len(found) == 0:
		return changelog.Heading{}, fmt.Errorf("it has no heading \"## [Unreleased]\": write one, and below it %s", advice)
	case len(found) > 1:
		first, second := o.file.Headings()[found[0]].Line+1, o.file.Headings()[found[1]].Line+1
		return changelog.Heading{}, fmt.Errorf("it has %d headings \"Unreleased\", the first two on lines %d and %d: keep one", len(found), first, second)
	}
	h := o.file.Headings()[found[0]]
	if o.file.Below(found[0]) == "" {
		return h, fmt.Errorf("nothing stands below the heading %q on line %d: write there %s", strings.TrimSpace(o.lines[h.Line]), h.Line+1, advice)
	}
	return h, nil
}

// newest returns the heading of the highest version before the new one.
func (o *outline) newest() (newest changelog.Heading, found bool) {
	for _, h := range o.file.Headings() {
		if v := o.version(h); v != nil && (!found || v.GreaterThan(o.version(newest))) {
			newest, found = h, true
		}
	}
	return newest, found
}

// version returns the version whose heading it is, or nil. One that is
// higher than the new one is planned, and for another time.
func (o *outline) version(h changelog.Heading) *semver.Version { return o.before(h.Version()) }

// before returns a version that is lower than the new one; any other text is nil.
func (o *outline) before(text string) *semver.Version {
	v, err := semver.StrictNewVersion(text)
	if err != nil || !v.LessThan(semver.MustParse(o.to)) {
		return nil
	}
	return v
}
