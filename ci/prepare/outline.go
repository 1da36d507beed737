package prepare

import (
	"regexp"
	"strings"

	"dagger/slipway/ci/changelog"
)

// outline is the structure of a changelog as Markdown.
type outline struct {
	lines []string // with their line ends
	file  *changelog.File
	names changelog.Names
	links []int  // line numbers of link definitions, the first for each label
	to    string // the new version; higher ones are plans and no models
	// isForeign says that versions without a crate's name are another crate's.
	isForeign bool
}

var linkForm = regexp.MustCompile(`^( {0,3}\[)((?:[^\\\[\]]|\\.)+)(\]:[ \t]*<?)([^\s<>]*)`)

// readOutline parses the headings and link definitions of a changelog.
func readOutline(text string, s *section) (*outline, error) {
	file, err := changelog.Read([]byte(text), s.names)
	if err != nil {
		return nil, err
	}
	o := &outline{lines: splitLines(text), file: file, names: s.names, to: s.to, isForeign: s.isShared && file.Foreign(s.to)}
	for _, l := range file.Links() {
		if linkForm.MatchString(o.lines[l.Line]) {
			o.links = append(o.links, l.Line)
		}
	}
	return o, nil
}

// link is a line with a link definition.
type link struct {
	head string // up to the label
	name string
	mid  string
	url  string
	tail string
}

func (o *outline) link(i int) link {
	m := linkForm.FindStringSubmatch(o.lines[i])
	return link{head: m[1], name: m[2], mid: m[3], url: m[4], tail: o.lines[i][len(m[0]):]}
}

func (l link) String() string { return l.head + l.name + l.mid + l.url + l.tail }

// splitLines splits text after its line ends: LF, CRLF or CR.
func splitLines(text string) []string {
	var lines []string
	from := 0
	for i := range len(text) {
		if text[i] == '\n' || text[i] == '\r' && !strings.HasPrefix(text[i+1:], "\n") {
			lines = append(lines, text[from:i+1])
			from = i + 1
		}
	}
	if from < len(text) {
		lines = append(lines, text[from:])
	}
	return lines
}

// lineEnd returns the line's end, or "\n" if it has none.
func lineEnd(line string) string {
	if end := line[len(strings.TrimRight(line, "\r\n")):]; end != "" {
		return end
	}
	return "\n"
}
