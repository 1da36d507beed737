package changelog

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"dagger/slipway/ci/version"
)

// Heading is a top-level heading of the document, not one in a list or a quote.
type Heading struct {
	Line  int // of its first character, starting at 0
	Level int // 1 to 6
	// Text is the heading's text without its # or underline. For an underlined heading it is
	// the first line only.
	Text string
	// Underlined says that it is a heading because of a line of = or - below it (CommonMark
	// 0.31.2, section 4.3).
	Underlined bool
	End        int // the line after the heading

	crate    owner // whose name the heading is, if it is just the name of a crate
	below    owner // the crate named by the nearest heading above it of a higher level
	releases []release
	short    []release // versions whose last number is left out, 1.2 for 1.2.0
	more     bool      // further words follow that are not part of a version

	introduces []release // versions that words lead to, see adoptIntroduced
	pending    bool      // it is about unreleased changes
	whose      owner     // of the unreleased changes
	rough      bool      // it is a release's, but names no version that can be read
}

// release is a version named in a heading, and whose version it is.
type release struct {
	version string
	who     owner
}

// Version returns the version whose heading this is, if it belongs to the crate or to no
// crate, else "".
//
// The version may have a leading v, brackets, a link or emphasis. It may follow the word
// Version or Release, a date, or the crate's name, as in "crate 1.2.3", "crate v1.2.3",
// "crate@1.2.3", "crate (1.2.3)" or a tag: "crate-v1.2.3", "crate/v1.2.3". Anything may come after it if it
// is separate: a date, [YANKED], versions of other crates.
func (h Heading) Version() string {
	for _, r := range h.releases {
		if r.who == ours || r.who == nobody && h.below != others {
			return r.version
		}
	}
	return ""
}

// Named reports whether the heading, or one above it, names the crate.
func (h Heading) Named() bool {
	return h.below == ours || h.crate == ours || slices.ContainsFunc(h.releases, func(r release) bool { return r.who == ours })
}

// of reports whether the heading names version v of who.
func (h Heading) of(v string, who owner) bool { return slices.Contains(h.releases, release{v, who}) }

// ofShort reports whether the heading names version v of who without its last number.
func (h Heading) ofShort(v string, who owner) bool { return slices.Contains(h.short, release{v, who}) }

// plain reports whether the heading names a version but no crate.
func (h Heading) plain() bool {
	return slices.ContainsFunc(h.releases, func(r release) bool { return r.who == nobody })
}

// parse finds the crate and the versions that the heading's text names.
func (h *Heading) parse(crates owners) {
	words := split(h.Text)
	if len(words) == 1 {
		h.crate, _ = crates.find(words[0])
	}
	for len(words) > 0 {
		r, n := readRelease(words, crates, version.Spelled)
		if n == 0 && len(h.releases) == 0 {
			if r, n = readRelease(words, crates, version.SpelledShort); n > 0 {
				h.short = append(h.short, r)
			}
		} else if n > 0 {
			h.releases = append(h.releases, r)
		}
		if words = words[n:]; n == 0 || len(h.short) > 0 {
			break
		}
		for len(words) > 0 && separates(words[0]) {
			words = words[1:]
		}
	}
	h.more = slices.ContainsFunc(words, func(word string) bool { return !separates(word) })
	if !h.names() {
		h.parseOther(words, crates)
	}
}

// parseOther parses the words of a heading that names no version.
func (h *Heading) parseOther(words []string, crates owners) {
	h.rough = isRough(words)
	if r, found := introduced(words, crates, version.Spelled); found {
		h.introduces = []release{r}
	}
	if len(words) > 1 {
		if who, known := crates.find(words[0]); known {
			h.whose, words = who, words[1:]
		}
	}
	h.pending = isPending(words)
}

var (
	// bracket matches a link or text in brackets, and the link's target.
	bracket = regexp.MustCompile(`\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])?`)
	tag     = regexp.MustCompile(`<[^<>]*>`)
	// dateForm matches a date before a version.
	dateForm = regexp.MustCompile(`^\(?[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\)?$`)
	// keyword matches words that may come before a version.
	keyword = regexp.MustCompile(`^(?i:version|release|ver\.?|v\.?)$`)
	// joined matches a crate's name and version in one word, as in tags.
	joined = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_-]*?)(?:@v?|/v?|-v?)([0-9].*)$`)
	joints = []string{"/", "+", "&", "and", "-", "|"}

	// shortcodes matches emoji by their names, before anything else.
	shortcodes = regexp.MustCompile(`^(?:\s*:[a-z0-9_+-]+:)+`)
	// pointed matches a version with a point after its v.
	pointed = regexp.MustCompile(`^(\(?)[vV]\.([0-9].*)$`)
	// ended matches a full version with a point at its end.
	ended = regexp.MustCompile(`^(\(?[vV]?[0-9]+\.[0-9]+\.[0-9][0-9A-Za-z.+-]*)\.$`)

	emphasis    = strings.NewReplacer("`", "", "*", "", "__", "", "~~", "")
	punctuation = strings.NewReplacer(",", " ", ";", " ", "\u2013", " ", "\u2014", " ")
)

// cut marks the end of a bracket: there may be no space after it.
const cut = "\x00"

// split returns the words of a heading without markup.
func split(text string) []string {
	text = strings.ReplaceAll(text, cut, "\ufffd") // as CommonMark requires
	text = tag.ReplaceAllString(text, "")
	text = bracket.ReplaceAllString(text, "$1"+cut)
	text = emphasis.Replace(text)
	text = shortcodes.ReplaceAllString(text, "")
	text = strings.TrimLeftFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.So, r) || r == '\ufe0f' })
	var words []string
	for _, word := range strings.Fields(text) {
		words = append(words, separate(word)...)
	}
	return words
}

// separate splits a word where a version in it ends: after a bracket, unless the version
// continues as in [1.0.0]-rc.1, and at punctuation that versions do not have.
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
		w = pointed.ReplaceAllString(strings.TrimSuffix(w, ":"), "$1$2")
		list = append(list, ended.ReplaceAllString(w, "$1"))
	}
	return list
}

// glued reports whether text after a closing bracket continues the version, as in
// [1.0.0]-rc.1.
func glued(rest string) bool {
	rest = strings.TrimLeft(rest, "-+.")
	return rest != "" && ('0' <= rest[0] && rest[0] <= '9' || 'a' <= rest[0]|0x20 && rest[0]|0x20 <= 'z')
}

// maxWords is how many words a version and the words before it may have.
const maxWords = 5

// readRelease reads a version, which may follow a crate's name, and returns how many words
// it read. It returns 0 if the words start with anything else: any other word before a
// version, as in "Upgrading 1.2.3", means it is not a heading of that version.
func readRelease(words []string, crates owners, spelled func(word string) string) (release, int) {
	who, named := nobody, false
	for i, word := range words[:min(len(words), maxWords)] {
		if v := spelled(word); v != "" {
			return release{v, who}, i + 1
		}
		if keyword.MatchString(word) || dateForm.MatchString(word) || i > 0 && slices.Contains(joints, word) {
			continue
		}
		if named {
			if v := spelled(strings.TrimSuffix(strings.TrimPrefix(word, "("), ")")); v != "" {
				return release{v, who}, i + 1
			}
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
		if v := spelled(m[2]); v != "" {
			return release{v, who}, i + 1
		}
		return release{}, 0
	}
	return release{}, 0
}
