package changelog

import (
	"slices"

	"github.com/Masterminds/semver/v3"
)

// Headings returns the headings of the document, in its order.
func (f *File) Headings() []Heading { return f.doc.headings }

// Below returns what stands below a heading, given by its index in [File.Headings], as
// [File.Section] returns it; "" where that says nothing.
func (f *File) Below(heading int) string { return f.doc.notes(heading) }

// Foreign reports whether a section of version v, if it had no crate's name, would be older
// than another one without a name: the file's versions are not the crate's then.
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

// NamesCrate reports whether a heading has the crate's name.
func (f *File) NamesCrate() bool {
	return slices.ContainsFunc(f.doc.headings, func(h Heading) bool {
		return h.crate == ours || slices.ContainsFunc(h.releases, func(r release) bool { return r.who == ours })
	})
}

// Link is a definition of a link that is on one line.
type Link struct {
	Line  int // counted from 0
	Label string
}

// Links returns the definitions of links that are on one line, the first one of a label,
// in the order of the file.
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
