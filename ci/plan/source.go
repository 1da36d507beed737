package plan

import (
	"errors"
	"fmt"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/gitref"
	"dagger/slipway/ci/quote"
)

// ReleaseBranch is the branch that releases are made from where the workspace
// names no other in [workspace.metadata.slipway].
const ReleaseBranch = "main"

// Source is the state of the git repository that the workspace is in.
// Without a repository all fields are zero. The commit is what is built, so
// that branches are no part of the plan: they are only checked.
type Source struct {
	Commit string `json:"commit,omitempty"`
	// Directory is the workspace's, relative to the repository's root and slash-separated,
	// "" for the root itself.
	Directory string `json:"directory,omitempty"`
	// Dirty says that files of the workspace differ from the commit.
	Dirty bool `json:"dirty,omitempty"`
	// NoCommit says why there is no commit although there is a repository, "" otherwise.
	NoCommit string `json:"-"`
	// MissingSubmodules are those that are not checked out, and LFSPointers the files of
	// which Git LFS has not fetched the content, by their paths in the workspace.
	MissingSubmodules []string `json:"-"`
	LFSPointers       []string `json:"-"`
	// SkippedSubmodules are not checked out either, but the repository says that they need
	// not be.
	SkippedSubmodules []string `json:"-"`
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

// findings says what a release with that tag would stop at, of what is no part of the commit.
func (s Source) findings(tag string) finding.List {
	list := s.Findings()
	if err := gitref.CheckAmbiguous(tag, s.Branches); err != nil {
		list = append(list, finding.Finding{Stops: finding.Release, What: err.Error()})
	}
	return list
}

// text says for people which commit it is.
func (s Source) text() string {
	text := s.Commit
	if s.Directory != "" {
		text += ", directory " + quote.Line(s.Directory)
	}
	if s.Dirty {
		text += " with uncommitted changes"
	}
	return text
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
	case s.NoCommit != "":
		return fmt.Errorf("checking the source: %s: release from a clone", s.NoCommit)
	case s.Commit == "":
		return errors.New("checking the source: it is no git repository with a commit, so a release could not say what it was made from: release from a clone; where the workspace is below the repository's root and Dagger gets it, pass the repository as --source and the workspace's directory as --workspace")
	case s.Dirty:
		return fmt.Errorf("checking the source: files differ from commit %s: commit or remove them; a dry run builds them as they are", s.Commit)
	case !s.OnReleaseBranch:
		return fmt.Errorf("checking the source: commit %s is not on branch %q, which releases are made from: merge it first", s.Commit, s.ReleaseBranch)
	}
	return nil
}

// Findings lists what the source lacks of what the repository has. A dry run may do
// without; a release would not be what another clone of the commit gives.
func (s Source) Findings() finding.List {
	var list finding.List
	for _, name := range s.MissingSubmodules {
		list = append(list, finding.Finding{
			Stops: finding.Release, File: name, What: "the submodule is not checked out, so that none of its files is part of the source",
			Do: "run git submodule update --init --recursive",
		})
	}
	for _, name := range s.SkippedSubmodules {
		list = append(list, finding.Finding{Stops: finding.Nothing, File: name, What: "the submodule is not checked out: .gitmodules has `update = none` for it"})
	}
	for _, name := range s.LFSPointers {
		list = append(list, finding.Finding{
			Stops: finding.Release, File: name, What: "it is a pointer of Git LFS, not the content that it stands for",
			Do: "run git lfs pull",
		})
	}
	if s.NoCommit != "" {
		list = append(list, finding.Finding{Stops: finding.Release, What: s.NoCommit, Do: "release from a clone"})
	}
	return list
}
