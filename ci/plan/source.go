package plan

import (
	"errors"
	"fmt"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/gitref"
)

// ReleaseBranch is the branch that releases are made from where the workspace
// names no other in [workspace.metadata.slipway].
const ReleaseBranch = "main"

// Source is the state of the git repository whose root is the workspace's.
// Without a repository all fields are zero. The commit is what is built, so
// that branches are no part of the plan: they are only checked.
type Source struct {
	Commit string `json:"commit,omitempty"`
	// Dirty says that files differ from the commit.
	Dirty bool `json:"dirty,omitempty"`
	// Branch is the one that is checked out, "" for none.
	Branch string `json:"-"`
	// Branches are all local branch names: one that is named like the tag
	// would make `git checkout <tag>` ambiguous.
	Branches []string `json:"-"`
	// ReleaseBranch is the branch that releases are made from, and
	// OnReleaseBranch says that the commit is on it.
	ReleaseBranch   string `json:"-"`
	OnReleaseBranch bool   `json:"-"`
}

// Built is the commit that is built, "" where files differ from it or there is none.
func (s Source) Built() string {
	if s.Dirty {
		return ""
	}
	return s.Commit
}

// findings says what a release from here would stop at, of what is no part of the commit.
func (s Source) findings(tag string) finding.List {
	if err := gitref.CheckAmbiguous(tag, s.Branches); err != nil {
		return finding.List{{Stops: finding.Release, What: err.Error()}}
	}
	return nil
}

// check refuses what no plan may name.
func (s Source) check() error {
	if s.Commit != "" {
		if err := gitref.CheckCommit(s.Commit); err != nil {
			return err
		}
	}
	if s.Branch != "" {
		if err := gitref.CheckBranch(s.Branch); err != nil {
			return err
		}
	}
	return nil
}

// CheckRelease returns an error when a release that is no dry run may not be
// made from here. A dry run may: it works in any clone, fork and branch.
func (s Source) CheckRelease() error {
	switch {
	case s.Commit == "":
		return errors.New("checking the source: it is no git repository with a commit, so a release could not say what it was made from: release from a clone, with the workspace at its root")
	case s.Dirty:
		return fmt.Errorf("checking the source: files differ from commit %s: commit or remove them; a dry run builds them as they are", s.Commit)
	case !s.OnReleaseBranch:
		return fmt.Errorf("checking the source: commit %s is not on branch %q, which releases are made from: merge it first", s.Commit, s.ReleaseBranch)
	}
	return nil
}
