// Package version implements the rules for release versions: which versions may be released,
// their git and image tags, and which release is the latest.
package version

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/Masterminds/semver/v3"

	"dagger/slipway/ci/quote"
)

// maxLen is the longest image tag (OCI distribution specification 1.1, "Pulling manifests").
// crates.io and git allow longer ones.
const maxLen = 128

// Version is a release version (SemVer 2.0.0), created by Parse; the zero Version is invalid.
// Versions for which Compare returns 0 are the same to a registry, because build metadata is
// ignored.
type Version struct {
	semver semver.Version
}

// Parse parses a release version. In addition to the rules of SemVer 2.0.0 it refuses
//
//   - more than 128 bytes, the limit of image tags;
//   - numbers over 2^64-1: cargo cannot read them in MAJOR.MINOR.PATCH, and in a prerelease
//     cargo and the semver package order them differently;
//   - a version that ends in ".lock", as no git ref may.
//
// The error shows at most the first 64 characters of s, escaped.
func Parse(s string) (Version, error) {
	if why := refusal(s); why != "" {
		return Version{}, fmt.Errorf("reading version %s: %s", quote.Line(s), why)
	}
	v, err := semver.StrictNewVersion(s)
	if err != nil {
		return Version{}, fmt.Errorf("reading version %s: %w; expected MAJOR.MINOR.PATCH with an optional -PRERELEASE, like 1.2.3 or 1.2.3-rc.1", quote.Line(s), err)
	}
	return Version{*v}, nil
}

// refusal returns why s cannot be a release version if it can give a better reason than the
// SemVer parser, else "".
func refusal(s string) string {
	switch {
	case s == "":
		return "it is empty; give the version to release, like 1.2.3"
	case len(s) > maxLen:
		return fmt.Sprintf("it is %d bytes long, but an image tag holds %d; shorten the prerelease or the build metadata", len(s), maxLen)
	case strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0:
		return "it has a character outside ASCII; retype it, it may only look like a version"
	case len(s) > 1 && (s[0] == 'v' || s[0] == 'V') && digits(s[1:2]):
		return "a version has no leading v, only its tag does; leave out the v"
	case strings.HasSuffix(s, ".lock"):
		return "no git tag can end in .lock; rename the prerelease or the build metadata"
	}
	if n := overflow(s); n != "" {
		return fmt.Sprintf("the number %s is over 18446744073709551615, the highest that cargo reads; use a smaller one", quote.Line(n))
	}
	return ""
}

// overflow returns the first dot-separated number of s that does not fit in a uint64, or "".
func overflow(s string) string {
	s, _, _ = strings.Cut(s, "+") // build metadata is not compared as numbers
	core, prerelease, _ := strings.Cut(s, "-")
	for n := range strings.SplitSeq(core+"."+prerelease, ".") {
		if _, err := strconv.ParseUint(n, 10, 64); err != nil && digits(n) {
			return n
		}
	}
	return ""
}

// digits reports whether s is one or more of the digits 0 to 9.
func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// String returns the version exactly as Parse read it.
func (v Version) String() string { return v.semver.String() }

// Prerelease returns the prerelease part, "rc.1" in 1.0.0-rc.1, or "".
func (v Version) Prerelease() string { return v.semver.Prerelease() }

// IsPrerelease reports whether v has any prerelease part, such as -pre, -rc.1 or -0.
func (v Version) IsPrerelease() bool { return v.Prerelease() != "" }

// Compare returns -1, 0 or +1 if v is before, equal to or after w in the precedence of SemVer
// 2.0.0, section 11.
func (v Version) Compare(w Version) int { return v.semver.Compare(&w.semver) }

// Latest reports whether v would be the latest release: it is not a prerelease, and no stable
// version in existing is higher. existing may contain v itself.
func Latest(v Version, existing []Version) bool {
	if v.IsPrerelease() {
		return false
	}
	for _, e := range existing {
		if !e.IsPrerelease() && e.Compare(v) > 0 {
			return false
		}
	}
	return true
}
