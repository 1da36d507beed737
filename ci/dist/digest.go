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
	_, sum, err = measure(name)
	return sum, err
}

// measure returns the size and the SHA-256 of a regular file.
func measure(name string) (size int64, sum [sha256.Size]byte, err error) {
	f, err := beneath.OpenFile(name)
	if err != nil {
		return 0, sum, err
	}
	defer f.Close()
	h := sha256.New()
	if size, err = io.Copy(h, f); err != nil {
		return 0, sum, fmt.Errorf("reading %q: %w", name, err)
	}
	return size, [sha256.Size]byte(h.Sum(nil)), nil
}
