package notes

import (
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"

	"dagger/slipway/ci/cargo"
)

// MaxCommits is how many commits notes are made of.
const MaxCommits = 100

// Ask asks git for the commits that touch a crate since its last tag.
type Ask func(Question) (History, error)

// Question names a crate and the version that is to be released.
type Question struct {
	Crate   string
	Version string
	Dir     string // slash-separated, relative to the workspace root, "." for that
	// Without are the directories below Dir that belong to other crates.
	Without []string
}

// NewQuestion asks for a crate of a workspace.
func NewQuestion(w *cargo.Workspace, c *cargo.Crate) Question {
	q := Question{Crate: c.Name, Version: c.Version, Dir: c.Dir}
	for _, other := range w.Crates {
		if c.Dir == "." && other.Dir != "." || strings.HasPrefix(other.Dir, c.Dir+"/") {
			q.Without = append(q.Without, other.Dir)
		}
	}
	return q
}

// History is what git says.
type History struct {
	Head string // the commit that is looked back from, "" where there is none
	// Tag is that of the version before, "" where there is none.
	Tag string
	// Commits are those since then that are no merges, the newest first, at most MaxCommits.
	Commits []Commit
	// More says that there are older ones.
	More bool
	// Cut says that the clone is shallow and lacks commits or tags.
	Cut bool
}

// Commit is one commit.
type Commit struct {
	ID      string
	Message string
}

// String says for people what notes are made of.
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
		n += ", with no tag of a version before"
	}
	if h.Cut {
		n += " in a shallow clone, where history is cut: fetch all of it and its tags (`git fetch --unshallow --tags`) for the rest"
	}
	return n
}

// LastTag returns the tag of the version before q's: the highest version that is lower, in a
// tag named after the crate ([version.Version.Tag], and the forms that others use), or else
// in one with no name. For a version that is no prerelease, prereleases do not count.
func (q Question) LastTag(tags []string) string {
	to, err := semver.StrictNewVersion(q.Version)
	if err != nil {
		return ""
	}
	for _, prefixes := range [][]string{
		{q.Crate + "/v", q.Crate + "/", q.Crate + "-v", q.Crate + "-", q.Crate + "@v", q.Crate + "@", q.Crate + "_v"},
		{"v", ""},
	} {
		if tag := highest(tags, prefixes, to); tag != "" {
			return tag
		}
	}
	return ""
}

// highest returns the tag of the highest version before one, the first of the prefixes
// where several tags have that version.
func highest(tags, prefixes []string, to *semver.Version) string {
	var best *semver.Version
	found := ""
	for _, prefix := range prefixes {
		for _, tag := range tags {
			text, ok := strings.CutPrefix(tag, prefix)
			v, err := semver.StrictNewVersion(text)
			if !ok || err != nil || v.GreaterThan(to) || v.Original() == to.Original() || v.Prerelease() != "" && to.Prerelease() == "" {
				continue
			}
			if best == nil || v.GreaterThan(best) || v.Equal(best) && v.Metadata() > best.Metadata() {
				best, found = v, tag
			}
		}
	}
	return found
}
