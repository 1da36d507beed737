package release

import (
	"context"
	"fmt"
	"os"
	"slices"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
)

// readEarlier collects the signatures that an earlier run of this release left in the draft and in
// the output directory. What cannot be read is signed again.
func (c *crate) readEarlier(ctx context.Context) (assemble.Earlier, error) {
	if c.github == nil || c.plan.Signing == "" {
		return nil, nil
	}
	found := assemble.Earlier{}
	if draft := c.github.Found(); draft.ID != 0 {
		dir, err := os.MkdirTemp("", "slipway-earlier-")
		if err != nil {
			return nil, fmt.Errorf("reading the draft: %w", err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if err := c.downloadSigned(ctx, draft, dir); err != nil {
			c.run.report.AddNote(fmt.Sprintf("the draft's signatures could not be read, so everything is signed again: %v", err))
		}
		found.Collect(dir, c.plan.Artifacts)
	}
	found.Collect(c.made.Out, c.plan.Artifacts)
	if len(found) == 0 {
		return nil, nil
	}
	return found, nil
}

// downloadSigned downloads the planned assets of a draft that contain signatures.
func (c *crate) downloadSigned(ctx context.Context, draft github.Release, dir string) error {
	list, err := c.To.GitHub.Assets(ctx, draft.ID)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(a github.Asset) bool {
		return !a.Uploaded() || !slices.ContainsFunc(c.plan.Artifacts, func(planned plan.Artifact) bool {
			return planned.Name == a.Name && planned.HoldsSignatures()
		})
	})
	return c.To.GitHub.DownloadAssets(ctx, list, dir)
}
