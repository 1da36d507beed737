package version

import (
	"fmt"
	"strings"

	"dagger/slipway/ci/quote"
)

// maxCrate is the longest crate name that crates.io accepts.
const maxCrate = 64

// Tag returns the git tag and title of a crate's release, such as containerd-shim-wasm/v1.0.0. It
// does not check crate.
func (v Version) Tag(crate string) string { return crate + "/v" + v.String() }

// ImageTag returns the tag of v's images: the version without a v, and with "_" in place of "+",
// which tags cannot contain (the convention of Helm). Versions themselves never contain "_".
func (v Version) ImageTag() string { return strings.Replace(v.String(), "+", "_", 1) }

// ParseImageTag is the inverse of ImageTag. An error means that tag is not of a version.
func ParseImageTag(tag string) (Version, error) {
	if strings.Contains(tag, "+") {
		return Version{}, fmt.Errorf("reading image tag %s: a tag has no +", quote.Line(tag))
	}
	return Parse(strings.Replace(tag, "_", "+", 1))
}

// ParseTag is the inverse of Tag. An error means that tag is not of a release: a repository may
// have other tags.
func ParseTag(tag string) (crate string, v Version, err error) {
	crate, s, ok := strings.Cut(tag, "/v")
	if !ok || !crateName(crate) {
		return "", Version{}, fmt.Errorf("reading tag %s: expected <crate>/v<version>, like containerd-shim-wasm/v1.0.0", quote.Line(tag))
	}
	if v, err = Parse(s); err != nil {
		return "", Version{}, fmt.Errorf("reading tag %s: %w", quote.Line(tag), err)
	}
	return crate, v, nil
}

// crateName reports whether crates.io accepts s as a crate's name: ASCII letters, digits, - and
// _, starting with a letter.
func crateName(s string) bool {
	if s == "" || len(s) > maxCrate {
		return false
	}
	for i, r := range s {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		inside := '0' <= r && r <= '9' || r == '-' || r == '_'
		if !letter && (i == 0 || !inside) {
			return false
		}
	}
	return true
}
