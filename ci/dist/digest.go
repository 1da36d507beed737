package dist

import (
	"crypto/sha256"
	"fmt"
	"io"

	"dagger/slipway/ci/beneath"
)

// maxFile is the size in bytes of the largest file of a release: GitHub accepts no larger assets.
const maxFile = 2 << 30

// Digest returns the SHA-256 of a regular file. It returns an error for a link to one, and for a
// file of more than 2 GiB, which it does not read.
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
	info, err := f.Stat()
	if err == nil && info.Size() > maxFile {
		err = fmt.Errorf("it has %d bytes, expected at most %d", info.Size(), maxFile)
	}
	h := sha256.New()
	if err == nil {
		size, err = io.Copy(h, io.LimitReader(f, maxFile))
	}
	if err != nil {
		return 0, sum, fmt.Errorf("reading %q: %w", name, err)
	}
	return size, [sha256.Size]byte(h.Sum(nil)), nil
}
