package plan

import (
	"strconv"
	"strings"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/step"
)

// headTree is the name of the tree with the git directory that build scripts see, and gitDir is
// where they see it.
const (
	headTree = "commit"
	gitDir   = srcDir + "/.git"
)

// commitTree returns the smallest git repository that git accepts: HEAD, on the release branch,
// is the commit. It has no objects, so git can name the commit but read nothing from it. Its
// content depends only on the commit and the release branch, not on the clone.
func (b *builder) commitTree() []step.Tree {
	if !b.givesCommit() {
		return nil
	}
	head := "refs/heads/" + b.releaseBranch()
	return []step.Tree{{Name: headTree, Files: step.Files{
		"HEAD":                    "ref: " + head + "\n",
		head:                      b.plan.Source.Commit + "\n",
		"config":                  "[core]\n\trepositoryformatversion = 0\n\tbare = false\n",
		"objects/info/alternates": "# none\n", // a tree has no empty directory
	}}}
}

// with adds the git directory to the mounts of a step that compiles the workspace's sources.
func (b *builder) with(tree string, mounts []step.Mount) []step.Mount {
	if tree == "skeleton" || !b.givesCommit() {
		return mounts
	}
	return append(mounts, step.Mount{Path: gitDir, Tree: headTree})
}

// commitEnv returns the variables that hold the commit: those that vergen and built use instead
// of asking git, and those that the workspace names.
func (b *builder) commitEnv() []string {
	if !b.givesCommit() {
		return nil
	}
	commit, dirty := b.plan.Source.Commit, strconv.FormatBool(b.plan.Source.Dirty)
	short := commit[:7]
	built := "BUILT_OVERRIDE_" + strings.ReplaceAll(b.crate.Name, "-", "_") + "_GIT_"
	env := []string{
		"VERGEN_GIT_BRANCH=" + b.releaseBranch(), "VERGEN_GIT_DESCRIBE=" + short, "VERGEN_GIT_DIRTY=" + dirty, "VERGEN_GIT_SHA=" + commit,
		built + "COMMIT_HASH=" + commit, built + "COMMIT_HASH_SHORT=" + short, built + "DIRTY=" + dirty, built + "VERSION=" + short,
	}
	for _, name := range b.crate.Settings.CommitEnv {
		env = append(env, name+"="+commit)
	}
	return env
}

// addCommitNotes adds notes about build scripts that ask for the commit but do not get it.
func (p *Crate) addCommitNotes(w *cargo.Workspace, c *cargo.Crate) {
	p.Findings = append(p.Findings, w.AskForCommit(c)...)
	if c.Settings.Commit && p.Source.Commit == "" {
		p.Findings = append(p.Findings, finding.Finding{
			Stops: finding.Nothing, Crate: c.Name, What: "build scripts do not get the commit that the setting `commit` asks for: there is no git repository with a commit",
		})
	}
}

func (b *builder) givesCommit() bool {
	return b.crate.Settings.Commit && b.plan.Source.Commit != ""
}

// releaseBranch returns the branch that releases are made from.
func (b *builder) releaseBranch() string {
	if name := b.plan.Source.ReleaseBranch; name != "" {
		return name
	}
	return ReleaseBranch
}
