package version

import (
	"fmt"
	"strings"

	"dagger/slipway/ci/quote"
)

// maxCrate is how long crates.io lets a crate's name be.
const maxCrate = 64

// Tag is the git tag and the title of crate's release: containerd-shim-wasm/v1.0.0.
// It does not check crate.
func (v Version) Tag(crate string) string { return crate + "/v" + v.String() }

// ImageTag is the tag of v's images: the version itself, with no v, and with "_" for "+",
// which no tag can hold, as Helm writes it. No version has a "_" of its own.
func (v Version) ImageTag() string { return strings.Replace(v.String(), "+", "_", 1) }

// ParseImageTag is the reverse of ImageTag. Its error means that tag is of no version.
func ParseImageTag(tag string) (Version, error) {
	if strings.Contains(tag, "+") {
		return Version{}, fmt.Errorf("reading image tag %s: a tag has no +", quote.Line(tag))
	}
	return Parse(strings.Replace(tag, "_", "+", 1))
}

// ParseTag is the reverse of Tag. Its error means that tag names no release: a
// repository may hold other tags beside them.
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

// crateName reports whether s is spelled as crates.io wants a crate's name: ASCII
// letters, digits, - and _, a letter first.
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
