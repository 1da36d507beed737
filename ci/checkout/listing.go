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
	"unicode/utf8"
)

// entry is a file of a commit or of an index.
type entry struct {
	name   string // slash-separated, relative to the repository's root
	mode   string // in git's notation: "100644"
	object string
	size   int64 // of a blob of a commit, in bytes
}

// Modes of entries that are treated specially. A gitlink is the commit of a submodule.
const (
	executable = "100755"
	gitlink    = "160000"
)

// listing is what git reports about the files below a directory of a checkout.
type listing struct {
	tree  map[string]entry // the files of the commit
	index map[string]entry // the checkout's own index, which may have more files than the commit
	// sparse holds files left out of a sparse checkout (git-sparse-checkout(1)).
	sparse map[string]bool
	skips  bool // the index leaves files out of the working tree
	// missing holds files of the commit whose content is not in this clone. They are not in tree.
	// The value is false for those that the working tree has with other content.
	missing map[string]bool
	// unnamed holds files whose names are not UTF-8. They are not in tree, because neither a plan's
	// JSON nor an engine can name them.
	unnamed map[string]bool

	changed   []string // files of the commit whose content or mode differs in the working tree
	deleted   []string
	untracked []string // neither in the commit nor ignored by the repository
}

// list fills a listing from git. Before the first commit every file is untracked.
func (g *git) list(ctx context.Context, commit, prefix string) (l listing, err error) {
	l = *newListing()
	if commit != "" {
		// Directories count too: trees that contain only trees take as long to walk. The whole
		// commit counts, not just prefix, because read-tree reads all of it.
		if err := g.count(ctx, "ls-tree", "-r", "-t", "-z", "--name-only", "--full-tree", commit); err != nil {
			return l, err
		}
		if err := g.readCommit(ctx, commit, prefix, &l); err != nil {
			return l, err
		}
		if _, err := g.ask(ctx, "read-tree", commit); err != nil {
			return l, err
		}
	}
	if err := g.readIndex(ctx, prefix, &l); err != nil {
		return l, err
	}
	// git compares the working tree with an index made from the commit, so that it reads every
	// file, whatever the checkout's own index claims.
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

// within restricts a command to a directory, whose name is not treated as a pattern.
func within(args []string, prefix string) []string {
	if prefix == "" {
		return args
	}
	return append(slices.Clone(args), "--", ":(top,literal)"+prefix)
}

// records iterates over the NUL-terminated records of git's output.
func records(out []byte) func(func(string) bool) {
	return func(yield func(string) bool) {
		for part := range bytes.SplitSeq(out, []byte{0}) {
			if len(part) > 0 && !yield(string(part)) {
				return
			}
		}
	}
}

// newListing returns a listing of nothing, to be filled by readCommit.
func newListing() *listing {
	return &listing{tree: map[string]entry{}, missing: map[string]bool{}, unnamed: map[string]bool{}}
}

// readCommit lists the files of a commit.
func (g *git) readCommit(ctx context.Context, commit, prefix string, l *listing) error {
	out, err := g.output(ctx, within([]string{"ls-tree", "-r", "-z", "--long", "--full-tree", commit}, prefix)...)
	if err != nil {
		return err
	}
	for line := range records(out) {
		head, name, _ := strings.Cut(line, "\t")
		f := strings.Fields(head)
		if len(f) != 4 || !validName(name) {
			return fmt.Errorf("`git ls-tree` answers %q: expected mode, kind, object, size and name", line)
		}
		e := entry{name: name, mode: f[0], object: f[2]}
		if e.mode != gitlink {
			e.size, err = strconv.ParseInt(f[3], 10, 64) // "BAD" if the blob is missing
		}
		switch {
		case !utf8.ValidString(name):
			l.unnamed[name] = true
		case err != nil:
			l.missing[name], err = true, nil
		default:
			l.tree[name] = e
		}
	}
	return nil
}

// validName reports whether a path is valid, except that it need not be UTF-8: git and Linux
// accept any bytes.
func validName(name string) bool { return fs.ValidPath(strings.ToValidUTF8(name, "?")) }

// readIndex reads the names in the checkout's own index: files added to it count as
// tracked, even if ignored. Nothing else in that index is trusted.
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
		if len(f) != 4 || !validName(name) || strings.Contains("/"+strings.ToLower(name)+"/", "/.git/") {
			return fmt.Errorf("`git ls-files` answers %q: expected tag, mode, object, stage and name", line)
		}
		if l.unnamed[name] {
			continue
		}
		l.index[name] = entry{name: name, mode: f[1], object: f[2]}
		l.skips = l.skips || f[0] == "S"
		// git skips a file for a sparse checkout only if the index agrees with the commit.
		if f[0] == "S" && l.tree[name].object == f[2] && l.tree[name].mode == f[1] {
			l.sparse[name] = true
		}
	}
	return nil
}

// copyIndex copies the checkout's index to slipway's git directory and returns the path of
// the copy, "" if there is no index. A split index has a second file (git-update-index(1)),
// which is copied too.
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

// sharedIndex returns the name of the shared file that a split index needs, "" if the index
// is not split. The index's "link" extension begins with the digest of that file
// (gitformat-index(5)).
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
	const signature = "link" // followed by the extension's length, 4 bytes
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

// onlyInIndex returns the files that are in the index and the working tree but not in the
// commit, without those that git already reports as untracked.
func (l *listing) onlyInIndex(worktree string) []string {
	untracked := map[string]bool{}
	for _, name := range l.untracked {
		untracked[name] = true
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(l.index)) {
		_, missing := l.missing[name]
		if _, ok := l.tree[name]; ok || missing || untracked[name] || l.index[name].mode == gitlink {
			continue
		}
		if _, err := os.Lstat(filepath.Join(worktree, filepath.FromSlash(name))); err == nil {
			names = append(names, name)
		}
	}
	return names
}

// gitlinks returns the submodules of the commit and of the index, sorted by path.
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
// tools fill: cargo's target directory or node_modules. A file there is source only if git
// tracks it; a missing .gitignore entry does not make it so.
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
