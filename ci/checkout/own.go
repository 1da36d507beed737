package checkout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// linkObjects fills an object directory of slipway's with links to the files of a
// repository that hold objects: loose ones and packs. git sees no other file of a
// repository's object directory, because some name what is elsewhere: alternates,
// multi-pack indexes. Somebody else's archive could lead so to the objects of another
// repository on this machine, which would then be built and packaged as this one's.
func linkObjects(common, to string) error {
	from := filepath.Join(common, "objects")
	if err := os.MkdirAll(filepath.Join(to, "pack"), 0o700); err != nil {
		return err
	}
	if err := linkEach(from, to, func(e fs.DirEntry) bool { return e.IsDir() && looseForm.MatchString(e.Name()) }); err != nil {
		return err
	}
	err := linkEach(filepath.Join(from, "pack"), filepath.Join(to, "pack"), func(e fs.DirEntry) bool {
		return e.Type().IsRegular() && packForm.MatchString(e.Name())
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// linkEach makes links in a directory to those entries of another that are kept.
func linkEach(from, to string, keep func(fs.DirEntry) bool) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !keep(e) {
			continue
		}
		if err := os.Symlink(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// The names in an object directory that hold objects (gitrepository-layout(5)): git looks
// in a directory of loose ones for objects by their names alone.
var (
	looseForm = regexp.MustCompile(`^[0-9a-f]{2}$`)
	packForm  = regexp.MustCompile(`^pack-([0-9a-f]{40}|[0-9a-f]{64})\.(pack|idx)$`)
)

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
			return context.Cause(ctx)
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

// alternates are the directories from which a repository borrows objects
// (gitrepository-layout(5), objects/info/alternates). It is an error unless whoever runs
// slipway has named each.
func alternates(ctx context.Context, common string) ([]string, error) {
	objects := filepath.Join(common, "objects")
	raw, err := readData(ctx, objects, "info/alternates")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var borrowed []string
	var named []string
	for _, dir := range filepath.SplitList(os.Getenv(alternatesVariable)) {
		named = append(named, resolved(dir))
	}
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		dir := resolved(below(objects, line))
		if !slices.Contains(named, dir) {
			return nil, fmt.Errorf("reading the git directory: it takes objects from %q, which is another repository's: copy them (`git repack -a -d`, then remove %q), or name that directory in $%s",
				dir, filepath.Join(objects, "info", "alternates"), alternatesVariable)
		}
		borrowed = append(borrowed, dir)
	}
	return borrowed, nil
}

// checkNamedBack returns an error unless the git directory that a file `.git` names also
// names the checkout: as a linked worktree's does (gitrepository-layout(5), gitdir), or as
// a submodule's does (git-config(1), core.worktree). The git directory's path has no link
// in it: what it says of others is relative to where it is.
func checkNamedBack(ctx context.Context, p place) error {
	named, err := readLine(ctx, p.dir, "gitdir")
	if err == nil && resolved(below(p.dir, named)) == resolved(filepath.Join(p.worktree, ".git")) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if errors.Is(err, fs.ErrNotExist) {
		worktree, err := readWorktree(ctx, p.dir)
		if err != nil {
			return err
		}
		if worktree != "" && resolved(below(p.dir, worktree)) == resolved(p.worktree) {
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
