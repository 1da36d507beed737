// Package version holds the rules of release versions: which ones may be
// released, the git tag and the image tag that a release gets, and which release
// is the latest.
package version

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/Masterminds/semver/v3"

	"dagger/slipway/ci/quote"
)

// maxLen is how long an image tag may be (OCI distribution specification 1.1,
// "Pulling manifests"). crates.io and git take longer ones.
const maxLen = 128

// Version is a release version: SemVer 2.0.0. Parse makes one; the zero Version is none.
// Two are the same version to a registry when Compare gives 0: build metadata does not
// count.
type Version struct {
	semver semver.Version
}

// Parse reads s as a release version. Beyond SemVer 2.0.0 it refuses
//
//   - more than 128 bytes, an image tag's limit;
//   - numbers over 2^64-1: cargo cannot read them in MAJOR.MINOR.PATCH, and
//     orders them otherwise than the semver package in a prerelease;
//   - a version that ends in ".lock", with which no git ref may end.
//
// The error shows no more than the first 64 characters of s, escaped.
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

// refusal says why s cannot be a release version, where the reason can be given
// better than the SemVer parser would; else it is empty.
func refusal(s string) string {
	switch {
	case s == "":
		return "it is empty; give the version to release, like 1.2.3"
	case len(s) > maxLen:
		return fmt.Sprintf("it is %d bytes long, and an image tag holds %d; shorten the prerelease or the build metadata", len(s), maxLen)
	case strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0:
		return "it has a character outside ASCII; retype it, it may only look like a version"
	case len(s) > 1 && (s[0] == 'v' || s[0] == 'V') && digits(s[1:2]):
		return "a version has no leading v, only its tag does; leave off the v"
	case strings.HasSuffix(s, ".lock"):
		return "no git tag can end in .lock; name the prerelease or the build metadata otherwise"
	}
	if n := overflow(s); n != "" {
		return fmt.Sprintf("the number %s is over 18446744073709551615, the highest that cargo reads; use a smaller one", quote.Line(n))
	}
	return ""
}

// overflow returns the first dot-separated number of s that uint64 cannot hold,
// or "".
func overflow(s string) string {
	s, _, _ = strings.Cut(s, "+") // nobody reads numbers in build metadata
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

// String is the version as Parse read it, byte for byte.
func (v Version) String() string { return v.semver.String() }

// Prerelease is what follows the first hyphen, "rc.1" in 1.0.0-rc.1, or "".
func (v Version) Prerelease() string { return v.semver.Prerelease() }

// IsPrerelease reports whether v has a prerelease, whatever its name: -pre, -rc.1
// and -0 alike.
func (v Version) IsPrerelease() bool { return v.Prerelease() != "" }

// Compare returns -1, 0 or +1 as v is before, at or after w in the precedence of
// SemVer 2.0.0, section 11.
func (v Version) Compare(w Version) int { return v.semver.Compare(&w.semver) }

// Latest reports whether v is what users mean by the latest release: it is no
// prerelease and no stable version in existing is higher. Whether v itself is in
// existing does not matter.
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
