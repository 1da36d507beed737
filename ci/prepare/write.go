package prepare

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"dagger/slipway/ci/change"
)

// Write writes the files below dir, the root of the repository with the workspace that the changeset
// was made from at prefix, "" for the root itself; [os.Root] confines all names to dir. It first writes all files under temporary names and then
// renames them. If a rename fails, those before it are undone, so that either all files change
// or none, unless undoing fails too.
//
// If a file has neither its old nor its new content, Write returns an error before writing
// anything. Files with the new content are skipped, so an interrupted Write can be repeated.
func (c *Changeset) Write(dir, prefix string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("writing the changes of %s: %w", c.Tag, err)
	}
	defer root.Close()
	todo, err := c.todo(root, prefix)
	if err != nil {
		return fmt.Errorf("writing the changes of %s: %w: nothing was written", c.Tag, err)
	}
	staged, err := stageAll(root, todo)
	if err == nil {
		err = replaceAll(root, staged)
	}
	if err != nil {
		return fmt.Errorf("writing the changes of %s: %w", c.Tag, err)
	}
	return nil
}

// todo returns the files that still have to be written.
func (c *Changeset) todo(root *os.Root, prefix string) ([]change.File, error) {
	var todo []change.File
	for _, f := range c.Files {
		f.Path = path.Join(prefix, f.Path)
		name := filepath.FromSlash(f.Path)
		info, err := root.Lstat(name)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%q is not a regular file: replace it with one", f.Path)
		}
		now, err := root.ReadFile(name)
		if err != nil {
			return nil, err
		}
		switch string(now) {
		case f.New:
		case f.Old:
			todo = append(todo, f)
		default:
			return nil, fmt.Errorf("%q has changed since it was read: prepare the release again", f.Path)
		}
	}
	return todo, nil
}

// stagedFile is new content in a temporary file next to the one it replaces.
type stagedFile struct {
	change.File
	temporary string
}

// stageAll writes the new content of all files to temporary files, or none.
func stageAll(root *os.Root, files []change.File) ([]stagedFile, error) {
	var staged []stagedFile
	for _, f := range files {
		temporary, err := stage(root, f.Path, f.New)
		if err != nil {
			removeAll(root, staged)
			return nil, fmt.Errorf("%w: nothing was changed", err)
		}
		staged = append(staged, stagedFile{f, temporary})
	}
	return staged, nil
}

// replaceAll renames staged files to their final names. On the first error it stops and
// restores those already replaced.
func replaceAll(root *os.Root, staged []stagedFile) error {
	for i, s := range staged {
		if err := root.Rename(s.temporary, filepath.FromSlash(s.Path)); err != nil {
			removeAll(root, staged[i:])
			return fmt.Errorf("%w: %w", err, restore(root, staged[:i]))
		}
	}
	return nil
}

// stage writes content to a temporary file next to a file, with the same permissions, and
// returns its name.
func stage(root *os.Root, file, content string) (string, error) {
	info, err := root.Lstat(filepath.FromSlash(file))
	if err != nil {
		return "", err
	}
	dir, base := path.Split(file)
	temporary := filepath.FromSlash(dir + "." + base + ".slipway-" + rand.Text())
	out, err := root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = out.WriteString(content)
	for _, finish := range []func() error{func() error { return out.Chmod(info.Mode().Perm()) }, out.Sync, out.Close} {
		if failed := finish(); err == nil {
			err = failed
		}
	}
	if err != nil {
		removeAll(root, []stagedFile{{temporary: temporary}})
		return "", err
	}
	return temporary, nil
}

// removeAll removes temporary files. Errors are ignored: what is left are hidden files that
// nothing reads, and another error is being reported already.
func removeAll(root *os.Root, staged []stagedFile) {
	for _, s := range staged {
		_ = root.Remove(s.temporary)
	}
}

// restore writes the old content of files back, and returns an error that describes the
// resulting state.
func restore(root *os.Root, files []stagedFile) error {
	for _, f := range files {
		temporary, err := stage(root, f.Path, f.Old)
		if err == nil {
			err = root.Rename(temporary, filepath.FromSlash(f.Path))
		}
		if err != nil {
			return fmt.Errorf("restoring %q: %w: revert the changes with git", f.Path, err)
		}
	}
	return errors.New("nothing was changed")
}
