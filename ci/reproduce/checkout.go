package reproduce

import (
	"context"
	"fmt"

	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/version"
)

// CheckCheckout returns an error unless the source is unmodified and its commit is the one that
// the release's tag points to on GitHub: nothing else can be compared with the release.
func CheckCheckout(ctx context.Context, client *github.Client, crate, requested string, source plan.Source) error {
	v, err := version.Parse(requested)
	if err != nil {
		return err
	}
	tag := v.Tag(crate)
	at, err := client.Tag(ctx, tag)
	if err != nil {
		return err
	}
	checkout := fmt.Sprintf("check out what was released and run again:\n  git fetch --tags && git checkout %s", tag)
	switch {
	case at == "":
		return fmt.Errorf("checking the tag %q: GitHub has no such tag: expected one of a release, as CRATE/vVERSION", tag)
	case source.Commit == "":
		return fmt.Errorf("checking the source: it is not a git repository with a commit, expected a clone at commit %s, with the workspace at its root: %s", at, checkout)
	case source.Commit != at:
		return fmt.Errorf("checking the source: it is commit %s, and the tag %q is at commit %s: %s", source.Commit, tag, at, checkout)
	case source.Dirty:
		return fmt.Errorf("checking the source: files differ from commit %s, which the tag %q is at: stash them (git stash --include-untracked), or %s", at, tag, checkout)
	}
	return nil
}
