package checkout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// checkOwn returns an error unless a repository's objects and refs are its own. Somebody
// else's archive could lead to those of another repository on this machine, whose files
// would then be built and packaged as if they were this one's.
func checkOwn(ctx context.Context, common string) error {
	for _, name := range []string{"objects", "refs"} {
		if err := checkNoLinks(ctx, filepath.Join(common, name)); err != nil {
			return err
		}
	}
	return checkAlternates(ctx, filepath.Join(common, "objects"))
}

// checkNoLinks returns an error unless everything below a directory is a file or a
// directory. What a concurrent git removes meanwhile does not matter.
func checkNoLinks(ctx context.Context, dir string) error {
	var seen int
	return filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		switch seen++; {
		case errors.Is(err, fs.ErrNotExist) && name != dir:
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case seen > maxEntries:
			return fmt.Errorf("reading the git directory: %q holds more than %d files, expected fewer: run `git gc`", dir, maxEntries)
		case e.Type()&fs.ModeSymlink != 0:
			return fmt.Errorf("reading the git directory: %q is a link: a repository's objects and refs are read through none, because it could lead to another repository's: release from a clone", name)
		case !e.IsDir() && !e.Type().IsRegular():
			return fmt.Errorf("reading the git directory: %q is neither a file nor a directory: expected what git makes: remove it", name)
		}
		return nil
	})
}

// alternatesVariable names object directories that git may read besides a repository's own
// (git(1)).
const alternatesVariable = "GIT_ALTERNATE_OBJECT_DIRECTORIES"

// checkAlternates returns an error unless whoever runs slipway has named each directory
// from which a repository borrows objects (gitrepository-layout(5), objects/info/alternates).
func checkAlternates(ctx context.Context, objects string) error {
	raw, err := readData(ctx, objects, "info/alternates")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var named []string
	for _, dir := range filepath.SplitList(os.Getenv(alternatesVariable)) {
		named = append(named, resolved(dir))
	}
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if dir := resolved(below(objects, line)); !slices.Contains(named, dir) {
			return fmt.Errorf("reading the git directory: it takes objects from %q, which is another repository's: copy them (`git repack -a -d`, then remove %q), or name that directory in $%s",
				dir, filepath.Join(objects, "info", "alternates"), alternatesVariable)
		}
	}
	return nil
}

// checkNamedBack returns an error unless the git directory that a file `.git` names also
// names the checkout: as a linked worktree's does (gitrepository-layout(5), gitdir), or as
// a submodule's does (git-config(1), core.worktree).
func checkNamedBack(ctx context.Context, p place) error {
	named, err := readLine(ctx, p.dir, "gitdir")
	if err == nil && resolved(below(p.dir, named)) == resolved(filepath.Join(p.worktree, ".git")) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if errors.Is(err, fs.ErrNotExist) {
		own, err := readFormat(ctx, p.dir)
		if err != nil {
			return err
		}
		if own.worktree != "" && resolved(below(p.dir, own.worktree)) == resolved(p.worktree) {
			return nil
		}
	}
	return fmt.Errorf("reading %q: it names the git directory %q, which is not that of a worktree at %q: where it is, run `git worktree repair` in its repository, or `git --git-dir=%s config core.worktree %s`",
		filepath.Join(p.worktree, ".git"), p.dir, p.worktree, p.dir, p.worktree)
}

// resolved is a path without links, where it exists.
func resolved(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return filepath.Clean(path)
}
