package checkout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/sourcefs"
)

// copier copies the source of a checkout.
type copier struct {
	count beneath.Count
	dirs  map[string]bool // directories already made
}

// checkout copies a checkout to a directory: files of the commit first, then files of the
// working tree, then submodules.
func (c *copier) checkout(ctx context.Context, e *examined, to string) error {
	if e.git == nil {
		return c.plain(ctx, e, to)
	}
	if err := c.fromCommit(ctx, e, to); err != nil {
		return err
	}
	if err := c.fromWorktree(ctx, e, e.git.worktree, to); err != nil {
		return err
	}
	for _, s := range e.submodules {
		if s.examined == nil {
			continue
		}
		at, err := c.makeDir(to, s.name)
		if err != nil {
			return err
		}
		if err := c.checkout(ctx, s.examined, at); err != nil {
			return fmt.Errorf("submodule %q: %w", s.name, err)
		}
	}
	return nil
}

// fromCommit has git write the files taken from the commit. No filters are configured, so
// git runs none; attributes are read from the commit's own files.
func (c *copier) fromCommit(ctx context.Context, e *examined, to string) error {
	not := map[string]bool{}
	for _, name := range e.copied {
		not[name] = true
	}
	written := map[string]bool{}
	var names strings.Builder
	for _, name := range slices.Sorted(maps.Keys(e.tree)) {
		file := e.tree[name]
		if file.mode == gitlink || not[name] || e.absent[name] {
			continue
		}
		if err := errors.Join(checkDepth(name), c.count.Add(name, file.size)); err != nil {
			return err
		}
		names.WriteString(name + "\x00")
		written[name] = true
	}
	if names.Len() == 0 {
		return nil
	}
	there := *e.git
	there.worktree, there.largest = to, beneath.KeptLimits().File
	there.env = append(slices.Clone(e.git.env), "GIT_WORK_TREE="+to)
	if _, err := there.answer(ctx, names.String(), "checkout-index", "--force", "--quiet", "-z", "--stdin"); err != nil {
		return err
	}
	return there.checkWritten(ctx, e.commit, e.prefix, written)
}

// fromWorktree copies the files taken from the working tree. It skips special files and
// files that have disappeared meanwhile.
func (c *copier) fromWorktree(ctx context.Context, e *examined, from, to string) error {
	if len(e.copied) == 0 {
		return nil
	}
	files, err := sourcefs.Open(ctx, from)
	if err != nil {
		return err
	}
	defer files.Close()
	root, err := beneath.OpenDir(from)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, name := range e.copied {
		if err := checkDepth(name); err != nil {
			return err
		}
		info, err := files.Lstat(name)
		if err != nil {
			continue
		}
		if err := c.file(files, root, name, info, e.mode(name, info), to); err != nil {
			return err
		}
	}
	return nil
}

// checkDepth returns an error for a file nested so deep that its copy could not be read.
func checkDepth(name string) error {
	if strings.Count(name, "/") >= sourcefs.MaxDepth {
		return fmt.Errorf("%s is nested in more than %d directories, expected fewer", quote.Line(name), sourcefs.MaxDepth)
	}
	return nil
}

// mode returns the mode of a file's copy. It is the commit's if the working tree does not
// keep executable bits.
func (e *examined) mode(name string, info fs.FileInfo) fs.FileMode {
	switch {
	case e.git == nil || e.git.fileMode:
		return plainMode(info)
	case e.tree[name].mode == executable:
		return 0o755
	}
	return 0o644
}

// file copies one file or link.
func (c *copier) file(files *sourcefs.FS, root *beneath.Dir, name string, info fs.FileInfo, mode fs.FileMode, to string) error {
	if !info.Mode().IsRegular() && info.Mode()&fs.ModeSymlink == 0 {
		return nil
	}
	dir, err := c.makeDir(to, path.Dir(name))
	if err != nil {
		return err
	}
	at := filepath.Join(dir, path.Base(name))
	if info.Mode().IsRegular() {
		done, err := root.CopyFile(name, at, beneath.KeptLimits())
		if err != nil {
			return err
		}
		return errors.Join(os.Chmod(at, mode), c.count.Add(name, done.Size))
	}
	target, err := files.ReadLink(name)
	if err != nil {
		return err
	}
	if err := c.count.Add(name, 0); err != nil {
		return err
	}
	return os.Symlink(target, at)
}

// makeDir makes a directory in the copy and returns its path. It follows no symbolic link.
func (c *copier) makeDir(to, name string) (string, error) {
	at := filepath.Join(to, filepath.FromSlash(name))
	if c.dirs[at] {
		return at, nil
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return "", err
	}
	defer root.Close()
	if err := root.MkdirAll(filepath.FromSlash(name), 0o755); err != nil {
		return "", err
	}
	made, err := beneath.OpenDir(to)
	if err != nil {
		return "", err
	}
	defer made.Close()
	if err := made.Check(name, true); err != nil {
		return "", err
	}
	c.dirs[at] = true
	return at, nil
}

// plain copies a directory that is not in a repository.
func (c *copier) plain(ctx context.Context, e *examined, to string) error {
	files, err := sourcefs.Open(ctx, e.dir)
	if err != nil {
		return err
	}
	defer files.Close()
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case !utf8.ValidString(name):
			if e.unnamed[name] = true; d.IsDir() {
				return fs.SkipDir
			}
		case err != nil:
			return err
		case d.Name() == ".git" || d.IsDir() && made(name+"/"):
			if d.IsDir() {
				return fs.SkipDir
			}
		case !d.IsDir():
			e.copied = append(e.copied, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.fromWorktree(ctx, e, e.dir, to)
}
