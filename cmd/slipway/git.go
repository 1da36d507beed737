package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"dagger/slipway/ci/plan"
)

// gitState asks git about the repository whose root is the workspace's. A
// workspace below a repository's root, or in none, has no state: a plan names a
// commit only when the commit says all that is built.
func gitState(ctx context.Context, dir, releaseBranch string) (plan.Source, error) {
	if _, err := os.Stat(filepath.Join(dir, ".git")); errors.Is(err, fs.ErrNotExist) {
		return plan.Source{}, nil
	}
	commit, err := git(ctx, dir, "rev-parse", "--verify", "--quiet", "HEAD")
	if err != nil {
		return plan.Source{}, nil // no commit yet: a dry run works there too
	}
	s := plan.Source{Commit: commit, ReleaseBranch: releaseBranch}
	for _, ref := range []string{"refs/heads/" + releaseBranch, "refs/remotes/origin/" + releaseBranch} {
		if _, err := git(ctx, dir, "merge-base", "--is-ancestor", commit, ref); err == nil {
			s.OnReleaseBranch = true
		}
	}
	if s.Branch, err = git(ctx, dir, "branch", "--show-current"); err != nil {
		return s, err
	}
	branches, err := git(ctx, dir, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/")
	if err != nil {
		return s, err
	}
	s.Branches = strings.Fields(branches)
	status, err := git(ctx, dir, "status", "--porcelain", "--untracked-files=normal")
	s.Dirty = status != ""
	return s, err
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir, "-c", "core.fsmonitor=false"}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("asking git about %q: `git %s`: %w", dir, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
