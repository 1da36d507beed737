package dist

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// File describes a file of a release.
type File struct {
	Name   string `json:"name"`
	Target string `json:"target,omitempty"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Describe reads a regular file and returns its description under the given name, and its digest.
func Describe(path, name, target string) (File, [sha256.Size]byte, error) {
	size, sum, err := measure(path)
	if err != nil {
		return File{}, sum, fmt.Errorf("reading artifact %q: %w", name, err)
	}
	return File{Name: name, Target: target, Size: size, SHA256: hex.EncodeToString(sum[:])}, sum, nil
}
