package outdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// Move moves finished files and OCI layouts from a temporary directory to the same names in the
// output directory, each atomically, all of them or none: every place is checked before the first is
// moved, and a later error undoes what was moved. A file replaces a file, and a layout a layout;
// anything else in their place is an error. [os.Root] confines the writes to the output directory,
// which contains work.
func Move(work, out string, names []string) error {
	root, err := os.OpenRoot(out)
	if err != nil {
		return fmt.Errorf("writing to %q: %w", out, err)
	}
	defer root.Close()
	rel, err := filepath.Rel(out, work)
	if err != nil {
		return fmt.Errorf("writing to %q: %w", out, err)
	}
	m := &mover{root: root, work: rel}
	for _, name := range names {
		if err := m.check(name); err != nil {
			return fmt.Errorf("writing %q to %q: %w; nothing was written", name, out, err)
		}
	}
	for _, name := range names {
		if err := m.move(name); err != nil {
			return fmt.Errorf("writing %q to %q: %w; %w", name, out, err, m.undo())
		}
	}
	return nil
}

// mover moves entries from a directory below root to the root.
type mover struct {
	root *os.Root
	work string

	made  []string // directories, each after the one that contains it
	moved []moved
}

// moved is an entry that was moved.
type moved struct {
	name  string
	saved string // where what it replaced is now, "" if it replaced nothing
}

// check returns an error if an entry cannot be moved.
func (m *mover) check(name string) error {
	info, err := m.root.Lstat(filepath.Join(m.work, name))
	if err != nil {
		return err
	}
	return checkPlace(m.root, name, info.IsDir())
}

// checkPlace returns an error unless a file, or else an OCI layout, can be written to a name.
func checkPlace(root *os.Root, name string, isLayout bool) error {
	for dir := filepath.Dir(name); dir != "."; dir = filepath.Dir(dir) {
		info, err := root.Stat(dir)
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("%q is a file there, expected a directory or nothing: remove it", dir)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case isLayout && !info.IsDir():
		return errors.New("it is a file there, expected an OCI layout or nothing: remove it")
	case isLayout:
		return checkLayout(root, name)
	case info.IsDir():
		return errors.New("it is a directory there, expected a file or nothing: remove it")
	}
	return nil
}

// checkLayout returns an error unless a directory holds nothing but an OCI layout (OCI image layout,
// "Content"): anything else in it would be lost.
func checkLayout(root *os.Root, name string) error {
	dir, err := root.Open(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	for _, e := range entries {
		if err == nil && !slices.Contains([]string{"oci-layout", "index.json", "blobs"}, e.Name()) {
			err = fmt.Errorf("there is a directory with %q, expected an OCI layout or nothing: move it away", e.Name())
		}
	}
	return err
}

// move moves one entry, and keeps what it replaces.
func (m *mover) move(name string) error {
	if err := m.makeDir(filepath.Dir(name)); err != nil {
		return err
	}
	saved, err := m.save(name)
	if err != nil {
		return err
	}
	// Added first, because what was moved aside has to come back in any case.
	m.moved = append(m.moved, moved{name, saved})
	return m.root.Rename(filepath.Join(m.work, name), name)
}

// save keeps what has a name and returns where. A file keeps its name as well, so that
// it is there until it is replaced.
func (m *mover) save(name string) (string, error) {
	info, err := m.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	saved := filepath.Join(m.work, ".replaced-"+strconv.Itoa(len(m.moved)))
	if !info.IsDir() && m.root.Link(name, saved) == nil {
		return saved, nil
	}
	return saved, m.root.Rename(name, saved) // a directory, or a file system without hard links
}

// makeDir makes a directory, and remembers which were missing.
func (m *mover) makeDir(dir string) error {
	if dir == "." {
		return nil
	}
	if err := m.makeDir(filepath.Dir(dir)); err != nil {
		return err
	}
	err := m.root.Mkdir(dir, 0o755)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		m.made = append(m.made, dir)
	}
	return err
}

// undo moves everything back, and returns an error that says what the directory has now.
func (m *mover) undo() error {
	var errs []error
	for _, one := range slices.Backward(m.moved) {
		back := m.root.Rename(one.name, filepath.Join(m.work, one.name))
		if one.saved != "" {
			back = m.root.Rename(one.saved, one.name)
		}
		if back != nil && !errors.Is(back, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("restoring %q: %w", one.name, back))
		}
	}
	for _, dir := range slices.Backward(m.made) {
		_ = m.root.Remove(dir) // unless someone else has put something there
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	return errors.New("nothing was written")
}
