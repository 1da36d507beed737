package checkout

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// errForged says that an object has other content than its name. git finds that when it
// fetches or clones, and not when it reads: the index of a pack that somebody else has
// handed over can give any name to any object, and one commit's name to another's files.
var errForged = errors.New("the repository's objects are not what their names say: `git fsck` tells which: release from a clone")

// checkCommit returns an error unless a commit and its trees have the content that their
// names say, which are digests of it (gitformat-pack(5) has the kinds of objects).
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
	// An index that is made from names has no trees yet: git makes them, and their names.
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

// checkWritten returns an error unless files that git has written to a working tree have the
// content that the commit's names for them say. git reads every one of them again.
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

// withIndex is the same git with an index of its own.
func (g *git) withIndex(name string) *git {
	other := *g
	other.env = append(slices.Clone(g.env), "GIT_INDEX_FILE="+filepath.Join(g.own, name))
	return &other
}
