// Package purl writes package URLs (purl): pkg:type/name@version?qualifiers.
package purl

import (
	"maps"
	"slices"
	"strings"
)

// New returns the package URL of a package without namespace and subpath, in the canonical form
// of the package-url specification, "How to build a PURL": qualifiers are sorted, and omitted if
// empty. It does not apply the rules of individual types: kind and keys are written unchanged.
func New(kind, name, version string, qualifiers map[string]string) string {
	s := "pkg:" + kind + "/" + encode(name)
	if version != "" {
		s += "@" + encode(version)
	}
	sign := "?"
	for _, key := range slices.Sorted(maps.Keys(qualifiers)) {
		if value := qualifiers[key]; value != "" {
			s += sign + key + "=" + encode(value)
			sign = "&"
		}
	}
	return s
}

// encode percent-encodes all characters except those that the specification, "Character
// encoding", leaves unencoded.
func encode(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte(".-_~:", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}
