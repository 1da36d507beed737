// Package handover passes a directory from one job to another. The files travel as an artifact,
// which may be tampered with on the way; their digest travels separately. [Check] and [Take]
// compare the two, and accept only regular files.
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

// Digest identifies the content of a directory: "sha256:" and the SHA-256 of the output of
// sha256sum(1) for its files, sorted by the bytes of their paths. In the directory,
//
//	find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
//
// prints the same. It does not cover modes, times and empty directories, because GitHub Actions
// artifacts do not preserve them.
type Digest string

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// ParseDigest parses a digest. An empty one is an error too, so that a job never skips the
// comparison.
func ParseDigest(text string) (Digest, error) {
	if !digestForm.MatchString(text) {
		return "", fmt.Errorf("reading the digest %q of a directory: expected \"sha256:\" and 64 hexadecimal digits, as the job that made the directory printed it", text)
	}
	return Digest(text), nil
}

// Sum returns the digest of a directory with these files, given as SHA-256 by slash-separated
// path.
func Sum(files map[string][sha256.Size]byte) Digest {
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		sum := files[name]
		fmt.Fprintf(&lines, "%s  %s\n", hex.EncodeToString(sum[:]), name)
	}
	whole := sha256.Sum256([]byte(lines.String()))
	return Digest("sha256:" + hex.EncodeToString(whole[:]))
}
