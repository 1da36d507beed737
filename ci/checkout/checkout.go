// Package checkout reads the git state of a checkout and copies its source: the files git
// tracks and no others. A checkout is hostile input: it may have been unpacked from an
// archive. git runs commands named in a repository's own configuration and hooks (clean
// filters, core.fsmonitor, post-index-change, a promisor's transport, …). No switch turns
// all of them off, and a list of them would never stay complete. So git never sees that
// configuration: every command runs in a git directory made by this package, with its own
// configuration, HEAD and index. Only data is taken from the checkout: its objects, its
// refs and the names in its index.
//
// A pure Go implementation was considered and rejected: it would still honour parts of the
// configuration, differ from git in attributes and line endings, and add to every build.
package checkout

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"dagger/slipway/ci/plan"
)

// Options configures how a checkout is read.
type Options struct {
	// Upload says that the directory was uploaded without the files matching [Made] and
	// without anything outside the directory. Files of the commit that are missing for that
	// reason are taken from the commit.
	Upload bool
}

// Made lists patterns of directories that tools fill. An untracked file below one is never
// source.
var Made = []string{"target", "**/node_modules"}

// State returns the git state of the workspace whose root is dir: the root of a repository
// or a directory below it. Outside a repository the state is zero, and before the first
// commit it names no commit. If git refuses the repository, for instance because it belongs
// to another user, the error has git's own message.
//
// A workspace is dirty if a file below its root differs from the commit, whatever the
// checkout's index says, or if there is a file that is neither in the commit nor ignored by
// the repository. The user's own ignore files are not consulted, so that every clone gives
// the same answer. Files outside the workspace do not count.
func State(ctx context.Context, dir, releaseBranch string) (s plan.Source, err error) {
	e, err := examine(ctx, dir, Options{})
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	return e.state(ctx, releaseBranch)
}

// examined is what git reports about a checkout.
type examined struct {
	dir    string // the workspace
	git    *git   // nil outside a repository
	prefix string // the workspace's path below the repository's root, "" for the root itself
	commit string // "" before the first one
	listing

	dirty      bool
	copied     []string // files taken from the working tree rather than the commit
	absent     map[string]bool
	submodules []submodule
	above      []*examined // the files outside the workspace that it needs
	names      *listing    // the other files outside the workspace, nil before they were listed
	notAdded   []string    // submodules outside the workspace that it needs
}

// examine reads the state of the workspace whose root is dir.
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
		return unversioned(dir), nil
	}
	e, err := examineAt(ctx, root, prefix, o, 0)
	if err != nil {
		return nil, fmt.Errorf("asking git about %q: %w", dir, err)
	}
	if e.dir = dir; prefix != "" && !e.has(prefix+"/Cargo.toml") { // not part of the repository: an ignored directory, for example
		return unversioned(dir), e.close()
	}
	return e, nil
}

// unversioned returns what there is to know about a directory that is in no repository.
func unversioned(dir string) *examined {
	return &examined{dir: dir, listing: listing{unnamed: map[string]bool{}}}
}

// examineAt reads the state of the files below prefix, in the repository whose root is dir.
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

// compare decides which files come from the working tree, and whether the workspace is
// dirty.
func (e *examined) compare(ctx context.Context, o Options) error {
	real, err := e.git.realContent(ctx, e.commitEntries(e.changed))
	if err != nil {
		return err
	}
	for _, name := range e.changed {
		e.copy(name)
		e.dirty = e.dirty || !real[name]
	}
	for _, name := range e.deleted {
		if e.tree[name].mode == gitlink {
			continue // a submodule that is not checked out
		}
		if e.sparse[name] || e.missing[name] || o.Upload && made(name) || e.skips && e.unnamed[name] {
			continue // it is taken from the commit, or reported
		}
		e.absent[name], e.dirty = true, true
		delete(e.unnamed, name)
	}
	for _, name := range e.untracked {
		if strings.HasSuffix(name, "/") || made(e.relative(name)) {
			continue // another repository, or a tool's output
		}
		e.copy(name)
		e.dirty = true
	}
	for _, name := range e.onlyInIndex(e.git.worktree) {
		e.copy(name)
		e.dirty = true
	}
	return nil
}

// copy marks a file to be copied from the working tree, if a copy can name it.
func (e *examined) copy(name string) {
	if !utf8.ValidString(name) {
		e.unnamed[name] = true
		return
	}
	if e.missing[name] {
		e.missing[name] = false
	}
	e.copied = append(e.copied, name)
}

// commitEntries returns the commit's entries for the named files.
func (e *examined) commitEntries(names []string) []entry {
	var list []entry
	for _, name := range names {
		list = append(list, e.tree[name])
	}
	return list
}

// relative returns a name relative to the workspace.
func (e *examined) relative(name string) string {
	if e.prefix == "" {
		return name
	}
	if within, ok := strings.CutPrefix(name, e.prefix+"/"); ok {
		return within
	}
	rel, err := filepath.Rel(filepath.FromSlash(e.prefix), filepath.FromSlash(name))
	if err != nil { // both are relative, so there is a path
		return name
	}
	return filepath.ToSlash(rel)
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

// state returns the part of a plan that describes the source.
func (e *examined) state(ctx context.Context, releaseBranch string) (plan.Source, error) {
	if e.git == nil {
		return plan.Source{}, nil
	}
	s := plan.Source{MissingSubmodules: e.notCheckedOut(false), SkippedSubmodules: e.notCheckedOut(true)}
	s.MissingContent, s.Sparse = e.missingContent(), e.skips
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

// head returns the commit that is checked out, "" before the first commit.
func (g *git) head(ctx context.Context) (string, error) {
	commit, err := g.ask(ctx, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
	var exit *exitError
	if errors.As(err, &exit) && exit.silent() {
		return "", nil
	}
	return commit, err
}

// branches lists the local branches, and reports whether the commit is on the release
// branch.
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

// on reports whether any of the refs that exist contains the commit.
func (g *git) on(ctx context.Context, commit string, refs ...string) (bool, error) {
	for _, ref := range refs {
		found, err := g.ask(ctx, "for-each-ref", "--format=%(refname)", "--contains="+commit, ref)
		if err != nil {
			return false, err
		}
		for line := range strings.Lines(found) { // a pattern also matches refs below that name
			if strings.TrimSuffix(line, "\n") == ref {
				return true, nil
			}
		}
	}
	return false, nil
}
