package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/gitref"
	"dagger/slipway/ci/quote"
)

// ReleaseBranch is the branch that releases are made from unless [workspace.metadata.slipway]
// names another.
const ReleaseBranch = "main"

// Source is the state of the git repository that contains the workspace, all zero without one. A
// release builds the commit, so branches are only checked and are not part of the plan.
type Source struct {
	Commit string `json:"commit,omitempty"`
	// Directory is the workspace's directory relative to the repository's root, slash-separated,
	// "" for the root itself.
	Directory string `json:"directory,omitempty"`
	// Dirty reports whether files of the workspace differ from the commit.
	Dirty bool `json:"dirty,omitempty"`
	// NoCommit is the reason why a repository has no commit to build, "" otherwise.
	NoCommit string `json:"-"`
	// MissingSubmodules are submodules that are not checked out, and LFSPointers are files whose
	// content Git LFS has not fetched, by their paths in the workspace.
	MissingSubmodules []string `json:"-"`
	LFSPointers       []string `json:"-"`
	// SkippedSubmodules are not checked out either, but .gitmodules says that they need not be.
	SkippedSubmodules []string `json:"-"`
	// MissingContent are files of the commit whose content is not in this clone, and Sparse reports
	// that the checkout leaves files out of the working tree.
	MissingContent []string `json:"-"`
	Sparse         bool     `json:"-"`
	// Branch is the branch that is checked out, "" for none.
	Branch string `json:"-"`
	// Branches are all local branch names: a branch with the tag's name would make `git checkout
	// <tag>` ambiguous.
	Branches []string `json:"-"`
	// ReleaseBranch is the branch that releases are made from, and OnReleaseBranch reports
	// whether it contains the commit.
	ReleaseBranch   string `json:"-"`
	OnReleaseBranch bool   `json:"-"`
}

// Built returns the commit that is built, "" if there is none or if files differ from it.
func (s Source) Built() string {
	if s.Dirty {
		return ""
	}
	return s.Commit
}

// planned returns the source without the branches: their names differ between clones, so no plan
// includes them.
func (s Source) planned() Source {
	s.Branches = nil
	return s
}

// findings returns what in the source would stop a release with the given tag.
func (s Source) findings(tag string) finding.List {
	list := s.Findings()
	if err := gitref.CheckAmbiguous(tag, s.Branches); err != nil {
		list = append(list, finding.Finding{Stops: finding.Release, What: err.Error()})
	}
	return list
}

// text describes the commit for people.
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

// check returns an error for a commit or branch name that must not be in a plan.
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

// CheckRelease returns an error unless a real release may be made from this source. A dry run
// works in any clone, fork and branch.
func (s Source) CheckRelease() error {
	switch {
	case s.NoCommit != "":
		return fmt.Errorf("checking the source: %s: release from a clone", s.NoCommit)
	case s.Commit == "":
		return errors.New("checking the source: it is not a git repository with a commit, so a release could not name its source: release from a clone; on Dagger, if the workspace is below the repository's root, pass the repository as --source and the workspace's directory as --workspace")
	case s.Dirty:
		return fmt.Errorf("checking the source: files differ from commit %s: commit or remove them; a dry run builds them as they are", s.Commit)
	case !s.OnReleaseBranch:
		return fmt.Errorf("checking the source: commit %s is not on branch %q, which releases are made from: merge it first", s.Commit, s.ReleaseBranch)
	}
	return nil
}

// Findings returns what the source lacks compared with a complete checkout. A dry run can do
// without, but a release would differ from what another clone of the commit gives.
func (s Source) Findings() finding.List {
	var list finding.List
	for _, name := range s.MissingSubmodules {
		list = append(list, finding.Finding{
			Stops: finding.Release, File: name, What: "the submodule is not checked out, so none of its files are part of the source",
			Do: "run git submodule update --init --recursive",
		})
	}
	for _, name := range s.SkippedSubmodules {
		list = append(list, finding.Finding{Stops: finding.Nothing, File: name, What: "the submodule is not checked out: .gitmodules has `update = none` for it"})
	}
	for _, name := range s.LFSPointers {
		list = append(list, finding.Finding{
			Stops: finding.Release, File: name, What: "it is a Git LFS pointer, not the content it stands for",
			Do: "run git lfs pull",
		})
	}
	if n := len(s.MissingContent); n > 0 {
		what := "its content is not in this clone, so it is not part of the source"
		if n > 1 {
			what = fmt.Sprintf("its content and that of %d other files is not in this clone, so they are not part of the source", n-1)
		}
		list = append(list, finding.Finding{Stops: finding.Release, File: s.MissingContent[0], What: what, Do: s.FetchContent()})
	}
	if s.NoCommit != "" {
		list = append(list, finding.Finding{Stops: finding.Release, What: s.NoCommit, Do: "release from a clone"})
	}
	return list
}

// concerning returns findings about files of the source with those as notes that are about the
// directory of a member which c does not depend on: nothing there is part of c's release.
func concerning(w *cargo.Workspace, c *cargo.Crate, list finding.List) finding.List {
	needed := append(w.Members(c), c.Name)
	for i, f := range list {
		var holder cargo.Crate // the innermost
		for _, m := range w.Crates {
			if m.Dir != "." && len(m.Dir) > len(holder.Dir) && strings.HasPrefix(f.File, m.Dir+"/") {
				holder = m
			}
		}
		if holder.Dir != "" && !slices.Contains(needed, holder.Name) {
			list[i].Stops = finding.Nothing
		}
	}
	return list
}

// FetchContent says how to get the content of files that is not in this clone.
func (s Source) FetchContent() string {
	if s.Sparse {
		return "run git sparse-checkout disable"
	}
	return "clone the repository again, without --filter"
}
