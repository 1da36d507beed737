package notes

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"dagger/slipway/ci/console"
)

// Bounds of notes that are made of commits. GitHub takes 125,000 characters of notes.
const (
	maxMessage = 64 << 10  // bytes of one commit's message that are read
	maxWords   = 200       // characters of one commit's description
	maxText    = 60 * 1000 // bytes of all of them
)

// groups are the headings of commits, in their order, and the types that go below them
// (Conventional Commits 1.0.0, and the types of its Angular convention). Commits of any other
// type, or of none, go below the last one.
var groups = []struct {
	title string
	types []string
}{
	{"Breaking changes", nil},
	{"Features", []string{"feat", "feature"}},
	{"Fixes", []string{"fix", "bugfix", "hotfix"}},
	{"Performance", []string{"perf"}},
	{"Reverts", []string{"revert"}},
	{"Documentation", []string{"docs", "doc"}},
	{"Other changes", nil},
}

// Markdown renders the commits: those that break something first, then by what they say
// they are. Nothing in a message is markup, a link, or the mention of a person.
func (h History) Markdown() string {
	lines := make([][]string, len(groups))
	size, left := 0, 0
	for _, c := range h.Commits {
		at, line := c.line()
		if size += len(line); size > maxText {
			left++
			continue
		}
		lines[at] = append(lines[at], line)
	}
	var parts []string
	for i, g := range groups {
		if len(lines[i]) > 0 {
			parts = append(parts, "### "+g.title+"\n\n"+strings.Join(lines[i], "\n"))
		}
	}
	switch {
	case h.More:
		parts = append(parts, "Older commits are left out.")
	case left > 0:
		parts = append(parts, fmt.Sprintf("%d older commits are left out.", left))
	}
	return strings.Join(parts, "\n\n")
}

var (
	conventional = regexp.MustCompile(`^([A-Za-z]+)(?:\(([^()]*)\))?(!)?:[ \t]+(.*\S.*)$`)
	breaking     = regexp.MustCompile(`(?m)^BREAKING[ -]CHANGE:[ \t]*(.*)$`)
)

// shortID is how many digits of a commit's ID are shown: git's own number depends on the
// clone.
const shortID = 8

// line returns the group of a commit and its line there.
func (c Commit) line() (group int, line string) {
	subject, body, _ := strings.Cut(strings.TrimSpace(c.Message[:min(len(c.Message), maxMessage)]), "\n")
	group, scope, words := len(groups)-1, "", subject
	broken := breaking.FindStringSubmatch(body)
	if m := conventional.FindStringSubmatch(subject); m != nil {
		scope, words = m[2], m[4]
		if m[3] != "" {
			group = 0
		} else if g := groupOf(m[1]); g > 0 {
			group = g
		} else {
			words = subject[:len(m[1])] + ": " + words
		}
	}
	if broken != nil {
		group = 0
		if said := strings.TrimSpace(broken[1]); said != "" {
			words += ": " + said
		}
	}
	scope, words = plain(scope), plain(words)
	switch {
	case words == "":
		words = plain(subject)
	case scope != "":
		words = "**" + scope + ":** " + words
	}
	return group, "- " + words + " (" + c.ID[:min(shortID, len(c.ID))] + ")"
}

// groupOf returns the group of a type, or 0.
func groupOf(kind string) int {
	for i, g := range groups {
		for _, t := range g.types {
			if strings.EqualFold(t, kind) {
				return i
			}
		}
	}
	return 0
}

// plain renders words of a message on one line, without characters that cannot be seen.
func plain(words string) string {
	words = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsGraphic(r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, words)
	words = strings.Join(strings.Fields(words), " ")
	if runes := []rune(words); len(runes) > maxWords {
		words = string(runes[:maxWords-1]) + "\u2026"
	}
	return console.NoMention(words)
}
