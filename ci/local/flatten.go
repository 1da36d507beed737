package local

import (
	"archive/tar"
	"fmt"
	"hash/maphash"
	"os"
	"path"
	"strings"

	"dagger/slipway/ci/beneath"
)

// Bounds on the names of an image's entries. A tar archive can have names of a megabyte each.
const (
	maxName  = 4096      // bytes of one name, PATH_MAX of Linux
	maxNames = 512 << 20 // bytes of all names together, 128 for each of the most entries
	maxParts = 128       // directories on the way to an entry, as in package beneath
)

// unpacking is the root filesystem of an image while its layers are applied, from the top layer
// to the lowest: an entry that an upper layer has, or has deleted, hides those below.
type unpacking struct {
	root  *os.Root
	count beneath.Count
	left  int64 // decompressed bytes that may still be read
	names int64 // bytes of names so far

	seeds  [2]maphash.Seed
	seen   map[nameKey]bool // true if it also hides everything below it
	opaque map[nameKey]bool // directories without the content of lower layers
	next   []nameKey        // opaque in the current layer, for those below it
}

// nameKey stands for a name: a layer can have millions of names, and nobody can predict what is
// hashed to the same 128 bits.
type nameKey [2]uint64

func newUnpacking(root *os.Root, limits beneath.Limits) *unpacking {
	return &unpacking{
		root: root, count: beneath.Count{Limits: limits}, left: limits.Total,
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		seen:  map[nameKey]bool{}, opaque: map[nameKey]bool{},
	}
}

func (u *unpacking) key(name string) nameKey {
	return nameKey{maphash.String(u.seeds[0], name), maphash.String(u.seeds[1], name)}
}

// Whiteouts of the OCI image specification 1.1 ("Image Layer Filesystem Changeset").
const (
	whiteout       = ".wh."
	opaqueWhiteout = ".wh..wh..opq"
)

// keep counts an entry of the current layer and reports whether it is part of the image.
func (u *unpacking) keep(name string, h *tar.Header) (bool, error) {
	if err := u.add(name, h); err != nil {
		return false, err
	}
	dir, base := path.Split(name)
	dir = path.Clean(dir)
	if base == opaqueWhiteout {
		u.next = append(u.next, u.key(dir))
		return false, nil
	}
	deleted, isWhiteout := strings.CutPrefix(base, whiteout)
	if isWhiteout {
		name = path.Join(dir, deleted)
	}
	key := u.key(name)
	_, seen := u.seen[key]
	if seen && !isWhiteout || u.hidden(name) || leadsOut(name, h) {
		return false, nil
	}
	u.seen[key] = isWhiteout || h.Typeflag != tar.TypeDir
	return !isWhiteout, nil
}

// add counts an entry, kept or not, because each costs time and a whiteout costs memory.
func (u *unpacking) add(name string, h *tar.Header) error {
	if len(name) > maxName || strings.Count(name, "/") > maxParts {
		return &beneath.Refused{Path: name[:min(len(name), 80)] + "…", Found: "is the beginning of a name that is too long or too deep", Want: fmt.Sprintf("at most %d bytes and %d directories", maxName, maxParts), Limit: true}
	}
	if u.names += int64(len(name)); u.names > maxNames {
		return &beneath.Refused{Path: name, Found: "is one name too many", Want: fmt.Sprintf("at most %d bytes of names", maxNames), Limit: true}
	}
	return u.count.Add(name, max(h.Size, 0))
}

// hidden reports whether an upper layer has deleted or replaced a directory on the way to a name.
func (u *unpacking) hidden(name string) bool {
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		key := u.key(dir)
		if u.seen[key] || u.opaque[key] {
			return true
		}
		if dir == "." {
			return false
		}
	}
}

// leadsOut reports whether an entry is a relative link that leads above the root. Such links are
// omitted.
func leadsOut(name string, h *tar.Header) bool {
	if h.Typeflag != tar.TypeSymlink && h.Typeflag != tar.TypeLink || path.IsAbs(h.Linkname) {
		return false
	}
	to := path.Join(path.Dir(name), h.Linkname)
	return to == ".." || strings.HasPrefix(to, "../")
}

// endLayer makes the opaque directories of a layer hide those of the layers below it.
func (u *unpacking) endLayer() {
	for _, key := range u.next {
		u.opaque[key] = true
	}
	u.next = nil
}
