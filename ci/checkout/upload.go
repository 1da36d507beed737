package checkout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// uploadedPart returns, for a workspace of which only a directory was handed over, why git
// cannot be asked about it, "" where it can: the git directory of a linked worktree and
// that of a submodule are outside of it.
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
		return fmt.Sprintf("the git directory %q is not part of what Dagger gets of a linked worktree or a submodule, so the commit is not known", at.dir), nil
	}
	return "", err
}

// examineFiles looks at a directory whose git directory is not there, as at one before its
// first commit: files that a .gitignore names are not part of the source.
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
