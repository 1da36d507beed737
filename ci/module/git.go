package module

import (
	"context"
	"fmt"
	"slices"

	"dagger.io/dagger"

	"dagger/slipway/ci/checkout"
	"dagger/slipway/ci/plan"
)

// git reads the state of the repository whose root is the workspace's.
func (s *Session) git(ctx context.Context, releaseBranch string) (plan.Source, error) {
	there, err := s.source.Exists(ctx, ".git", dagger.DirectoryExistsOpts{ExpectedType: dagger.ExistsTypeDirectoryType, DoNotFollowSymlinks: true})
	if err != nil || !there {
		return plan.Source{}, err
	}
	disarmed, err := disarm(ctx, s.source)
	if err != nil {
		return plan.Source{}, err
	}
	repository := disarmed.AsGit()
	commit, err := repository.Head().Commit(ctx)
	if err != nil {
		return plan.Source{}, nil // no commit yet: a dry run works there too
	}
	state := plan.Source{Commit: commit, ReleaseBranch: releaseBranch}
	if state.Branches, err = repository.Branches(ctx); err != nil {
		return state, fmt.Errorf("reading the workspace's git branches: %w", err)
	}
	state.OnReleaseBranch = onBranch(ctx, repository, commit, releaseBranch, slices.Contains(state.Branches, releaseBranch))
	clean, err := repository.Uncommitted().IsEmpty(ctx)
	if err != nil {
		return state, fmt.Errorf("reading the workspace's git state: %w", err)
	}
	state.Dirty = !clean
	return state, nil
}

// onBranch reports whether a commit is on the release branch, as it is here or at the
// last fetch from origin. Histories that share nothing are an error of the engine's, as is
// a ref that is not there.
func onBranch(ctx context.Context, repository *dagger.GitRepository, commit, branch string, local bool) bool {
	refs := []*dagger.GitRef{repository.Ref("refs/remotes/origin/" + branch)}
	if local {
		refs = append([]*dagger.GitRef{repository.Branch(branch)}, refs...)
	}
	for _, ref := range refs {
		if ancestor, err := ref.CommonAncestor(repository.Head()).Commit(ctx); err == nil && ancestor == commit {
			return true
		}
	}
	return false
}

// disarm takes out of a repository what may name a command for git to run, and gives it a
// configuration of slipway's own: the engine runs git in it, as the root of a container
// that has all rights. See [checkout] for what the command does instead.
func disarm(ctx context.Context, source *dagger.Directory) (*dagger.Directory, error) {
	theirs, err := source.File(".git/config").Contents(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the workspace's git configuration: %w", err)
	}
	for _, dir := range checkout.CommandDirs {
		source = source.WithoutDirectory(".git/" + dir)
	}
	for _, name := range checkout.CommandFiles {
		source = source.WithoutFile(".git/" + name)
	}
	return source.WithNewFile(".git/config", checkout.Configuration(theirs)), nil
}
