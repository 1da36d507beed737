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

// advice ends the errors about missing notes.
const advice = `what changes in this release, in lists below "### Added", "### Changed", "### Fixed" or the like`

// editChangelog moves the notes of the released crate.
func (p *preparation) editChangelog() error {
	l, err := p.changelog(p.crate)
	if err != nil || l.Name == "" {
		return err
	}
	return p.moveNotes(p.crate, l.Name)
}

// changelog returns the changelog with a crate's notes: the first existing file among those
// that a release looks for. If there is none it returns the zero value and records the crate in
// p.without, since a release then generates notes from commits. A file named by a setting must
// exist.
func (p *preparation) changelog(c *cargo.Crate) (cargo.Changelog, error) {
	files, err := p.workspace.Changelogs(c)
	if err != nil {
		return cargo.Changelog{}, err
	}
	for _, l := range files {
		raw, err := p.workspace.ReadChangelog(l)
		if err == nil {
			if f, _ := changelog.Read(raw, notes.Names(p.workspace, c)); l.Shared && f.Foreign(p.to.String()) && !f.NamesCrate() {
				continue // the file is about another crate
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

// editOtherChangelogs moves the notes of the other crates that get the new version: their
// unreleased changes are part of it, and a later release of theirs looks for its section. What
// cannot be moved is noted for a person to fix.
func (p *preparation) editOtherChangelogs() error {
	for _, c := range p.changed {
		if c == p.crate {
			continue
		}
		l, err := p.changelog(c)
		if _, edited := p.files[l.Name]; err == nil && (l.Name == "" || edited) { // several crates can share one file
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
		p.note("There is no changelog for %s: a release makes notes from the commits since the last tag.", list(p.without))
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

// moveUnreleased moves what is below "## [Unreleased]" to a section of its own by inserting a
// heading, and leaves Unreleased empty. The heading follows the style of the last version's
// (see headingFor), and link definitions are updated if there are any (see updateLinks). tag is
// the tag of the new release. It also returns notes for the user.
func moveUnreleased(text string, names changelog.Names, to, day, tag string) (string, []string, error) {
	body := strings.TrimPrefix(text, "\ufeff")
	o, err := readOutline(body, to, names)
	if err != nil {
		return "", nil, err
	}
	if slices.Contains(o.file.Versions(), to) {
		return "", nil, fmt.Errorf("it already has a heading for %s: move its notes below \"## [Unreleased]\" and remove the heading", to)
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

// unreleased returns the heading of the unreleased section, which must not be empty. Its level
// is 2 or that of the newest version's heading.
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
		return h, fmt.Errorf("the heading %q on line %d has no notes below it: add %s", strings.TrimSpace(o.lines[h.Line]), h.Line+1, advice)
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
