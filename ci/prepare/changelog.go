package prepare

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/changelog"
	"dagger/slipway/ci/notes"
)

// findChangelogs finds the changelog of every crate that gets the new version.
func (p *preparation) findChangelogs() error {
	p.changelogs = map[string]cargo.Changelog{}
	for _, c := range p.changed {
		l, err := p.changelog(c)
		switch {
		case err == nil:
			p.changelogs[c.Name] = l
		case c == p.crate:
			return err
		default:
			p.note("%q has no section for %s, which a release of it looks for: %v.", c.Name, p.to, err)
		}
	}
	return nil
}

// changelog returns the changelog with a crate's notes: the first existing file among those
// that a release looks for, whether or not it can be read. If there is none it returns the
// zero value and records the crate in p.without, since a release then generates notes from
// commits. A file named by a setting must exist in the workspace.
func (p *preparation) changelog(c *cargo.Crate) (cargo.Changelog, error) {
	files, err := p.workspace.Changelogs(c)
	if err != nil {
		return cargo.Changelog{}, err
	}
	for _, l := range files {
		raw, err := p.workspace.ReadChangelog(l)
		isAbsent := errors.Is(err, fs.ErrNotExist)
		if l.NamedBy != "" && (isAbsent || errors.Is(err, fs.ErrInvalid)) {
			return l, fmt.Errorf("%w: the setting `changelog` of %q names it", err, l.NamedBy)
		}
		if isAbsent {
			continue // a dangling link
		}
		if f, _ := changelog.Read(raw, notes.Names(p.workspace, c)); l.Shared && f.Foreign(p.to.String()) && !f.NamesCrate() {
			continue // the file is about another crate
		}
		return l, nil
	}
	if publishable, _ := c.Publishable(); c == p.crate || publishable || len(c.Shipped()) > 0 {
		p.without = append(p.without, c.Name)
	}
	return cargo.Changelog{}, nil
}

// editChangelog gives the released crate's changelog a section.
func (p *preparation) editChangelog() error { return p.addSection(p.crate) }

// editOtherChangelogs does the same for the other crates that get the new version: their
// unreleased changes are part of it, and a later release of theirs looks for its section.
func (p *preparation) editOtherChangelogs() error {
	for _, c := range p.changed {
		l := p.changelogs[c.Name]
		if p.seen[l.Name] { // several crates can share one file
			continue
		}
		if err := p.addSection(c); err != nil {
			return err
		}
	}
	if len(p.without) > 0 {
		p.note("There is no changelog for %s: a release makes notes from the commits since the last tag.", list(p.without))
	}
	return nil
}

// addSection gives a crate's changelog a section for the new version, from its unreleased
// notes or else from commits. A changelog where that is not possible stays as it is, and a
// note says why: the rest of the release can be prepared without it.
func (p *preparation) addSection(c *cargo.Crate) error {
	l := p.changelogs[c.Name]
	if l.Name == "" {
		return nil
	}
	p.seen[l.Name] = true
	before, err := p.read(l.Name)
	if err != nil {
		p.leave(c, l, err)
		return nil
	}
	s := &section{to: p.to.String(), day: p.day, tag: p.version.Tag(c.Name), names: notes.Names(p.workspace, c), isShared: l.Shared}
	after, err := s.move(before)
	var nothing *nothingError
	if errors.As(err, &nothing) {
		made, why, asked := notes.FromCommits(p.history, p.question(c, l))
		if asked != nil {
			return asked
		}
		s.nothing, s.made, err = nothing, made, fmt.Errorf("%w, and %s", nothing, why)
		if made.Text != "" {
			after, err = s.insert(before)
		}
	}
	if err != nil {
		p.leave(c, l, err)
		return nil
	}
	p.edit(l.Name, before, after)
	p.sectioned = append(p.sectioned, c)
	p.tellSection(c, l, s)
	return nil
}

// tellSection notes what was done to a changelog.
func (p *preparation) tellSection(c *cargo.Crate, l cargo.Changelog, s *section) {
	switch {
	case s.found > 0:
		p.note("%q already has a section for %s, on line %d: it keeps its text.", l.Name, p.to, s.found)
	case s.made.Text != "":
		p.note("%q: %v, so the section for %s is made from %s: edit it for its readers.", l.Name, s.nothing, p.to, s.made.From)
	case c != p.crate:
		p.note("The unreleased notes of %q are now under %s, since it has that version too.", c.Name, p.to)
	}
	for _, n := range s.said {
		p.note("%q: %s", l.Name, n)
	}
}

// leave notes that a changelog gets no section.
func (p *preparation) leave(c *cargo.Crate, l cargo.Changelog, why error) {
	then := "a release makes notes from the commits since the last tag"
	if l.NamedBy != "" {
		then = fmt.Sprintf("a release is refused, since the setting `changelog` of %q names it", l.NamedBy)
	}
	p.note("%q gets no section for %s of %q and stays as it is: %v. Until it has one, %s.", l.Name, p.to, c.Name, why, then)
}

// question asks for the commits of a crate, and of the other crates that get the new version
// if they have the same changelog.
func (p *preparation) question(c *cargo.Crate, l cargo.Changelog) notes.Question {
	q := notes.NewQuestion(p.workspace, c)
	q.Version = p.to.String()
	isSharing := func(other *cargo.Crate) bool { return other != nil && p.changelogs[other.Name].Name == l.Name }
	if !slices.ContainsFunc(p.changed, func(other *cargo.Crate) bool { return other != c && isSharing(other) }) {
		return q
	}
	q.Dir, q.Without = ".", nil
	for _, other := range p.workspace.Crates {
		if !isSharing(p.isChanged(other.Name)) && other.Dir != "." {
			q.Without = append(q.Without, other.Dir)
		}
	}
	return q
}
