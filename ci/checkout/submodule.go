package checkout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"dagger/slipway/ci/beneath"
)

// maxSubmodules is how deep submodules may lie in one another.
const maxSubmodules = 8

// submodule is one of a checkout.
type submodule struct {
	name      string // its path in the repository that it is of
	*examined        // nil where it is not checked out
}

// enter looks at the submodules. Each is a checkout like any other, and git would enter it
// with its configuration.
func (e *examined) enter(ctx context.Context, o Options, depth int) error {
	for _, link := range e.gitlinks() {
		s, dirty, err := e.submodule(ctx, link, o, depth)
		if err != nil {
			return fmt.Errorf("submodule %q: %w", link.name, err)
		}
		e.submodules = append(e.submodules, s)
		_, committed := e.tree[link.name]
		e.dirty = e.dirty || dirty || !committed
	}
	return nil
}

// submodule looks at one, and reports whether it differs from the commit that the
// repository names.
func (e *examined) submodule(ctx context.Context, link entry, o Options, depth int) (submodule, bool, error) {
	s := submodule{name: link.name}
	if depth == maxSubmodules {
		return s, true, fmt.Errorf("it lies in %d others: expected fewer", maxSubmodules)
	}
	root, err := beneath.OpenDir(e.git.worktree)
	if err != nil {
		return s, true, err
	}
	defer root.Close()
	// Through a link it would be a repository that is none of this one's.
	if err := root.Check(link.name, true); err != nil { // what is in its place, if anything, is no submodule
		return s, !errors.Is(err, fs.ErrNotExist), nil
	}
	dir := filepath.Join(e.git.worktree, filepath.FromSlash(link.name))
	there, err := exists(dir, ".git")
	if err != nil {
		return s, true, err
	}
	if !there {
		entries, err := os.ReadDir(dir)
		return s, len(entries) > 0, err // not checked out, it is empty
	}
	if s.examined, err = examineAt(ctx, dir, "", o, depth+1); err != nil {
		return s, true, err
	}
	return s, s.dirty || s.commit != link.object, nil
}

// missing are the paths of the submodules that are not checked out, relative to the
// workspace.
func (e *examined) missing() []string {
	var names []string
	for _, s := range e.submodules {
		at := e.relative(s.name)
		if s.examined == nil {
			names = append(names, at)
			continue
		}
		for _, name := range s.missing() {
			names = append(names, path.Join(at, name))
		}
	}
	return names
}
