package changelog

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/Masterminds/semver/v3"
)

// Heading is a heading of the document itself, not of a list or a quote in it.
type Heading struct {
	Line  int // of its first character, counted from 0
	Level int // 1 to 6
	// Text is the heading as it is written, without the signs that make it one. That of an
	// underlined one is its first line.
	Text string
	// Underlined says that a line of = or - makes it one (CommonMark 0.31.2, section 4.3).
	Underlined bool
	End        int // the line after it

	crate    owner // whose name it is, where it is a crate's name and nothing else
	below    owner // the nearest crate of a heading above it, of a higher level
	releases []release
	short    []release // of numbers that are cut short, 1.2 for 1.2.0
	more     bool      // words follow that belong to no version
}

// release is a version that a heading names, and whose it is.
type release struct {
	version string
	who     owner
}

// Version returns the version whose heading it is, of the crate or of no crate, or "".
//
// The version may have a leading v, brackets, a link, emphasis; the word Version or
// Release or a date before it; the crate's name, as in "crate 1.2.3", "crate v1.2.3",
// "crate@1.2.3" or in a tag's form, "crate-v1.2.3" or "crate/v1.2.3"; and, set off from it,
// anything behind it: a date, [YANKED], more versions of other crates.
func (h Heading) Version() string {
	for _, r := range h.releases {
		if r.who != others {
			return r.version
		}
	}
	return ""
}

// of reports whether it is the heading of somebody's version.
func (h Heading) of(v string, who owner) bool { return slices.Contains(h.releases, release{v, who}) }

// ofShort reports whether it is the heading of somebody's version, cut short.
func (h Heading) ofShort(v string, who owner) bool { return slices.Contains(h.short, release{v, who}) }

// plain reports whether it is the heading of a version of no crate.
func (h Heading) plain() bool {
	return slices.ContainsFunc(h.releases, func(r release) bool { return r.who == nobody })
}

// parse finds out what the heading's text names.
func (h *Heading) parse(crates owners) {
	words := split(h.Text)
	if len(words) == 1 {
		h.crate, _ = crates.find(words[0])
	}
	for len(words) > 0 {
		r, n := readRelease(words, crates, versionOf)
		if n == 0 && len(h.releases) == 0 {
			if r, n = readRelease(words, crates, shortOf); n > 0 {
				h.short = append(h.short, r)
			}
		} else if n > 0 {
			h.releases = append(h.releases, r)
		}
		if words = words[n:]; n == 0 || len(h.short) > 0 {
			break
		}
		for len(words) > 0 && (slices.Contains(joints, words[0]) || dateForm.MatchString(words[0])) {
			words = words[1:]
		}
	}
	h.more = slices.ContainsFunc(words, func(word string) bool { return !slices.Contains(joints, word) && !dateForm.MatchString(word) })
}

var (
	// bracket is a link or text in brackets, with what follows it.
	bracket = regexp.MustCompile(`\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])?`)
	tag     = regexp.MustCompile(`<[^<>]*>`)
	// dateForm is a date that stands before a version.
	dateForm = regexp.MustCompile(`^\(?[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\)?$`)
	// keyword says that a version follows.
	keyword = regexp.MustCompile(`^(?i:version|release|ver\.?|v\.?)$`)
	// joined is a crate's name and its version in one word, as in tags.
	joined = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_-]*?)(?:@v?|/v?|-v?)([0-9].*)$`)
	joints = []string{"/", "+", "&", "and", "-", "|"}

	emphasis    = strings.NewReplacer("`", "", "*", "", "__", "")
	punctuation = strings.NewReplacer(",", " ", ";", " ", "\u2013", " ", "\u2014", " ")
)

// cut stands where a bracket ends: what follows may be glued to it.
const cut = "\x00"

// split returns the words of a heading without its markup.
func split(text string) []string {
	text = strings.ReplaceAll(text, cut, "\ufffd") // as Markdown says
	text = tag.ReplaceAllString(text, "")
	text = bracket.ReplaceAllString(text, "$1"+cut)
	text = emphasis.Replace(text)
	text = strings.TrimLeftFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.So, r) || r == '\ufe0f' })
	var words []string
	for _, word := range strings.Fields(text) {
		words = append(words, separate(word)...)
	}
	return words
}

// separate cuts a word where a version in it ends: at a bracket's end, unless the word
// goes on with the version as in [1.0.0]-rc.1, and at punctuation that no version has.
func separate(word string) []string {
	if before, after, ok := strings.Cut(word, cut); ok {
		if glued(after) {
			return []string{word}
		}
		word = before + " " + strings.ReplaceAll(after, cut, "")
	}
	word = punctuation.Replace(word)
	if before, after, ok := strings.Cut(word, "("); ok && before != "" {
		word = before + " (" + after
	}
	var list []string
	for _, w := range strings.Fields(word) {
		list = append(list, strings.TrimSuffix(w, ":"))
	}
	return list
}

// glued reports whether what follows a closing bracket goes on with the version, as in
// [1.0.0]-rc.1, instead of a date or a link.
func glued(rest string) bool {
	rest = strings.TrimLeft(rest, "-+.")
	return rest != "" && ('0' <= rest[0] && rest[0] <= '9' || 'a' <= rest[0]|0x20 && rest[0]|0x20 <= 'z')
}

// maxWords is how many words a version and what stands before it can have.
const maxWords = 5

// readRelease reads a version, with or without a crate's name before it, and returns how
// many words it takes, 0 where the words begin with something else: any other word before
// a version, as in "Upgrading 1.2.3", makes no heading of a version.
func readRelease(words []string, crates owners, versionOf func(word string) string) (release, int) {
	who, named := nobody, false
	for i, word := range words[:min(len(words), maxWords)] {
		if v := versionOf(word); v != "" {
			return release{v, who}, i + 1
		}
		if keyword.MatchString(word) || dateForm.MatchString(word) || i > 0 && slices.Contains(joints, word) {
			continue
		}
		if named {
			return release{}, 0
		}
		if who, named = crates.find(word); named {
			continue
		}
		m := joined.FindStringSubmatch(word)
		if m == nil {
			return release{}, 0
		}
		if who, named = crates.find(m[1]); !named && !keyword.MatchString(m[1]) {
			return release{}, 0
		}
		if v := versionOf(m[2]); v != "" {
			return release{v, who}, i + 1
		}
		return release{}, 0
	}
	return release{}, 0
}

// calendar is a version of a calendar, whose numbers are dates: 25.07.1. Cargo takes no
// leading zeros, so that its manifest says 25.7.1.
var calendar = regexp.MustCompile(`^([1-9][0-9]+)\.0*([0-9]{1,2})\.0*([0-9]+)([-+].*)?$`)

// versionOf returns the version that a word is, as a manifest has it, "" for none.
func versionOf(word string) string {
	word = withoutV(word)
	if _, err := semver.StrictNewVersion(word); err == nil {
		return word
	}
	if m := calendar.FindStringSubmatch(word); m != nil {
		word = m[1] + "." + m[2] + "." + m[3] + m[4]
		if _, err := semver.StrictNewVersion(word); err == nil {
			return word
		}
	}
	return ""
}

var twoNumbers = regexp.MustCompile(`^[0-9]+\.[0-9]+$`)

// shortOf returns the version that a word is when its last number is left out, 1.2 for 1.2.0.
func shortOf(word string) string {
	if word = withoutV(word); !twoNumbers.MatchString(word) {
		return ""
	}
	return versionOf(word + ".0")
}

func withoutV(word string) string {
	trimmed, ok := strings.CutPrefix(word, "v")
	if !ok {
		trimmed = strings.TrimPrefix(word, "V")
	}
	return trimmed
}
