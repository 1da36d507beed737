package changelog

// Headings returns the headings of the document, in its order.
func (f *File) Headings() []Heading { return f.doc.headings }

// Below returns what stands below a heading, given by its index in [File.Headings], as
// [File.Section] returns it; "" where that says nothing.
func (f *File) Below(heading int) string { return f.doc.notes(heading) }

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
