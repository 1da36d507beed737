package prepare

import (
	"regexp"
	"strconv"
	"strings"

	"dagger/slipway/ci/changelog"
)

// outline is what Markdown sees in a changelog.
type outline struct {
	lines    []string // with their line ends
	headings []int    // the lines that are headings of level 1 or 2
	links    []int    // the lines that define a link's label, the first of each label
	to       string   // the version that is new; higher ones are plans, and no models
}

var (
	headingForm = regexp.MustCompile(`^( {0,3}##?)([ \t\r\n]|$)`)
	linkForm    = regexp.MustCompile(`^( {0,3}\[)((?:[^\\\[\]]|\\.)+)(\]:[ \t]*<?)([^\s<>]*)`)
	footnote    = regexp.MustCompile(`^ {0,3}\[\^[^\\\[\]\s]+\]:`)
	markForm    = regexp.MustCompile(`(?m)^ {0,3}\[mark-([0-9]+)\]:`)
)

// readOutline finds the headings and the links of a changelog. Whether a line
// that looks like one is one (in a code block it is not) is for package
// changelog to say. So each gets a mark, a version that is its line's number or
// a label with that number, and a section at the end that mentions every label:
// what [changelog.Versions] and [changelog.Section] find then is real.
func readOutline(text, to string) (*outline, error) {
	o := &outline{lines: splitLines(text), to: to}
	var marked, mentions strings.Builder
	labels := map[string]bool{}
	for i, l := range o.lines {
		switch n := strconv.Itoa(i + 1); {
		case headingForm.MatchString(l):
			m := headingForm.FindStringSubmatch(l)
			l = strings.TrimRight(m[1], "#") + "## 0.0." + n + " " + l[len(m[1]):]
		case linkForm.MatchString(l) && !footnote.MatchString(l):
			m := linkForm.FindStringSubmatch(l)
			l = m[1] + "mark-" + n + l[len(m[1])+len(m[2]):]
			mentions.WriteString(" [mark-" + n + "]")
		}
		marked.WriteString(l)
	}
	marked.WriteString("\n\n## 0.0.0\n\nend" + mentions.String() + "\n")
	found, err := changelog.Section([]byte(marked.String()), "0.0.0")
	if err != nil {
		return nil, err
	}
	for _, v := range changelog.Versions([]byte(marked.String())) {
		n, err := strconv.Atoi(strings.TrimPrefix(v, "0.0."))
		if err == nil && n > 0 {
			o.headings = append(o.headings, n-1)
		}
	}
	for _, m := range markForm.FindAllStringSubmatch(found, -1) {
		n, _ := strconv.Atoi(m[1])
		if n < 1 || n > len(o.lines) || !linkForm.MatchString(o.lines[n-1]) {
			continue
		}
		if label := o.link(n - 1).label; !labels[label] {
			labels[label] = true
			o.links = append(o.links, n-1)
		}
	}
	return o, nil
}

// link is a line that defines a link's label.
type link struct {
	head  string // up to the label
	name  string
	label string // the name as labels are compared (CommonMark 0.31.2, "matches")
	mid   string
	url   string
	tail  string
}

func (o *outline) link(i int) link {
	m := linkForm.FindStringSubmatch(o.lines[i])
	return link{
		head: m[1], name: m[2], mid: m[3], url: m[4], tail: o.lines[i][len(m[0]):],
		label: strings.ToLower(strings.Join(strings.Fields(m[2]), " ")),
	}
}

func (l link) String() string { return l.head + l.name + l.mid + l.url + l.tail }

// splitLines splits text behind its line ends: LF, CRLF or CR.
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

// lineEnd is what a line ends in, or "\n" where it is the last and has no end.
func lineEnd(line string) string {
	if end := line[len(strings.TrimRight(line, "\r\n")):]; end != "" {
		return end
	}
	return "\n"
}
