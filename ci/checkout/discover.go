package checkout

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// discover returns the root of the repository that contains dir, and dir's slash-separated
// path below it, "" for the root itself. Outside a repository root is "". Like git, it
// takes the nearest `.git` (git-rev-parse(1)).
func discover(dir string) (root, prefix string, err error) {
	if there, err := exists(dir, ".git"); err != nil || there {
		return dir, "", err
	}
	real, err := filepath.EvalSymlinks(dir) // go up from the link's target
	if err != nil {
		return "", "", err
	}
	for root = filepath.Dir(real); ; root = filepath.Dir(root) {
		if isRepository(root) {
			prefix, err := filepath.Rel(root, real)
			return root, filepath.ToSlash(prefix), err
		}
		if root == filepath.Dir(root) {
			return "", "", nil
		}
	}
}

// isRepository reports whether a directory above a workspace has a git directory, and not
// just any directory named `.git`.
func isRepository(dir string) bool {
	info, err := os.Lstat(filepath.Join(dir, ".git"))
	if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
		return false
	}
	if info.Mode().IsRegular() {
		return true
	}
	there, err := exists(dir, ".git", "HEAD")
	return there || err != nil
}

func exists(path ...string) (bool, error) {
	_, err := os.Lstat(filepath.Join(path...))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
