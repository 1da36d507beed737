// Package gitdir writes a minimal git directory from which cargo can read the commit that a
// package is made from: HEAD, the commit, its trees and an index, but no file contents. Its
// bytes depend on the commit only, so that a plan that includes them is the same on every
// machine, whatever version of git is installed.
package gitdir

import (
	"crypto/sha1" // git's object names (gitformat-pack(5))
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// Record is what is needed of a commit and its repository.
type Record struct {
	// Commit is the commit object, as `git cat-file commit` prints it.
	Commit string
	// Entries holds all files of the commit, in any order.
	Entries []Entry
	// Prefix is the workspace's directory in the repository, slash-separated, "" for the root.
	Prefix string
	// Modules is the content of the commit's .gitmodules, which git and cargo read from the objects
	// where the working tree does not have it; "" to leave it out.
	Modules string
	// Submodules are the records of the submodules whose packages may be packaged, sorted by path.
	Submodules []Submodule
}

// Submodule is the record of a submodule, whose own Prefix is "".
type Submodule struct {
	Path string // slash-separated, relative to the repository's root
	Record
}

// Entry is a file, a symbolic link or a submodule of a commit.
type Entry struct {
	Mode   string // in octal, as `git ls-tree` prints it: "100644"
	Object string // 40 hexadecimal digits
	Path   string // slash-separated, relative to the repository's root
}

// config declares a repository with a working tree around it. It names nothing to run.
const config = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n"

var treeLine = regexp.MustCompile(`\Atree ([0-9a-f]{40})\n`)

// Files returns the files of the git directory by slash-separated path. Files for which
// assumes returns true are marked as unchanged, whatever is in the working tree
// (git-update-index(1), --assume-unchanged). It returns an error unless the entries add up
// to the commit's tree.
func (r *Record) Files(assumes func(path string) bool) (map[string]string, error) {
	named := treeLine.FindStringSubmatch(r.Commit)
	if named == nil {
		return nil, fmt.Errorf("writing a git directory: the commit begins with %.60q, expected \"tree\" and a SHA-1", r.Commit)
	}
	entries := slices.Clone(r.Entries)
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	for i, e := range entries {
		if !fs.ValidPath(strings.ToValidUTF8(e.Path, "?")) || len(e.Object) != hex.EncodedLen(sha1.Size) || i > 0 && entries[i-1].Path == e.Path {
			return nil, fmt.Errorf("writing a git directory: entry %q of the commit has no path of its own or no SHA-1", e.Path)
		}
	}
	objects := []object{newObject(commitObject, r.Commit)}
	if r.Modules != "" {
		modules := newObject(blobObject, r.Modules)
		if !slices.ContainsFunc(entries, func(e Entry) bool { return e.Path == ".gitmodules" && e.Object == hex.EncodeToString(modules.name[:]) }) {
			return nil, errors.New("writing a git directory: the content of .gitmodules is not what the commit names")
		}
		objects = append(objects, modules)
	}
	root, trees, err := makeTrees(entries)
	if err != nil {
		return nil, err
	}
	if got := hex.EncodeToString(root[:]); got != named[1] {
		return nil, fmt.Errorf("writing a git directory: the commit has tree %s, its files give %s", named[1], got)
	}
	index, err := makeIndex(entries, assumes)
	if err != nil {
		return nil, err
	}
	pack, idx, err := makePack(append(objects, trees...))
	if err != nil {
		return nil, err
	}
	head := hex.EncodeToString(objects[0].name[:]) + "\n"
	const name = "objects/pack/pack-commit"
	return map[string]string{
		"HEAD": head, "config": config, "index": index, "refs/heads/packaged": head, // git requires refs/ in a repository
		name + ".pack": pack, name + ".idx": idx,
	}, nil
}
