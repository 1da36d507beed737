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
func (p *publishing) readEarlier(ctx context.Context) (assemble.Earlier, error) {
	if p.Plan.Signing == "" {
		return nil, nil
	}
	found := assemble.Earlier{}
	if draft := p.github.Found(); draft.ID != 0 {
		dir, err := os.MkdirTemp("", "slipway-earlier-")
		if err != nil {
			return nil, fmt.Errorf("reading the draft: %w", err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if err := p.downloadSigned(ctx, draft, dir); err != nil {
			p.report.Notes = append(p.report.Notes, fmt.Sprintf("the draft's signatures could not be read, so everything is signed again: %v", err))
		}
		found.Collect(dir, p.Plan.Artifacts)
	}
	found.Collect(p.Out, p.Plan.Artifacts)
	if len(found) == 0 {
		return nil, nil
	}
	return found, nil
}

// downloadSigned downloads the planned assets of a draft that contain signatures.
func (p *publishing) downloadSigned(ctx context.Context, draft github.Release, dir string) error {
	list, err := p.to.GitHub.Assets(ctx, draft.ID)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(a github.Asset) bool {
		return !a.Uploaded() || !slices.ContainsFunc(p.Plan.Artifacts, func(planned plan.Artifact) bool {
			return planned.Name == a.Name && planned.HoldsSignatures()
		})
	})
	return p.to.GitHub.DownloadAssets(ctx, list, dir)
}
