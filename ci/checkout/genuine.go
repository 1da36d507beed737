package checkout

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// errForged reports an object whose content does not match its name. git verifies names
// when it fetches or clones, but not when it reads: the index of a crafted pack can give
// any name to any object, and so pass other files off as a commit's.
var errForged = errors.New("some of the repository's objects do not match their names: `git fsck` lists them: release from a clone")

// checkCommit returns an error unless the commit and its trees hash to their names
// (gitformat-pack(5) lists the kinds of objects).
func (g *git) checkCommit(ctx context.Context, commit string) error {
	raw, err := g.output(ctx, "cat-file", "commit", commit)
	if err != nil {
		return err
	}
	id, err := g.answer(ctx, string(raw), "hash-object", "-t", "commit", "--stdin")
	if err != nil {
		return err
	}
	entries, err := g.output(ctx, "ls-tree", "-r", "-z", "--full-tree", commit)
	if err != nil {
		return err
	}
	// An index filled from a list has no cached trees, so git computes them and their names.
	made := g.withIndex("names")
	if _, err := made.answer(ctx, string(entries), "update-index", "-z", "--index-info"); err != nil {
		return err
	}
	tree, err := made.ask(ctx, "write-tree", "--missing-ok")
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(id)) != commit || !strings.HasPrefix(string(raw), "tree "+tree+"\n") {
		return fmt.Errorf("reading commit %s: %w", commit, errForged)
	}
	return nil
}

// checkWritten returns an error unless the files that git wrote to a working tree have the
// content the commit names. git reads every one of them again.
func (g *git) checkWritten(ctx context.Context, commit, prefix string, written map[string]bool) error {
	fresh := g.withIndex("written")
	if _, err := fresh.ask(ctx, "read-tree", commit); err != nil {
		return err
	}
	args := []string{"status", "--porcelain", "-z", "--untracked-files=no", "--ignore-submodules=all", "--no-renames"}
	out, err := fresh.output(ctx, within(args, prefix)...)
	if err != nil {
		return err
	}
	for line := range records(out) {
		if len(line) > 3 && line[1] != 'D' && written[line[3:]] {
			return fmt.Errorf("reading %q of commit %s: %w", line[3:], commit, errForged)
		}
	}
	return nil
}

// withIndex returns a copy of g that uses another index file.
func (g *git) withIndex(name string) *git {
	other := *g
	other.env = append(slices.Clone(g.env), "GIT_INDEX_FILE="+filepath.Join(g.own, name))
	return &other
}
