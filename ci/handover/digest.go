// Package handover is how one job hands a directory to another: the files travel as
// an artifact, which whoever runs in between may have changed, and one digest travels
// apart from it. [Check] and [Take] compare the two, and refuse all but regular files.
package handover

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Digest names the content of a directory: "sha256:" and the SHA-256 of what
// sha256sum(1) prints of its files in the byte order of their paths. In the directory,
//
//	find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
//
// prints the same. Modes, times and empty directories are not in it: an artifact of
// GitHub Actions keeps none of them.
type Digest string

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// ParseDigest reads a digest. An empty one is an error like any other: a job that
// asks for a comparison never goes without.
func ParseDigest(text string) (Digest, error) {
	if !digestForm.MatchString(text) {
		return "", fmt.Errorf("reading the digest %q of a directory: expected \"sha256:\" and 64 hexadecimal digits, as the job that made the directory printed it", text)
	}
	return Digest(text), nil
}

// Sum is the digest of a directory with these files: SHA-256 by slash-separated path.
func Sum(files map[string][sha256.Size]byte) Digest {
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		sum := files[name]
		fmt.Fprintf(&lines, "%s  %s\n", hex.EncodeToString(sum[:]), name)
	}
	whole := sha256.Sum256([]byte(lines.String()))
	return Digest("sha256:" + hex.EncodeToString(whole[:]))
}
