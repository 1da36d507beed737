// Package checkout says what git knows of a checkout, which is hostile input: somebody
// may have unpacked it from an archive. git runs the commands that a repository's own
// configuration and hooks name (clean filters, core.fsmonitor, post-index-change, a
// promisor's transport, …) and has no switch that ignores all of them, nor a list that
// stays complete. So git never gets to see that configuration: each question is asked in
// a git directory that this package makes, with a configuration, a HEAD and an index of
// its own, which takes from the checkout nothing but data: its objects and its refs.
//
// A pure Go implementation was weighed against this: it would honour parts of the
// configuration too, differ from git in attributes and line ends, and weigh on every user.
package checkout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"dagger/slipway/ci/plan"
)

// State asks git about the repository whose root is dir. A directory below a repository's
// root, or in none, has no state, nor has a repository without a commit: a plan names a
// commit only when the commit says all that is built. What git refuses, such as a
// repository of another owner, is an error in git's own words.
//
// A tree is dirty where a file differs from the commit, whatever the checkout's index
// says, and where a file is there that is neither in the commit nor ignored by the
// repository: what a user's own configuration ignores elsewhere does not count, so that
// every clone gives the same answer.
func State(ctx context.Context, dir, releaseBranch string) (plan.Source, error) {
	return state(ctx, dir, releaseBranch, 0)
}

// maxSubmodules is how deep submodules may lie in one another.
const maxSubmodules = 8

func state(ctx context.Context, dir, releaseBranch string, depth int) (s plan.Source, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return s, err
	}
	if _, err := os.Lstat(filepath.Join(dir, ".git")); errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	at, err := find(ctx, dir)
	if err != nil {
		return s, fmt.Errorf("asking git about %q: %w", dir, err)
	}
	g, err := open(ctx, at)
	if err != nil {
		return s, fmt.Errorf("asking git about %q: %w", dir, err)
	}
	defer func() { err = errors.Join(err, g.close()) }()
	if s, err = g.state(ctx, releaseBranch); err == nil && s.Commit != "" {
		s.Dirty, err = g.dirty(ctx, s.Commit, depth)
	}
	if err != nil {
		return plan.Source{}, fmt.Errorf("asking git about %q: %w", dir, err)
	}
	return s, nil
}

// state says everything but whether files differ.
func (g *git) state(ctx context.Context, releaseBranch string) (plan.Source, error) {
	commit, err := g.ask(ctx, "rev-parse", "--verify", "--quiet", "HEAD")
	var exit *exitError
	if errors.As(err, &exit) && exit.silent() {
		return plan.Source{}, nil // no commit yet: a dry run works there too
	}
	if err != nil {
		return plan.Source{}, err
	}
	s := plan.Source{Commit: commit, ReleaseBranch: releaseBranch}
	if s.Branch, err = g.ask(ctx, "branch", "--show-current"); err != nil {
		return s, err
	}
	branches, err := g.ask(ctx, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/")
	if err != nil {
		return s, err
	}
	s.Branches = strings.Fields(branches)
	s.OnReleaseBranch, err = g.on(ctx, commit, "refs/heads/"+releaseBranch, "refs/remotes/origin/"+releaseBranch)
	return s, err
}

// on reports whether one of the refs, those that are there, has the commit.
func (g *git) on(ctx context.Context, commit string, refs ...string) (bool, error) {
	for _, ref := range refs {
		found, err := g.ask(ctx, "for-each-ref", "--format=%(refname)", "--contains="+commit, ref)
		if err != nil {
			return false, err
		}
		for line := range strings.Lines(found) { // a pattern finds what is below a name too
			if strings.TrimSuffix(line, "\n") == ref {
				return true, nil
			}
		}
	}
	return false, nil
}

// dirty reports whether the files differ from the commit. The index is made anew from the
// commit: every file is read, and nothing that the checkout's own index says of one counts.
func (g *git) dirty(ctx context.Context, commit string, depth int) (bool, error) {
	if _, err := g.ask(ctx, "read-tree", commit); err != nil {
		return false, err
	}
	status, err := g.output(ctx, "status", "--porcelain", "-z", "--untracked-files=normal", "--ignore-submodules=all", "--no-renames")
	if err != nil || len(status) > 0 {
		return true, err
	}
	files, err := g.output(ctx, "ls-files", "--stage", "-z")
	if err != nil {
		return false, err
	}
	for entry := range bytes.SplitSeq(files, []byte{0}) {
		head, name, _ := strings.Cut(string(entry), "\t")
		if f := strings.Fields(head); len(f) == 3 && f[0] == gitlink {
			if dirty, err := g.dirtySubmodule(ctx, name, f[1], depth); err != nil || dirty {
				return true, err
			}
		}
	}
	return false, nil
}

// gitlink is the mode of an entry that stands for a commit of a submodule.
const gitlink = "160000"

// dirtySubmodule reports whether a submodule that is checked out differs from the commit
// that the repository names. It is a checkout like any other, and git would enter it with
// its configuration.
func (g *git) dirtySubmodule(ctx context.Context, name, commit string, depth int) (bool, error) {
	if depth == maxSubmodules {
		return true, fmt.Errorf("submodule %q lies in %d others: expected fewer", name, maxSubmodules)
	}
	dir := filepath.Join(g.worktree, filepath.FromSlash(name))
	s, err := state(ctx, dir, "", depth+1)
	if err != nil || s.Commit != "" {
		return s.Dirty || s.Commit != commit, err
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return len(entries) > 0, err // not checked out, it is empty
}
