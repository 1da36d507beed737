package checkout

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// entry is a file of a commit, of an index or of the working tree.
type entry struct {
	name   string // slash-separated, relative to the repository's root
	mode   string // as git writes it, "" for a file that git does not track
	object string
	size   int64 // of a blob in a commit
}

// The modes of entries that are no regular files. A gitlink stands for a commit of a
// submodule.
const (
	executable = "100755"
	gitlink    = "160000"
)

// listing is what git says of the files below a directory of a checkout.
type listing struct {
	tree  map[string]entry // the files of the commit
	index map[string]entry // the checkout's index, which may have more files than the commit
	// sparse are the files that the checkout leaves out on purpose (git-sparse-checkout(1)).
	sparse map[string]bool

	changed   []string // of the commit, with other content or mode in the working tree
	deleted   []string
	untracked []string // neither in the commit nor ignored by the repository
}

// list asks git. With no commit yet everything is untracked.
func (g *git) list(ctx context.Context, commit, prefix string) (l listing, err error) {
	l.tree = map[string]entry{}
	if commit != "" {
		// Directories count: trees that hold nothing but trees take as long to walk. The
		// whole commit counts, which read-tree reads.
		if err := g.count(ctx, "ls-tree", "-r", "-t", "-z", "--name-only", "--full-tree", commit); err != nil {
			return l, err
		}
		if l.tree, err = g.readCommit(ctx, commit, prefix); err != nil {
			return l, err
		}
		if _, err := g.ask(ctx, "read-tree", commit); err != nil {
			return l, err
		}
	}
	if err := g.readIndex(ctx, prefix, &l); err != nil {
		return l, err
	}
	// The index is made anew from the commit, so that every file is read, whatever the
	// checkout's own index says of it.
	args := []string{"status", "--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=all", "--no-renames"}
	out, err := g.output(ctx, within(args, prefix)...)
	if err != nil {
		return l, err
	}
	for line := range records(out) {
		if len(line) < 4 {
			return l, fmt.Errorf("`git status` answers %q: expected a state and a name", line)
		}
		switch state, name := line[:2], line[3:]; {
		case state == "??":
			l.untracked = append(l.untracked, name)
		case state[1] == 'D':
			l.deleted = append(l.deleted, name)
		default:
			l.changed = append(l.changed, name)
		}
	}
	return l, nil
}

// within limits a command to a directory, whose name is taken literally.
func within(args []string, prefix string) []string {
	if prefix == "" {
		return args
	}
	return append(slices.Clone(args), "--", ":(top,literal)"+prefix)
}

// records are the parts of an answer that NUL ends.
func records(out []byte) func(func(string) bool) {
	return func(yield func(string) bool) {
		for part := range bytes.SplitSeq(out, []byte{0}) {
			if len(part) > 0 && !yield(string(part)) {
				return
			}
		}
	}
}

// readCommit lists the files of a commit.
func (g *git) readCommit(ctx context.Context, commit, prefix string) (map[string]entry, error) {
	out, err := g.output(ctx, within([]string{"ls-tree", "-r", "-z", "--long", "--full-tree", commit}, prefix)...)
	if err != nil {
		return nil, err
	}
	entries := map[string]entry{}
	for line := range records(out) {
		head, name, _ := strings.Cut(line, "\t")
		f := strings.Fields(head)
		if len(f) != 4 || !fs.ValidPath(name) {
			return nil, fmt.Errorf("`git ls-tree` answers %q: expected mode, kind, object, size and name", line)
		}
		e := entry{name: name, mode: f[0], object: f[2]}
		if e.mode != gitlink {
			if e.size, err = strconv.ParseInt(f[3], 10, 64); err != nil { // "BAD"
				return nil, fmt.Errorf("reading %q of commit %s: its content is not in this clone, as in a partial one whose checkout is sparse: run git sparse-checkout disable", name, commit)
			}
		}
		entries[name] = e
	}
	return entries, nil
}

// readIndex lists the names in the checkout's own index: what was added to it counts as
// tracked, even where it is ignored. Nothing else that the index says is believed.
func (g *git) readIndex(ctx context.Context, prefix string, l *listing) error {
	l.index, l.sparse = map[string]entry{}, map[string]bool{}
	name, err := g.copyIndex(ctx)
	if err != nil || name == "" {
		return err
	}
	theirs := g.withIndex(filepath.Base(name))
	out, err := theirs.output(ctx, within([]string{"ls-files", "-z", "-t", "--stage"}, prefix)...)
	if err != nil {
		return err
	}
	for line := range records(out) {
		head, name, _ := strings.Cut(line, "\t")
		f := strings.Fields(head)
		if len(f) != 4 || !fs.ValidPath(name) || strings.Contains("/"+strings.ToLower(name)+"/", "/.git/") {
			return fmt.Errorf("`git ls-files` answers %q: expected tag, mode, object, stage and name", line)
		}
		l.index[name] = entry{name: name, mode: f[1], object: f[2]}
		// A file that the index has otherwise than the commit was not left out by git.
		if f[0] == "S" && l.tree[name].object == f[2] && l.tree[name].mode == f[1] {
			l.sparse[name] = true
		}
	}
	return nil
}

// copyIndex copies the checkout's index to slipway's git directory and returns the copy's
// path, "" where there is none. A split index has a second file (git-update-index(1)).
func (g *git) copyIndex(ctx context.Context) (string, error) {
	raw, err := readData(ctx, g.dir, "index")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	name, err := sharedIndex(g.dir, raw)
	if err != nil {
		return "", err
	}
	if name != "" {
		shared, err := readData(ctx, g.dir, name)
		if err == nil {
			err = os.WriteFile(filepath.Join(g.own, name), shared, 0o600)
		}
		if err != nil {
			return "", err
		}
	}
	to := filepath.Join(g.own, "theirs")
	return to, os.WriteFile(to, raw, 0o600)
}

// sharedIndex is the name of the file that a split index needs, "" for one that is whole:
// an extension of the index, "link", begins with its digest (gitformat-index(5)).
func sharedIndex(dir string, raw []byte) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	there := map[string]bool{}
	for _, e := range entries {
		if digest, ok := strings.CutPrefix(e.Name(), "sharedindex."); ok {
			there[digest] = true
		}
	}
	const signature = "link" // and the extension's length, of 4 bytes
	for len(there) > 0 {
		at := bytes.Index(raw, []byte(signature))
		if at < 0 {
			break
		}
		raw = raw[at+len(signature):]
		for _, size := range []int{sha1.Size, sha256.Size} {
			if len(raw) < 4+size {
				continue
			}
			if digest := hex.EncodeToString(raw[4 : 4+size]); there[digest] {
				return "sharedindex." + digest, nil
			}
		}
	}
	return "", nil
}

// onlyInIndex are the files that were added to the index, are not in the commit and are
// in the working tree, but for those that git has named as untracked.
func (l *listing) onlyInIndex(worktree string) []string {
	untracked := map[string]bool{}
	for _, name := range l.untracked {
		untracked[name] = true
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(l.index)) {
		if _, ok := l.tree[name]; ok || untracked[name] || l.index[name].mode == gitlink {
			continue
		}
		if _, err := os.Lstat(filepath.Join(worktree, filepath.FromSlash(name))); err == nil {
			names = append(names, name)
		}
	}
	return names
}

// gitlinks are the submodules of the commit and of the index, sorted by path.
func (l *listing) gitlinks() []entry {
	found := map[string]entry{}
	for _, from := range []map[string]entry{l.index, l.tree} {
		for name, e := range from {
			if e.mode == gitlink {
				found[name] = e
			}
		}
	}
	var list []entry
	for _, name := range slices.Sorted(maps.Keys(found)) {
		list = append(list, found[name])
	}
	return list
}

// made reports whether a path relative to the workspace's root is below a directory that
// tools fill: cargo's target directory and node_modules. A file there is source where git
// tracks it, and never because nobody has told git to ignore it.
func made(name string) bool {
	if strings.HasPrefix(name, "target/") {
		return true
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if path.Base(dir) == "node_modules" {
			return true
		}
	}
	return false
}
