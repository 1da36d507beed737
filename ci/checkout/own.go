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

// linkObjects fills slipway's own object directory with links to a repository's loose
// objects and packs. git sees nothing else of the repository's object directory, because
// some files there refer to other places: alternates, multi-pack indexes. Through them a
// crafted archive could read objects of another repository on this machine, which would
// then be built and packaged as its own.
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

// linkEach links the entries of one directory that keep selects into another.
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

// Names in an object directory that hold objects (gitrepository-layout(5)). In a directory
// of loose objects git looks objects up by name only.
var (
	looseForm = regexp.MustCompile(`^[0-9a-f]{2}$`)
	packForm  = regexp.MustCompile(`^pack-([0-9a-f]{40}|[0-9a-f]{64})\.(pack|idx)$`)
)

// checkNoLinks returns an error unless everything below a directory is a regular file or a
// directory. Files that a concurrent git removes meanwhile are ignored.
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
			return fmt.Errorf("reading the git directory: %q is a link, which could point to another repository's objects or refs: release from a clone", name)
		case !e.IsDir() && !e.Type().IsRegular():
			return fmt.Errorf("reading the git directory: %q is neither a file nor a directory: expected what git makes: remove it", name)
		}
		return nil
	})
}

// alternatesVariable names the variable that lists further object directories for git
// (git(1)).
const alternatesVariable = "GIT_ALTERNATE_OBJECT_DIRECTORIES"

// alternates returns the directories from which a repository borrows objects
// (gitrepository-layout(5), objects/info/alternates). It returns an error unless the user
// has listed each in $GIT_ALTERNATE_OBJECT_DIRECTORIES.
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

// checkBackReference returns an error unless the git directory that a `.git` file names refers
// back to the checkout, as those of linked worktrees (gitrepository-layout(5), gitdir) and
// submodules (git-config(1), core.worktree) do. p.dir must have no symbolic link in it,
// because paths in the git directory are relative to its real location.
func checkBackReference(ctx context.Context, p place) error {
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
	return fmt.Errorf("reading %q: it names the git directory %q, which is not that of a worktree at %q: if it should be, run `git worktree repair` in its repository, or `git --git-dir=%s config core.worktree %s`",
		filepath.Join(p.worktree, ".git"), p.dir, p.worktree, p.dir, p.worktree)
}

// resolved returns an absolute path, without symbolic links if it exists.
func resolved(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return filepath.Clean(path)
}
