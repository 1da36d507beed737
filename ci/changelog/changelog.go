// Package changelog reads the notes of one release from a Markdown changelog: the text
// below the heading of its version.
//
// Blocks are parsed by goldmark (CommonMark 0.31.2), so text that looks like a heading in a
// code block, a comment, a list or a quote is not taken for one. The notes are the file's
// own text, not a rendering of it.
package changelog

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/Masterminds/semver/v3"
)

// MaxSize is the largest changelog that is read, in bytes.
const MaxSize = 2 << 20

// File is a parsed changelog.
type File struct {
	doc document
}

// Section is the section of one version.
type Section struct {
	Text string
	Line int // line of the heading, starting at 1
	// Named says that the heading names the crate, or is above or below a heading that does.
	Named bool
}

// Read parses a changelog. It returns an error, with the line, if some headings may be
// hidden: the file is not UTF-8, is too large, or has a block that is never closed. The
// file returned with an error has the headings up to that point.
func Read(markdown []byte, names Names) (*File, error) {
	f := &File{}
	switch {
	case len(markdown) > MaxSize:
		return f, fmt.Errorf("reading changelog: it has %d bytes: expected at most %d", len(markdown), MaxSize)
	case !utf8.Valid(markdown):
		return f, errors.New("reading changelog: it is not UTF-8; save it as UTF-8")
	}
	var err error
	if f.doc, err = scan(string(markdown), names.owners()); err != nil {
		err = fmt.Errorf("reading changelog: %w", err)
	}
	return f, err
}

// Section returns the notes of version v: the text between its heading and the next heading
// of another version, of unreleased changes, or of a higher level. Other headings of the
// same level, such as "Fixed", are part of it. It is trimmed, has LF line endings, and is
// followed by those of the file's link and footnote definitions that it uses, so that it
// renders on its own.
//
// The version must equal v, except for leading zeros in calendar versions (25.07.1 for
// 25.7.1), and for a final 0 that is left out if no other heading has the full version (1.2
// for 1.2.0); [Heading.Version] lists the forms of a heading. If no heading names a
// version, items of the document's lists count as headings. A heading that names the crate
// takes precedence over one that names none, and so does a heading that is just the crate's
// name above or below the version's. It returns an error if v has no section, more than
// one, or one that contains only headings and comments. The error names v but not the file.
func (f *File) Section(v string) (Section, error) {
	if _, err := semver.StrictNewVersion(v); err != nil {
		return Section{}, fmt.Errorf("reading changelog: looking for an invalid version: %w", err)
	}
	at, named, err := f.find(v)
	if err == nil {
		if text := f.doc.notes(at); text != "" {
			return Section{Text: text, Line: f.doc.headings[at].Line + 1, Named: named}, nil
		}
		err = fmt.Errorf("its heading on line %d has no notes below it; describe the release there", f.doc.headings[at].Line+1)
	} else if s, ok := f.doc.itemOf(v); ok {
		return s, nil
	}
	return Section{}, fmt.Errorf("reading changelog section of version %q: %w", v, err)
}

// Versions returns the versions of headings that belong to the crate or name no crate, in
// file order and without a leading v. It leaves out Unreleased and anything that is not
// SemVer.
func (f *File) Versions() []string {
	var list []string
	for _, h := range f.doc.headings {
		if v := h.Version(); v != "" {
			list = append(list, v)
		}
	}
	return list
}

// ReadSection returns the notes of version v from the changelog of a single crate.
func ReadSection(markdown []byte, v string) (string, error) {
	f, err := Read(markdown, Names{})
	if err != nil {
		return "", err
	}
	s, err := f.Section(v)
	return s.Text, err
}

// find returns the only heading of version v, and whether it belongs to the crate by name.
// If no heading has the full version, one that leaves out a final 0 counts.
func (f *File) find(v string) (heading int, isNamed bool, err error) {
	at, named, found := f.among(func(h Heading, who owner) bool { return h.of(v, who) })
	if found == 0 {
		at, named, found = f.among(func(h Heading, who owner) bool { return h.ofShort(v, who) })
	}
	switch {
	case found == 0:
		return 0, false, f.missing(v)
	case found > 1:
		return 0, false, fmt.Errorf("it has %d headings, the first two on lines %d and %d; keep one", found, f.doc.headings[at[0]].Line+1, f.doc.headings[at[1]].Line+1)
	case named:
		return at[0], true, nil
	}
	inner := f.doc.crateBelow(at[0])
	return inner, inner != at[0], nil
}

// among returns the headings for which of is true, those that belong to the crate by name
// first; whether there are any of those; and how many there are of the first kind found.
func (f *File) among(of func(h Heading, who owner) bool) (at []int, isNamed bool, found int) {
	var named, below, plain []int
	for i, h := range f.doc.headings {
		switch {
		case of(h, ours):
			named = append(named, i)
		case of(h, nobody) && h.below == ours:
			below = append(below, i)
		case of(h, nobody) && h.below == nobody:
			plain = append(plain, i)
		}
	}
	return slices.Concat(named, below, plain), len(named)+len(below) > 0, cmp.Or(len(named), len(below), len(plain))
}

// missing returns the error for a version without a heading.
func (f *File) missing(v string) error {
	const most = 10
	has := "no version"
	if list := f.Versions(); len(list) > most {
		has = fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
	} else if len(list) > 0 {
		has = strings.Join(list, ", ")
	}
	return fmt.Errorf(`no heading "## [%s]", the file has %s; add one with the notes of the release, or rename Unreleased`, v, has)
}
