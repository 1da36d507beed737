package notes

import (
	"fmt"
	"path"
	"strings"

	"dagger/slipway/ci/cargo"
)

// MaxCommits is how many commits notes are made from at most.
const MaxCommits = 100

// Ask returns the commits that touch a crate since its last tag.
type Ask func(Question) (History, error)

// Question names a crate and the version to be released.
type Question struct {
	Crate   string
	Version string
	Dir     string // slash-separated, relative to the workspace root, "." for the root itself
	// Root is the workspace root in the repository, where what asks git sets it.
	Root string
	// Without lists directories below Dir that belong to other crates.
	Without []string
	// Others names the workspace's other crates and their directories, as tags may.
	Others []string
}

// NewQuestion returns the question for a crate of a workspace.
func NewQuestion(w *cargo.Workspace, c *cargo.Crate) Question {
	q := Question{Crate: c.Name, Version: c.Version, Dir: c.Dir}
	for _, other := range w.Crates {
		if other.Name != c.Name {
			q.Others = append(q.Others, other.Name)
		}
		if other.Name != c.Name && other.Dir != "." {
			q.Others = append(q.Others, other.Dir, path.Base(other.Dir))
		}
		if c.Dir == "." && other.Dir != "." || strings.HasPrefix(other.Dir, c.Dir+"/") {
			q.Without = append(q.Without, other.Dir)
		}
	}
	return q
}

// History is the part of the git history that notes are made from.
type History struct {
	Head string // the commit being released, "" if there is none
	// Tag is the tag of the previous version, "" if there is none.
	Tag string
	// Commits are the commits since Tag without merges, newest first, at most MaxCommits.
	Commits []Commit
	// More says that there are older commits.
	More bool
	// Cut says that the clone is shallow and that commits or tags are missing.
	Cut bool
}

// Commit is a git commit.
type Commit struct {
	ID      string
	Message string
}

// String describes, for people, what notes are made from.
func (h History) String() string {
	n := fmt.Sprintf("%d commits", len(h.Commits))
	switch {
	case h.More:
		n = "the newest " + n
	case len(h.Commits) == 1:
		n = "1 commit"
	}
	switch {
	case h.Tag != "":
		n += " since tag " + h.Tag
	case !h.Cut:
		n += ", with no earlier version's tag"
	}
	if h.Cut {
		n += " in a shallow clone, where history is cut: fetch all of it and its tags (`git fetch --unshallow --tags`) for the rest"
	}
	return n
}
