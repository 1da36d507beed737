package workflows

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"dagger/slipway/ci/change"
	"dagger/slipway/ci/outdir"
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

// Write writes files below dir, all of them or none; [os.Root] confines all names to it. Each file
// is replaced atomically, so an interrupted Write can be repeated.
func Write(dir string, files []change.File) error {
	work, err := os.MkdirTemp(dir, ".slipway-")
	if err != nil {
		return fmt.Errorf("writing the workflows: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	var names []string
	for _, f := range files {
		name := filepath.FromSlash(f.Path)
		to := filepath.Join(work, name)
		if !filepath.IsLocal(name) {
			return fmt.Errorf("writing the workflows: %q is outside of the repository", name)
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, []byte(f.New), 0o644)); err != nil {
			return fmt.Errorf("writing the workflows: %w", err)
		}
		names = append(names, name)
	}
	if err := outdir.Move(work, dir, names); err != nil {
		return fmt.Errorf("writing the workflows: %w", err)
	}
	return nil
}
