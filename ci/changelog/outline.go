package changelog

import (
	"slices"

	"github.com/Masterminds/semver/v3"
)

// Headings returns the headings in file order.
func (f *File) Headings() []Heading { return f.doc.headings }

// Below returns the text below a heading, given by its index in [File.Headings], in the
// form that [File.Section] returns; "" if there are no notes.
func (f *File) Below(heading int) string { return f.doc.notes(heading) }

// End returns the line after the section of a heading, given by its index, starting at 0.
func (f *File) End(heading int) int { return f.doc.end(heading) }

// Foreign reports whether some version without a crate's name is newer than v. Then such
// versions are not those of the crate.
func (f *File) Foreign(v string) bool {
	at, err := semver.StrictNewVersion(v)
	if err != nil {
		return false
	}
	headings := slices.Clone(f.doc.headings)
	for _, i := range f.doc.items {
		headings = append(headings, i.Heading)
	}
	return slices.ContainsFunc(headings, func(h Heading) bool {
		return slices.ContainsFunc(h.releases, func(r release) bool {
			other, err := semver.StrictNewVersion(r.version)
			return err == nil && r.who == nobody && h.below == nobody && other.GreaterThan(at)
		})
	})
}

// NamesCrate reports whether any heading names the crate.
func (f *File) NamesCrate() bool { return slices.ContainsFunc(f.doc.headings, Heading.Named) }

// Link is a link definition on a single line.
type Link struct {
	Line  int // starting at 0
	Label string
}

// Links returns the link definitions on a single line, in file order. The first definition
// of a label counts.
func (f *File) Links() []Link {
	var list []Link
	seen := map[string]bool{}
	for _, d := range f.doc.defs {
		if !d.footnote && d.end == d.first+1 && !seen[d.label] {
			list = append(list, Link{Line: d.first, Label: d.label})
		}
		seen[d.label] = true
	}
	return list
}
