// Package notes finds the notes of a release: the section of its version in a changelog, or
// else the commits that touch the crate since its last tag.
package notes

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/changelog"
	"dagger/slipway/ci/finding"
)

// Notes holds the notes of a release.
type Notes struct {
	Text string // Markdown, "" for none
	From string // where they come from, for people
}

// Find returns the notes for the release of a crate in its manifest's version. It looks in
// the files of [cargo.Workspace.Changelogs]; if none has the version, it makes notes from
// the commits that ask returns. ask may be nil if there is no repository.
//
// A changelog without the notes, or one that cannot be read, is a finding that stops
// nothing, unless a setting names the file: then it stops the release.
func Find(w *cargo.Workspace, c *cargo.Crate, ask Ask) (Notes, finding.List, error) {
	files, err := w.Changelogs(c)
	if err != nil {
		return Notes{}, nil, err
	}
	var found finding.List
	for _, l := range files {
		section, err := read(w, c, l)
		if err == nil {
			return Notes{Text: section.Text, From: fmt.Sprintf("%s, line %d", l.Name, section.Line)}, nil, nil
		}
		var unusable *unusableError
		if !errors.As(err, &unusable) {
			return Notes{}, nil, err
		}
		found = append(found, unusable.finding(c, l)...)
	}
	made, more, err := fromHistory(w, c, ask)
	return made, append(found, more...), err
}

// unusableError reports a changelog that does not have the notes.
type unusableError struct{ err error }

func (e *unusableError) Error() string { return e.err.Error() }
func (e *unusableError) Unwrap() error { return e.err }

// finding returns the findings for an unusable changelog.
func (e *unusableError) finding(c *cargo.Crate, l cargo.Changelog) finding.List {
	missing := errors.Is(e.err, fs.ErrNotExist)
	switch {
	case l.NamedBy == "" && missing: // a dangling link
		return nil
	case l.NamedBy == "":
		return finding.List{{Stops: finding.Nothing, Crate: c.Name, File: l.Name, What: e.Error()}}
	}
	f := finding.Finding{Stops: finding.Release, Crate: c.Name, File: l.NamedBy, Line: l.Line}
	f.What = fmt.Sprintf("the setting `changelog` names %q: %v", l.Name, e.err)
	f.Do = fmt.Sprintf("give it a section for %s, or remove the setting", c.Version)
	if missing {
		f.What = fmt.Sprintf("the setting `changelog` names %q, which is missing", l.Name)
		f.Do = fmt.Sprintf("write it, with a section for %s, or remove the setting", c.Version)
	}
	return finding.List{f}
}

// read returns the section of the crate's version.
func read(w *cargo.Workspace, c *cargo.Crate, l cargo.Changelog) (changelog.Section, error) {
	raw, err := w.ReadChangelog(l)
	if canceled(err) {
		return changelog.Section{}, err
	}
	if err != nil {
		return changelog.Section{}, &unusableError{err}
	}
	f, err := changelog.Read(raw, Names(w, c))
	if err != nil {
		return changelog.Section{}, &unusableError{err}
	}
	section, err := Section(f, c.Version, l.Shared)
	if err != nil {
		return changelog.Section{}, &unusableError{err}
	}
	return section, nil
}

// Section returns the section of a crate's version. In a file that the crate shares, one
// that names no crate must not be older than others of that kind, or it is another crate's.
func Section(f *changelog.File, version string, isShared bool) (changelog.Section, error) {
	section, err := f.Section(version)
	if err == nil && isShared && !section.Named && f.Foreign(version) {
		err = fmt.Errorf("its section of version %q on line %d names no crate, and there are newer ones: it is taken to be another crate's", version, section.Line)
	}
	return section, err
}

// Names returns the names that headings of a crate's changelog may have.
func Names(w *cargo.Workspace, c *cargo.Crate) changelog.Names {
	return changelog.Names{Crate: c.Name, Others: w.OtherNames(c)}
}

func canceled(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// fromHistory makes notes from commits.
func fromHistory(w *cargo.Workspace, c *cargo.Crate, ask Ask) (Notes, finding.List, error) {
	made, why, err := FromCommits(ask, NewQuestion(w, c))
	if err != nil || why == "" {
		return made, nil, err
	}
	why = "no changelog has any, and " + why
	f := finding.Finding{Stops: finding.Nothing, Crate: c.Name, What: "the release has no notes: " + why, Do: fmt.Sprintf("give a changelog a section for %s", c.Version)}
	return Notes{From: "nowhere: " + why}, finding.List{f}, nil
}

// FromCommits makes notes from the commits that ask returns. If there are none, it returns
// the reason instead. ask may be nil if there is no repository.
func FromCommits(ask Ask, q Question) (made Notes, why string, err error) {
	const noCommits = "there is no repository with commits"
	if ask == nil {
		return Notes{}, noCommits, nil
	}
	h, err := ask(q)
	switch {
	case canceled(err):
		return Notes{}, "", err
	case err != nil:
		return Notes{}, fmt.Sprintf("git does not say what changed: %v", err), nil
	case h.Head == "":
		return Notes{}, noCommits, nil
	case len(h.Commits) == 0:
		return Notes{}, fmt.Sprintf("nothing changed in %s", h), nil
	}
	return Notes{Text: h.Markdown(), From: h.String()}, "", nil
}
