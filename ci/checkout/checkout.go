// Package checkout says what git knows of a checkout, and copies its source: what git
// tracks, and no other file. A checkout is hostile input: somebody may have unpacked it
// from an archive. git runs the commands that a repository's own configuration and hooks
// name (clean filters, core.fsmonitor, post-index-change, a promisor's transport, …) and
// has no switch that ignores all of them, nor a list that stays complete. So git never
// gets to see that configuration: each question is asked in a git directory that this
// package makes, with a configuration, a HEAD and an index of its own, which takes from
// the checkout nothing but data: its objects, its refs and the names in its index.
//
// A pure Go implementation was weighed against this: it would honour parts of the
// configuration too, differ from git in attributes and line ends, and weigh on every user.
package checkout

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"dagger/slipway/ci/plan"
)

// Options are how a checkout is read.
type Options struct {
	// Upload says that the directory was handed over without what [Made] names, and without
	// what is outside of it: files of the commit that are not there for that reason are
	// taken from the commit.
	Upload bool
}

// Made are the patterns of directories that tools fill. What is below one and no file
// that git tracks is never source.
var Made = []string{"target", "**/node_modules"}

// State asks git about the workspace whose root is dir: the root of a repository or a
// directory below it. Outside of a repository there is no state, nor a commit before the
// first one. What git refuses, such as a repository of another owner, is an error in
// git's own words.
//
// A workspace is dirty where a file below its root differs from the commit, whatever the
// checkout's index says, and where one is there that is neither in the commit nor ignored
// by the repository: what a user's own configuration ignores elsewhere does not count, so
// that every clone gives the same answer. What is beside the workspace does not count.
func State(ctx context.Context, dir, releaseBranch string) (s plan.Source, err error) {
	e, err := examine(ctx, dir, Options{})
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	return e.state(ctx, releaseBranch)
}

// examined is a checkout of which git has been asked.
type examined struct {
	dir    string // the workspace
	git    *git   // nil where there is no repository
	prefix string // the workspace below the repository's root, "" for the root itself
	commit string // "" before the first one
	listing

	dirty      bool
	copied     []string // files that come from the working tree, not from the commit
	absent     map[string]bool
	submodules []submodule
}

// examine looks at the workspace whose root is dir.
func examine(ctx context.Context, dir string, o Options) (*examined, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	root, prefix, err := discover(dir)
	if err != nil {
		return nil, fmt.Errorf("asking git about %q: %w", dir, err)
	}
	if root == "" {
		return &examined{dir: dir}, nil
	}
	e, err := examineAt(ctx, root, prefix, o, 0)
	if err != nil {
		return nil, fmt.Errorf("asking git about %q: %w", dir, err)
	}
	if e.dir = dir; prefix != "" && !e.has(prefix+"/Cargo.toml") { // an ignored directory, say: it is not the repository's
		return &examined{dir: dir}, e.close()
	}
	return e, nil
}

// examineAt looks at what is below a prefix of the repository whose root is dir.
func examineAt(ctx context.Context, dir, prefix string, o Options, depth int) (e *examined, err error) {
	at, err := find(ctx, dir)
	if err != nil {
		return nil, err
	}
	e = &examined{dir: dir, prefix: prefix, absent: map[string]bool{}}
	if e.git, err = open(ctx, at); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	if e.commit, err = e.git.head(ctx); err != nil {
		return e, err
	}
	if e.listing, err = e.git.list(ctx, e.commit, prefix); err != nil {
		return e, err
	}
	if e.commit != "" {
		if err := e.git.checkCommit(ctx, e.commit); err != nil {
			return e, err
		}
	}
	if err := e.compare(ctx, o); err != nil {
		return e, err
	}
	return e, e.enter(ctx, o, depth)
}

func (e *examined) close() error {
	var errs []error
	if e.git != nil {
		errs = append(errs, e.git.close())
	}
	for _, s := range e.submodules {
		if s.examined != nil {
			errs = append(errs, s.close())
		}
	}
	return errors.Join(errs...)
}

// compare decides which files come from the working tree, and whether any differs.
func (e *examined) compare(ctx context.Context, o Options) error {
	real, err := e.git.realContent(ctx, e.commitEntries(e.changed))
	if err != nil {
		return err
	}
	for _, name := range e.changed {
		e.copied = append(e.copied, name)
		e.dirty = e.dirty || !real[name]
	}
	for _, name := range e.deleted {
		if e.tree[name].mode == gitlink {
			continue // a submodule that is not checked out
		}
		if e.sparse[name] || o.Upload && made(name) {
			continue // it comes from the commit
		}
		e.absent[name], e.dirty = true, true
	}
	for _, name := range e.untracked {
		if strings.HasSuffix(name, "/") || made(e.relative(name)) {
			continue // a repository of its own, or what a tool has left
		}
		e.copied, e.dirty = append(e.copied, name), true
	}
	if added := e.onlyInIndex(e.git.worktree); len(added) > 0 {
		e.copied, e.dirty = append(e.copied, added...), true
	}
	return nil
}

// commitEntries are what the commit has of some files.
func (e *examined) commitEntries(names []string) []entry {
	var list []entry
	for _, name := range names {
		list = append(list, e.tree[name])
	}
	return list
}

// relative is a name below the workspace.
func (e *examined) relative(name string) string {
	if e.prefix == "" {
		return name
	}
	return strings.TrimPrefix(name, e.prefix+"/")
}

// has reports whether a file is part of the source.
func (e *examined) has(name string) bool {
	if _, ok := e.tree[name]; ok && !e.absent[name] {
		return true
	}
	for _, other := range e.copied {
		if other == name {
			return true
		}
	}
	return false
}

// state says what a plan names.
func (e *examined) state(ctx context.Context, releaseBranch string) (plan.Source, error) {
	if e.git == nil {
		return plan.Source{}, nil
	}
	s := plan.Source{MissingSubmodules: e.missing(false), SkippedSubmodules: e.missing(true)}
	if e.commit == "" {
		return s, nil
	}
	s.Commit, s.Directory, s.Dirty, s.ReleaseBranch = e.commit, e.prefix, e.dirty, releaseBranch
	err := e.git.branches(ctx, &s)
	if err != nil {
		return plan.Source{}, fmt.Errorf("asking git about %q: %w", e.dir, err)
	}
	return s, nil
}

// head is the commit that is checked out, "" before the first one.
func (g *git) head(ctx context.Context) (string, error) {
	commit, err := g.ask(ctx, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
	var exit *exitError
	if errors.As(err, &exit) && exit.silent() {
		return "", nil
	}
	return commit, err
}

// branches says which there are, and whether the commit is on the one to release from.
func (g *git) branches(ctx context.Context, s *plan.Source) (err error) {
	if s.Branch, err = g.ask(ctx, "branch", "--show-current"); err != nil {
		return err
	}
	branches, err := g.ask(ctx, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/")
	if err != nil {
		return err
	}
	s.Branches = strings.Fields(branches)
	s.OnReleaseBranch, err = g.on(ctx, s.Commit, "refs/heads/"+s.ReleaseBranch, "refs/remotes/origin/"+s.ReleaseBranch)
	return err
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
