package gitdir

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"crypto/sha1" // git's object names
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
)

// The types of objects in a pack (gitformat-pack(5)).
const (
	commitObject = 1
	treeObject   = 2
	blobObject   = 3
)

var typeNames = map[byte]string{commitObject: "commit", treeObject: "tree", blobObject: "blob"}

type object struct {
	kind byte
	body string
	name [sha1.Size]byte
}

func newObject(kind byte, body string) object {
	return object{kind, body, sha1.Sum(fmt.Appendf(nil, "%s %d\x00%s", typeNames[kind], len(body), body))} // git's object names
}

// makePack returns a pack, version 2, and its index, version 2 (gitformat-pack(5)). Objects
// are stored uncompressed, because the output of a compressor may change between versions.
func makePack(objects []object) (pack, index string, err error) {
	var b bytes.Buffer
	b.WriteString("PACK")
	put32(&b, 2, uint32(len(objects)))
	type place struct {
		object
		at, crc uint32
	}
	places := make([]place, len(objects))
	for i, o := range objects {
		at := b.Len()
		b.Write(header(o))
		z, err := zlib.NewWriterLevel(&b, flate.NoCompression)
		if err == nil {
			_, err = z.Write([]byte(o.body))
		}
		if err == nil {
			err = z.Close()
		}
		if err != nil {
			return "", "", fmt.Errorf("writing a git directory: %w", err)
		}
		places[i] = place{o, uint32(at), crc32.ChecksumIEEE(b.Bytes()[at:])}
	}
	if b.Len() >= 1<<31 {
		return "", "", fmt.Errorf("writing a git directory: the trees of the commit have %d bytes, expected less than 2 GiB", b.Len())
	}
	sum := sha1.Sum(b.Bytes()) // the format's checksum
	b.Write(sum[:])

	slices.SortFunc(places, func(x, y place) int { return bytes.Compare(x.name[:], y.name[:]) })
	var idx bytes.Buffer
	idx.WriteString("\xfftOc")
	put32(&idx, 2)
	for first, n := 0, 0; first < 256; first++ {
		for n < len(places) && int(places[n].name[0]) <= first {
			n++
		}
		put32(&idx, uint32(n))
	}
	for _, p := range places {
		idx.Write(p.name[:])
	}
	for _, p := range places {
		put32(&idx, p.crc)
	}
	for _, p := range places {
		put32(&idx, p.at)
	}
	idx.Write(sum[:])
	all := sha1.Sum(idx.Bytes()) // the format's checksum
	idx.Write(all[:])
	return b.String(), idx.String(), nil
}

// header returns the header of an object in a pack, its type and size: 4 bits of the size
// in the first byte, 7 in each one that follows.
func header(o object) []byte {
	size := len(o.body)
	h := []byte{o.kind<<4 | byte(size&15)}
	for size >>= 4; size > 0; size >>= 7 {
		h[len(h)-1] |= 0x80
		h = append(h, byte(size&0x7f))
	}
	return h
}

func put32(b *bytes.Buffer, values ...uint32) {
	for _, v := range values {
		b.Write(binary.BigEndian.AppendUint32(nil, v))
	}
}
