package gitdir

import (
	"crypto/sha1" // git's object names
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// directory is a tree under construction. The zero value is an empty tree.
type directory struct {
	names []string // in the order they are added
	files map[string]Entry
	dirs  map[string]*directory
}

// makeTrees returns the name of the root tree and all tree objects without duplicates.
func makeTrees(entries []Entry) ([sha1.Size]byte, []object, error) {
	root := &directory{}
	for _, e := range entries {
		root.add(e.Path, e)
	}
	var list []object
	seen := map[[sha1.Size]byte]bool{}
	name, err := root.write(func(o object) {
		if !seen[o.name] {
			seen[o.name] = true
			list = append(list, o)
		}
	})
	return name, list, err
}

func (d *directory) add(path string, e Entry) {
	first, rest, below := strings.Cut(path, "/")
	if d.files == nil {
		d.files, d.dirs = map[string]Entry{}, map[string]*directory{}
	}
	if !below {
		d.names, d.files[first] = append(d.names, first), e
		return
	}
	if d.dirs[first] == nil {
		d.names, d.dirs[first] = append(d.names, first), &directory{}
	}
	d.dirs[first].add(rest, e)
}

// write makes the object of a tree after those of its subdirectories. A tree is sorted as
// if the names of directories ended in a slash (git-fsck(1), "treeNotSorted").
func (d *directory) write(keep func(object)) ([sha1.Size]byte, error) {
	key := func(name string) string {
		if d.dirs[name] != nil {
			return name + "/"
		}
		return name
	}
	slices.SortFunc(d.names, func(a, b string) int { return strings.Compare(key(a), key(b)) })
	var body strings.Builder
	for _, name := range d.names {
		if below := d.dirs[name]; below != nil {
			sum, err := below.write(keep)
			if err != nil {
				return sum, err
			}
			body.WriteString("40000 " + name + "\x00" + string(sum[:]))
			continue
		}
		e := d.files[name]
		sum, err := hex.DecodeString(e.Object)
		mode, merr := strconv.ParseUint(e.Mode, 8, 32)
		if err != nil || merr != nil {
			return [sha1.Size]byte{}, fmt.Errorf("writing a git directory: entry %q has mode %q and object %q, expected an octal and a hexadecimal number", e.Path, e.Mode, e.Object)
		}
		body.WriteString(strconv.FormatUint(mode, 8) + " " + name + "\x00" + string(sum))
	}
	o := newObject(treeObject, body.String())
	keep(o)
	return o.name, nil
}
