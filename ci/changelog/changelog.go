// Package changelog reads the notes of one release from a changelog in Markdown: the
// text below the heading of its version.
//
// The file's blocks are those of goldmark's tree (CommonMark 0.31.2): what looks like a
// heading in a code block, a comment, a list or a quote is none. The notes are the file's
// own text, never rendered anew.
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

// MaxSize is the size of the largest changelog that is read, in bytes.
const MaxSize = 2 << 20

// File is a changelog that was read.
type File struct {
	doc document
}

// Section is what a changelog says of one version.
type Section struct {
	Text string
	Line int // of the heading, counted from 1
	// Named says that the heading has the crate's name, or stands below it or above it.
	Named bool
}

// Read reads a changelog. Its error says why the file cannot be trusted to show all of
// its headings: it is not UTF-8, too large, or has a block that never ends, with its line.
// The file that is returned beside an error has the headings up to there.
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

// Section returns the notes of version v: what stands between its heading and the next
// heading of the same level, of a higher one, or of another version, trimmed, with LF line
// ends, and followed by those of the file's link and footnote definitions that the notes
// use, so that they render alone.
//
// The version must equal v, but for the leading zeros of a calendar (25.07.1 for 25.7.1) and
// for a last 0 where no other heading has the version (1.2 for 1.2.0); for the forms of a
// heading see [Heading]. Where no heading names a version, the items of the document's lists
// count as headings do. A heading that names the crate goes before one that names none, and so does a heading with
// nothing but the crate's name above or below the version's. It is an error when v has no
// section, more than one, or one with nothing in it but headings and comments. The error
// names v but not the file.
func (f *File) Section(v string) (Section, error) {
	if _, err := semver.StrictNewVersion(v); err != nil {
		return Section{}, fmt.Errorf("reading changelog: looking for a version that is none: %w", err)
	}
	at, named, err := f.find(v)
	if err == nil {
		if text := f.doc.notes(at); text != "" {
			return Section{Text: text, Line: f.doc.headings[at].Line + 1, Named: named}, nil
		}
		err = fmt.Errorf("nothing stands below its heading on line %d; describe the release there", f.doc.headings[at].Line+1)
	} else if s, ok := f.doc.itemOf(v); ok {
		return s, nil
	}
	return Section{}, fmt.Errorf("reading changelog section of version %q: %w", v, err)
}

// Versions returns the versions that have a heading, of the crate or of no crate, in the
// order of the file and without a leading v. Unreleased is none, nor is anything that is
// not SemVer.
func (f *File) Versions() []string {
	var list []string
	for _, h := range f.doc.headings {
		if v := h.Version(); v != "" {
			list = append(list, v)
		}
	}
	return list
}

// ReadSection returns the notes of version v in a changelog of one crate.
func ReadSection(markdown []byte, v string) (string, error) {
	f, err := Read(markdown, Names{})
	if err != nil {
		return "", err
	}
	s, err := f.Section(v)
	return s.Text, err
}

// find returns the only heading of version v, and whether it is by name the crate's. Where
// no heading has all of the version's numbers, one counts that leaves out a last 0.
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

// among returns the headings that are somebody's as of says, those of the crate's name first,
// whether there are such, and how many there are of that kind.
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

// missing is the error for a version with no heading.
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
