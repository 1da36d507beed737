package notes

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"dagger/slipway/ci/version"
)

// LastTag returns the tag of the version before q's, "" if there is none: the highest lower
// version in a tag that names the crate or no crate. Prereleases count only if q's version
// is one.
//
// A tag is a version, perhaps without its last 0, after the name of the crate or of its
// directory and words like v and release, in any order, with separators between them. What
// has any other word, such as stable, and no other crate's name counts only if it holds the crate at
// its version, and below a tag of the same version without such a word. In a workspace of several crates, tags
// without a name count only if no tag names the crate, and if none of them has a version
// higher than q's: then they are another crate's. But one that holds the crate at its version
// counts like a tag with the crate's name, because projects change how they name tags. holds is
// asked that of the highest maxAsked of each of these two kinds at most.
func (q Question) LastTag(tags []string, holds func(tag, version string) bool) string {
	to, err := semver.StrictNewVersion(q.Version)
	if err != nil {
		return ""
	}
	var named, plain, worded []release
	isForeign := false
	for _, tag := range tags {
		switch r, whose := q.read(tag); whose {
		case ours:
			named = append(named, r)
		case anyone:
			plain = append(plain, r)
			isForeign = isForeign || len(q.Others) > 0 && r.version.GreaterThan(to) && r.version.Prerelease() == ""
		case unsure:
			r.isWordy = true
			worded = append(worded, r)
		}
	}
	if len(q.Others) == 0 {
		named = slices.Concat(named, plain)
	} else {
		named = slices.Concat(named, q.held(plain, named, to, holds))
	}
	if tag := q.highest(slices.Concat(named, q.held(worded, named, to, holds)), to); tag != "" || isForeign {
		return tag
	}
	return q.highest(plain, to)
}

// maxAsked is how many tags that do not show whose they are are looked into: reading a file of a commit takes
// milliseconds, and a project has thousands of tags.
const maxAsked = 8

// held returns the highest of the plain tags that holds the crate, if it has a higher version than
// those that are known to be the crate's.
func (q Question) held(plain, named []release, to *semver.Version, holds func(tag, version string) bool) []release {
	least := q.highest(named, to)
	for range maxAsked {
		tag := q.highest(plain, to)
		i := slices.IndexFunc(plain, func(r release) bool { return r.tag == tag })
		if i < 0 || least != "" && q.highest(slices.Concat(named, plain[i:i+1]), to) == least {
			return nil
		}
		if holds(tag, plain[i].version.Original()) {
			return plain[i : i+1]
		}
		plain = slices.Delete(slices.Clone(plain), i, i+1)
	}
	return nil
}

// release is the version that a tag names.
type release struct {
	tag     string
	version *semver.Version
	isShort bool // it leaves out the last number
	isWordy bool // it has a word that is no crate's name
}

// owner says whose a tag is.
type owner int

const (
	others owner = iota // another crate's, or no tag of a version
	anyone              // it names no crate
	unsure              // it has a word that is no crate's name
	ours
)

const (
	separators = "/-_@."
	// maxTag and maxParts limit what is read as a tag: names and versions are shorter.
	maxTag   = 300
	maxParts = 32
)

// words are those that a tag may have besides a name and a version.
var words = []string{"v", "ver", "version", "rel", "release", "releases", "tag", "tags"}

// read reads a tag.
func (q Question) read(tag string) (release, owner) {
	for i := 0; i < len(tag) && len(tag) <= maxTag; i++ {
		last := strings.ToLower(tag[strings.LastIndexAny(tag[:i], separators)+1 : i])
		if tag[i] < '0' || '9' < tag[i] || last != "" && !slices.Contains(words, last) {
			continue
		}
		short := version.SpelledShort(tag[i:])
		v, err := semver.StrictNewVersion(cmp.Or(short, version.Spelled(tag[i:])))
		if err == nil {
			return release{tag: tag, version: v, isShort: short != ""}, q.owner(tag[:i])
		}
	}
	return release{}, others
}

// owner says whose tag it is by what precedes the version. The longest name counts, because
// names may begin or end with one of the words.
func (q Question) owner(before string) owner {
	parts := strings.FieldsFunc(fold(before), func(r rune) bool { return r == '-' })
	if len(parts) > maxParts {
		return others
	}
	for length := len(parts); length > 0; length-- {
		for from := range len(parts) - length + 1 {
			whose := q.named(strings.Join(parts[from:from+length], "-"))
			rest := slices.Concat(parts[:from], parts[from+length:])
			if whose != anyone && areWords(rest) {
				return whose
			}
		}
	}
	if areWords(parts) {
		return anyone
	}
	for from := range parts {
		for to := from + 1; to <= len(parts); to++ {
			if q.named(strings.Join(parts[from:to], "-")) == others {
				return others
			}
		}
	}
	return unsure
}

func areWords(parts []string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool { return !slices.Contains(words, part) })
}

// named says whose name it is. A crate's own name takes precedence over that of a directory.
func (q Question) named(folded string) owner {
	switch {
	case folded == fold(q.Crate):
		return ours
	case slices.ContainsFunc(q.Others, func(name string) bool { return fold(name) == folded }):
		return others
	case q.Dir != "." && (folded == fold(q.Dir) || folded == fold(path.Base(q.Dir))):
		return ours
	}
	return anyone
}

// fold returns a name in the form that names are compared in.
func fold(name string) string {
	return strings.Trim(strings.NewReplacer("/", "-", "_", "-", "@", "-", ".", "-").Replace(strings.ToLower(name)), "-")
}

// highest returns the tag of the highest version below to. If several tags have that
// version, the one of slipway's own form wins, then a full version, then one without other words, then
// the first by name.
func (q Question) highest(releases []release, to *semver.Version) string {
	releases = slices.DeleteFunc(slices.Clone(releases), func(r release) bool {
		v := r.version
		return v.GreaterThan(to) || v.Original() == to.Original() || v.Prerelease() != "" && to.Prerelease() == ""
	})
	if len(releases) == 0 {
		return ""
	}
	rank := func(r release) int {
		switch {
		case r.tag == q.Crate+"/v"+r.version.Original():
			return 0
		case r.isWordy:
			return 3
		case !r.isShort:
			return 1
		}
		return 2
	}
	return slices.MinFunc(releases, func(a, b release) int {
		return cmp.Or(b.version.Compare(a.version), cmp.Compare(b.version.Metadata(), a.version.Metadata()), cmp.Compare(rank(a), rank(b)), cmp.Compare(a.tag, b.tag))
	}).tag
}
