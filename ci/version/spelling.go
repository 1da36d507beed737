package version

import (
	"regexp"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// calendar matches a calendar version such as 25.07.1. Cargo does not accept leading zeros,
// so the manifest has 25.7.1.
var calendar = regexp.MustCompile(`^([1-9][0-9]+)\.0*([0-9]{1,2})\.0*([0-9]+)([-+].*)?$`)

// Spelled returns the version, in the manifest's form, that people denote by a word in
// headings and tags: with or without a leading v, and with leading zeros if it is a date
// (25.07.1 for 25.7.1). It returns "" if the word is not a version.
func Spelled(word string) string {
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

// SpelledShort returns the version that a word denotes if it leaves out the last number,
// which is 0: 1.2.0 for 1.2. It returns "" for anything else.
func SpelledShort(word string) string {
	if word = withoutV(word); !twoNumbers.MatchString(word) {
		return ""
	}
	return Spelled(word + ".0")
}

func withoutV(word string) string {
	if trimmed, ok := strings.CutPrefix(word, "v"); ok {
		return trimmed
	}
	return strings.TrimPrefix(word, "V")
}
