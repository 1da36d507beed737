package prepare

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/changelog"
)

// advice ends the errors about notes that are missing.
const advice = `what changes with this release, in lists below "### Added", "### Changed", "### Fixed" or the like`

// editChangelog moves the notes of the crate that is released.
func (p *preparation) editChangelog() error { return p.moveNotes(p.crate) }

// editOtherChangelogs moves the notes of the crates that change along: their
// unreleased changes are part of the version that they get, and a release of
// theirs will look for its section. What cannot be moved is left to a person.
func (p *preparation) editOtherChangelogs() error {
	var without []string
	for _, c := range p.changed {
		if c == p.crate {
			continue
		}
		if _, err := fs.Stat(p.fsys, path.Join(c.Dir, "CHANGELOG.md")); errors.Is(err, fs.ErrNotExist) {
			if publishable, _ := c.Publishable(); publishable || len(c.Shipped()) > 0 {
				without = append(without, c.Name)
			}
		} else if err := p.moveNotes(c); err != nil {
			p.note("%q has no section for %s, which a release of it needs: %v.", c.Name, p.to, err)
		} else {
			p.note("The unreleased notes of %q are now under %s, since it has that version too.", c.Name, p.to)
		}
	}
	if len(without) > 0 {
		p.note("There is no changelog of %s: a release of it needs one with a section for %s.", list(without), p.to)
	}
	return nil
}

func (p *preparation) moveNotes(c *cargo.Crate) error {
	name, _, err := p.workspace.ReadChangelog(c)
	if err != nil {
		return err
	}
	before, err := p.read(name)
	if err != nil {
		return err
	}
	after, notes, err := moveUnreleased(before, p.to.String(), p.day, p.version.Tag(c.Name))
	if err != nil {
		return fmt.Errorf("editing changelog %q: %w", name, err)
	}
	p.edit(name, before, after)
	for _, n := range notes {
		p.note("%q: %s", name, n)
	}
	return nil
}

var (
	levelTwo   = regexp.MustCompile(`^ {0,3}##(?:[^#]|$)`)
	unreleased = regexp.MustCompile(`(?i)^ {0,3}##[ \t]+\[?unreleased(?:[^0-9a-z_]|$)`)
)

// moveUnreleased gives what stands under "## [Unreleased]" a heading of its own
// and leaves Unreleased empty: it inserts the heading and touches no note. The
// heading has the form of that of the last version (see headingFor); link
// definitions are kept up too, where they are (see updateLinks). tag is what the
// release will be called. It also returns what a person should know.
func moveUnreleased(text, to, day, tag string) (string, []string, error) {
	body := strings.TrimPrefix(text, "\ufeff")
	o, err := readOutline(body, to)
	if err != nil {
		return "", nil, err
	}
	if slices.Contains(changelog.Versions([]byte(body)), to) {
		return "", nil, fmt.Errorf("it has a heading for %s already: move its notes below \"## [Unreleased]\" and take the heading out", to)
	}
	at, err := o.unreleased()
	if err != nil {
		return "", nil, err
	}
	heading, name := o.headingFor(day, at)
	notes := o.updateLinks(name, tag)
	end := lineEnd(o.lines[at])
	o.lines[at] = strings.TrimRight(o.lines[at], "\r\n") + end + end + heading + end
	after := strings.Join(o.lines, "")
	if _, err := changelog.Section([]byte(after), to); err != nil {
		return "", nil, err
	}
	return text[:len(text)-len(body)] + after, notes, nil
}

// unreleased returns the line of the heading of the unreleased section, which
// must have notes.
func (o *outline) unreleased() (int, error) {
	var at []int
	for _, h := range o.headings {
		if unreleased.MatchString(o.lines[h]) {
			at = append(at, h)
		}
	}
	switch {
	case len(at) == 0 && o.newest() >= 0:
		return 0, fmt.Errorf("it has no heading \"## [Unreleased]\": write one above line %d, and below it %s", o.newest()+1, advice)
	case len(at) == 0:
		return 0, fmt.Errorf("it has no heading \"## [Unreleased]\": write one, and below it %s", advice)
	case len(at) > 1:
		return 0, fmt.Errorf("it has %d headings \"Unreleased\", the first two on lines %d and %d: keep one", len(at), at[0]+1, at[1]+1)
	}
	if !o.hasNotes(at[0]) {
		return 0, fmt.Errorf("nothing stands below the heading %q on line %d: write there %s", strings.TrimSpace(o.lines[at[0]]), at[0]+1, advice)
	}
	return at[0], nil
}

// hasNotes reports whether package changelog would find notes below a heading.
func (o *outline) hasNotes(at int) bool {
	end := len(o.lines)
	if i := slices.Index(o.headings, at); i+1 < len(o.headings) {
		end = o.headings[i+1]
	}
	_, err := changelog.Section([]byte("## 0.0.0\n"+strings.Join(o.lines[at+1:end], "")), "0.0.0")
	return err == nil
}

// newest returns the line of the heading of the highest version before the new
// one, or -1.
func (o *outline) newest() int {
	at := -1
	for _, h := range o.headings {
		if v := o.version(h); v != nil && (at < 0 || v.GreaterThan(o.version(at))) {
			at = h
		}
	}
	return at
}

// version returns the version whose heading a line is, or nil. One that is
// higher than the new one is planned, and for another time.
func (o *outline) version(line int) *semver.Version {
	found := changelog.Versions([]byte(o.lines[line]))
	if len(found) != 1 || !levelTwo.MatchString(o.lines[line]) {
		return nil
	}
	return o.before(found[0])
}

// before returns a version that is lower than the new one; any other text is nil.
func (o *outline) before(text string) *semver.Version {
	v, err := semver.StrictNewVersion(text)
	if err != nil || !v.LessThan(semver.MustParse(o.to)) {
		return nil
	}
	return v
}
