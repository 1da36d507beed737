package beneath

import (
	"errors"
	"math"
	"path"

	"golang.org/x/sys/unix"
)

// errEnough ends a walk early.
var errEnough = errors.New("larger than anything")

// Size returns how many bytes a file or tree of d has by the sizes of its files, holes included.
// Each file, directory and link counts as least bytes at least, and a file with several names
// once for each: a copy has that many.
func (d *Dir) Size(name string, least int64) (int64, error) {
	st, err := d.stat(name)
	if err != nil {
		return 0, err
	}
	var size int64
	add := func(_ *Dir, _, _ string, st *unix.Stat_t) error {
		one := least
		if kindOf(st) == unix.S_IFREG {
			one = max(st.Size, least)
		}
		if size += min(one, math.MaxInt64-size); size == math.MaxInt64 {
			return errEnough
		}
		return nil
	}
	if err := add(nil, "", "", st); err != nil || kindOf(st) != unix.S_IFDIR {
		return size, nil
	}
	if err := d.walk(name, path.Clean(name), 0, add); err != nil && !errors.Is(err, errEnough) {
		return 0, err
	}
	return size, nil
}
