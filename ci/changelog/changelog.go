// Package changelog reads the notes of one release from a changelog in the form
// of Keep a Changelog 1.1.0: a heading of level 2 for each version, its notes
// below.
//
// Markdown is read as CommonMark 0.31.2 does, as far as it matters here. Headings
// underlined with dashes are not read, nor link definitions over several lines.
package changelog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/Masterminds/semver/v3"
)

// Section returns the notes of version v: what stands between its heading and the
// next heading of level 1 or 2, trimmed, with LF line ends, and followed by those
// of the file's link and footnote definitions that the notes use, so that they
// render alone.
//
// A version's heading is "## " and the version, with or without a leading v or
// brackets, then anything or nothing: "## [1.2.3] - 2024-01-01", "## v1.2.3". It
// must equal v byte for byte. It is an error when v has no section, more than one,
// or one with nothing in it but headings and comments. The error names v but not
// the file.
func Section(markdown []byte, v string) (string, error) {
	if _, err := semver.StrictNewVersion(v); err != nil {
		return "", fmt.Errorf("reading changelog: looking for a version that is none: %w", err)
	}
	if !utf8.Valid(markdown) {
		return "", errors.New("reading changelog: it is not UTF-8; save it as UTF-8")
	}
	doc, err := scan(string(markdown))
	if err != nil {
		return "", fmt.Errorf("reading changelog: %w", err)
	}
	body, err := doc.section(v)
	if err != nil {
		return "", fmt.Errorf("reading changelog section of version %q: %w", v, err)
	}
	return body, nil
}

// Versions returns the versions that have a heading, in the order of the file and
// without a leading v. Unreleased is none, nor is anything that is not SemVer.
func Versions(markdown []byte) []string {
	doc, _ := scan(string(markdown))
	return doc.versions()
}

// document is a changelog, line by line.
type document []line

func (doc document) versions() []string {
	var list []string
	for _, l := range doc {
		if v := l.version(); v != "" {
			list = append(list, v)
		}
	}
	return list
}

// section returns the notes below v's only heading.
func (doc document) section(v string) (string, error) {
	var at []int
	for i, l := range doc {
		if l.version() == v {
			at = append(at, i)
		}
	}
	switch len(at) {
	case 0:
		return "", doc.missing(v)
	case 1:
	default:
		return "", fmt.Errorf("it has %d headings, the first two on lines %d and %d; keep one", len(at), at[0]+1, at[1]+1)
	}
	first, end := at[0]+1, len(doc)
	if n := slices.IndexFunc(doc[first:], line.endsSection); n >= 0 {
		end = first + n
	}
	if !slices.ContainsFunc(doc[first:end], line.isNote) {
		return "", fmt.Errorf("nothing stands below its heading on line %d; describe the release there", at[0]+1)
	}
	return doc.render(first, end), nil
}

// missing is the error for a version with no heading.
func (doc document) missing(v string) error {
	const most = 10
	has := "no version"
	if list := doc.versions(); len(list) > most {
		has = fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
	} else if len(list) > 0 {
		has = strings.Join(list, ", ")
	}
	return fmt.Errorf(`no heading "## [%s]", the file has %s; add one with the notes of the release, or rename Unreleased`, v, has)
}
