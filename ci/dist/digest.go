package dist

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
)

// Digest is the SHA-256 of a file. Memory does not grow with its size.
func Digest(name string) (sum [sha256.Size]byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return sum, fmt.Errorf("reading %q: %w", name, err)
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}
