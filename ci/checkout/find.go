package checkout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"dagger/slipway/ci/sourcefs"
)

// place holds the paths of a checkout (gitrepository-layout(5)).
type place struct {
	worktree string
	dir      string // holds HEAD and the index
	common   string // holds objects and refs; differs from dir in a linked worktree
}

// find locates the git directory of a checkout: `.git` itself, or the directory it names if
// it is a file, as in linked worktrees and submodules.
func find(ctx context.Context, dir string) (place, error) {
	p := place{worktree: dir, dir: filepath.Join(dir, ".git")}
	info, err := os.Lstat(p.dir)
	if err != nil {
		return p, err
	}
	owned := []string{dir, p.dir}
	switch {
	case info.Mode().IsRegular():
		named, err := readLine(ctx, dir, ".git")
		if err != nil {
			return p, err
		}
		to, ok := strings.CutPrefix(named, "gitdir: ")
		if !ok {
			return p, fmt.Errorf("reading %q: expected a line \"gitdir: DIRECTORY\"", p.dir)
		}
		p.dir = resolved(below(resolved(dir), to))
		owned = append(owned, p.dir)
	case !info.IsDir():
		return p, fmt.Errorf("%q is neither a directory nor a file: expected a checkout made by git", p.dir)
	}
	if err := ownedByUs(ctx, dir, owned); err != nil {
		return p, err
	}
	if info.Mode().IsRegular() {
		if err := checkBackReference(ctx, p); err != nil {
			return p, err
		}
	}
	p.common = p.dir
	named, err := readLine(ctx, p.dir, "commondir")
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	p.common = resolved(below(p.dir, named))
	// Otherwise one repository's index and HEAD could select objects of another.
	if err == nil && filepath.Dir(p.dir) != filepath.Join(p.common, "worktrees") {
		err = fmt.Errorf("reading the git directory %q: it takes its objects from %q, but is not a linked worktree of it: release from a clone", p.dir, p.common)
	}
	return p, err
}

// below returns path, resolved against dir unless it is absolute.
func below(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// readLine reads a file and returns its content without line endings at the end.
func readLine(ctx context.Context, dir, name string) (string, error) {
	raw, err := readData(ctx, dir, name)
	return strings.TrimRight(string(raw), "\r\n"), err
}

// readData reads a regular file of a git directory, within the limits of sourcefs.
func readData(ctx context.Context, dir, name string) ([]byte, error) {
	files, err := sourcefs.Open(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	raw, err := files.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the git directory %q: %w", dir, err)
	}
	return raw, nil
}

// ownedByUs returns an error unless the current user owns every path, or has told git to
// trust the checkout anyway (git-config(1), safe.directory). git is asked only if an owner
// differs; it checks this before it reads anything of the repository, and the error is
// git's own.
func ownedByUs(ctx context.Context, dir string, paths []string) error {
	for _, path := range paths {
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) == os.Geteuid() {
			continue
		}
		cmd, err := newCommand(ctx, userEnv(), "-C", dir, "rev-parse", "--git-dir")
		if err != nil {
			return err
		}
		cmd.special = place{dir, filepath.Join(dir, ".git"), filepath.Join(dir, ".git")}.special
		_, err = run(cmd)
		return err
	}
	return nil
}
