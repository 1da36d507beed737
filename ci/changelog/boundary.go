package changelog

import (
	"regexp"
	"slices"
	"strings"
)

// starts reports whether the heading begins the section of a release or of what is not
// released yet, and so ends the section above it. Any other heading of a version's own
// level, like "What's Changed" or "Fixed", is a part of that version's section.
func (h Heading) starts() bool {
	return h.Unreleased() || h.rough || h.names()
}

// names reports whether the heading names a version, of whichever crate.
func (h Heading) names() bool { return len(h.releases)+len(h.short) > 0 }

// Unreleased reports whether the heading is that of changes that are not released yet and
// are the crate's or no crate's: Unreleased, Next release, main and the like.
func (h Heading) Unreleased() bool { return h.pending && h.whose != others && h.below != others }

var (
	unreleased = regexp.MustCompile(`^unreleased(?:[^0-9a-z_]|$)`)
	// waiting has the words that a heading of unreleased changes may have instead, and
	// filler those that may come with them.
	waiting = []string{"next", "vnext", "upcoming", "forthcoming", "pending", "unpublished", "development", "tbd", "wip", "head", "main", "master", "trunk"}
	filler  = []string{"in", "the", "release", "version", "changes", "not", "yet", "to", "be", "released"}
)

// isPending reports whether words name unreleased changes.
func isPending(words []string) bool {
	words = skipSeparators(words)
	if len(words) > 0 && unreleased.MatchString(strings.ToLower(words[0])) {
		return true
	}
	found := false
	for _, word := range words {
		word = strings.ToLower(word)
		switch {
		case slices.Contains(waiting, word):
			found = true
		case !slices.Contains(filler, word) && !separates(word):
			return false
		}
	}
	return found
}

var (
	// roughVersion matches what is meant as a version but is none in SemVer, such as 1.x,
	// 0.1-alpha or 0.18.0.rc.0.
	roughVersion = regexp.MustCompile(`^[vV]?[0-9]+(?:\.[0-9xX*]+)+(?:[-+.][0-9A-Za-z.+-]*)?$`)
	fullVersion  = regexp.MustCompile(`^[vV]?[0-9]+\.[0-9]+\.[0-9]+(?:[-+.][0-9A-Za-z.+-]*)?$`)
)

// isRough reports whether words are those of a release's heading although no version can be
// read from them: a date, a version that is not SemVer, or names that are not of the
// workspace, such as that of a crate that was removed, each with its full version.
func isRough(words []string) bool {
	rest := skipSeparators(words)
	switch {
	case len(rest) == 0:
		return slices.ContainsFunc(words, dateForm.MatchString)
	case roughVersion.MatchString(rest[0]):
		return true
	}
	for found := false; len(rest) > 0; found = true {
		if found && strings.HasPrefix(rest[0], "(") {
			break
		}
		if m := joined.FindStringSubmatch(rest[0]); m == nil || !fullVersion.MatchString(m[2]) {
			if rest = skipSeparators(rest[1:]); len(rest) == 0 || !fullVersion.MatchString(rest[0]) {
				return false
			}
		}
		rest = skipSeparators(rest[1:])
	}
	return true
}

// skipSeparators returns words without those at the start that say nothing of their own.
func skipSeparators(words []string) []string {
	for len(words) > 0 && (separates(words[0]) || keyword.MatchString(words[0])) {
		words = words[1:]
	}
	return words
}

// separates reports whether a word only separates others: a date or a sign.
func separates(word string) bool { return slices.Contains(joints, word) || dateForm.MatchString(word) }

// introduction has the words that may lead to a version, as in "What's new in 1.2.3" or
// "CHANGES WITH 1.2.3", in files that have no other headings of versions.
var introduction = []string{"changes", "changelog", "news", "notes", "release", "what's", "what\u2019s", "new", "in", "with", "for", "of", "the"}

// introduced returns the version that introducing words lead to.
func introduced(words []string, crates owners, spelled func(string) string) (release, bool) {
	for len(words) > 0 && slices.Contains(introduction, strings.ToLower(words[0])) {
		words = words[1:]
	}
	r, n := readRelease(words, crates, spelled)
	return r, n > 0
}

// adoptIntroduced takes headings that introduce a version in words for those of versions,
// if no heading names a version otherwise.
func (doc *document) adoptIntroduced() {
	if slices.ContainsFunc(doc.headings, Heading.names) {
		return
	}
	for i := range doc.headings {
		doc.headings[i].releases = doc.headings[i].introduces
	}
}
