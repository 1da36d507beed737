package notes

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"dagger/slipway/ci/console"
)

// Limits on notes made from commits. GitHub accepts 125,000 characters.
const (
	maxMessage = 64 << 10  // bytes read of one commit message
	maxWords   = 200       // characters of one commit's description
	maxText    = 60 * 1000 // bytes of all lines
)

// groups lists the headings in order, with the commit types below each (Conventional
// Commits 1.0.0, and the types of the Angular convention). Commits of any other type, or
// without one, go below the last heading.
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

// Markdown renders the commits, grouped by type with breaking changes first. Nothing in a
// message becomes markup, a link or a mention.
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

// shortID is how many digits of a commit's ID are shown. It is fixed, because the number
// that git chooses differs between clones.
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

// groupOf returns the group of a commit type, 0 if it is unknown.
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

// plain renders text of a message on one line, without invisible characters.
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
