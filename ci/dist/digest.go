package dist

import (
	"crypto/sha256"
	"fmt"
	"io"

	"dagger/slipway/ci/beneath"
)

// Digest returns the SHA-256 of a regular file. It returns an error for a link to one.
// Memory use does not depend on the file's size.
func Digest(name string) (sum [sha256.Size]byte, err error) {
	f, err := beneath.OpenFile(name)
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
