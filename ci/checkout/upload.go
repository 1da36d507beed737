package checkout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// uploadedPart returns the reason why git cannot read an uploaded directory, "" if it can.
// The git directory of a linked worktree or a submodule is outside the directory, so it is
// not uploaded.
func uploadedPart(ctx context.Context, dir string) (string, error) {
	root, _, err := discover(dir)
	if err != nil || root == "" {
		return "", err
	}
	info, err := os.Lstat(filepath.Join(root, ".git"))
	if err != nil || !info.Mode().IsRegular() {
		return "", err
	}
	at, err := find(ctx, root)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Sprintf("Dagger does not get the git directory %q of a linked worktree or a submodule, so the commit is unknown", at.dir), nil
	}
	return "", err
}

// examineFiles reads a directory whose git directory is missing as if before its first
// commit: files that a .gitignore names are not part of the source.
func examineFiles(ctx context.Context, dir string) (e *examined, err error) {
	root, prefix, err := discover(dir)
	if err != nil {
		return nil, err
	}
	e = &examined{dir: dir, prefix: prefix, absent: map[string]bool{}}
	if e.git, err = openEmpty(root); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	if e.listing, err = e.git.list(ctx, "", prefix); err != nil {
		return e, err
	}
	return e, e.compare(ctx, Options{})
}
