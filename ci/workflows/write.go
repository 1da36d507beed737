package workflows

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"dagger/slipway/ci/change"
)

// Changes returns the files that differ from those in the repository with the given root,
// sorted by path.
func Changes(root fs.FS, files map[string]string) ([]change.File, error) {
	var changed []change.File
	for _, name := range slices.Sorted(maps.Keys(files)) {
		old, err := fs.ReadFile(root, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("reading the workflows: %w", err)
		}
		if string(old) != files[name] {
			changed = append(changed, change.File{Path: name, Old: string(old), New: files[name]})
		}
	}
	return changed, nil
}

// Write writes files below dir; [os.Root] confines all names to it. Each file is replaced
// atomically, so an interrupted Write can be repeated.
func Write(dir string, files []change.File) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("writing the workflows: %w", err)
	}
	defer root.Close()
	for _, f := range files {
		name := filepath.FromSlash(f.Path)
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return fmt.Errorf("writing the workflows: %w", err)
		}
		work := filepath.FromSlash(path.Join(path.Dir(f.Path), "."+path.Base(f.Path)+".slipway"))
		if err := writeNew(root, work, f.New); err != nil {
			return fmt.Errorf("writing the workflows: %w", err)
		}
		if err := root.Rename(work, name); err != nil {
			return fmt.Errorf("writing the workflows: %w", errors.Join(err, root.Remove(work)))
		}
	}
	return nil
}

// writeNew creates a file, removing whatever has its name: an existing one could be a symbolic
// link, or a FIFO without a reader.
func writeNew(root *os.Root, name, content string) error {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	return errors.Join(err, f.Close())
}
