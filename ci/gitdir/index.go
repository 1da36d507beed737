package gitdir

import (
	"bytes"
	"crypto/sha1" // the format's checksum
	"encoding/hex"
	"fmt"
	"strconv"
)

// assumeValid is the flag of an entry that git assumes to be unchanged
// (gitformat-index(5)).
const assumeValid = 0x8000

// makeIndex returns an index, version 2 (gitformat-index(5)), of sorted entries. It has no
// file metadata, so git reads the files in the working tree, except those assumed to be
// unchanged.
func makeIndex(entries []Entry, assumes func(path string) bool) (string, error) {
	var b bytes.Buffer
	b.WriteString("DIRC")
	put32(&b, 2, uint32(len(entries)))
	for _, e := range entries {
		mode, err := strconv.ParseUint(e.Mode, 8, 32)
		if err != nil {
			return "", fmt.Errorf("writing a git directory: entry %q has mode %q, expected an octal number", e.Path, e.Mode)
		}
		sum, err := hex.DecodeString(e.Object)
		if err != nil {
			return "", fmt.Errorf("writing a git directory: entry %q: %w", e.Path, err)
		}
		at := b.Len()
		put32(&b, 0, 0, 0, 0, 0, 0, uint32(mode), 0, 0, 0) // times, device, inode, mode, owner, size
		b.Write(sum)
		flags := uint16(min(len(e.Path), 0xfff))
		if assumes(e.Path) {
			flags |= assumeValid
		}
		b.Write([]byte{byte(flags >> 8), byte(flags)})
		b.WriteString(e.Path)
		b.Write(make([]byte, 8-(b.Len()-at)%8)) // 1 to 8 NULs
	}
	sum := sha1.Sum(b.Bytes()) // the format's checksum
	b.Write(sum[:])
	return b.String(), nil
}
