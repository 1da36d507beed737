package module

import (
	"context"
	"fmt"

	"dagger.io/dagger"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/sign"
)

// Images holds the arguments of a release of images.
type Images struct {
	// Names selects images; none means all.
	Names []string
	// Plan prints the plan and runs nothing. DryRun changes nothing remotely.
	Plan, DryRun bool
	JSON         bool
	Signing      Signing
	// Dist is the ID of a directory left by a dry run, whose images are released unchanged; ""
	// builds the images.
	Dist string
	// Registry and Repository are where the images go, and Username and Password the registry's
	// credentials.
	Registry, Repository, Username, Password string
}

// Images plans, dry-runs or releases the workspace's images in the version of the inputs, and
// returns the plan or the summary.
func (s *Session) Images(ctx context.Context, o Images) (_ string, failed error) {
	defer console.ForPeople(&failed)
	signer, signErr := s.sign(o.Signing) // before planning, because the plan says how it signs
	w, p, err := s.imagesPlan(ctx, o.Names)
	if err != nil {
		return "", err
	}
	if o.Plan {
		return either(o.JSON, p.Text, p.JSON)
	}
	if !o.DryRun { // a missing signer is an error before anything is built
		if signErr != nil {
			return "", signErr
		}
		if signer == nil {
			return "", sign.ErrNoToken
		}
	}
	r, err := s.imagesOf(ctx, w, p, o.Dist)
	if err != nil {
		return "", err
	}
	r.To = release.ImageRemotes{
		Registry: o.Registry, Repository: o.Repository, Username: o.Username, Password: o.Password,
		Again: "dagger call release-demo-app … --dry-run=false, with the same arguments",
	}
	do := r.DryRun
	if !o.DryRun {
		r.Signer, do = signer, r.Publish
	}
	summary, err := do(ctx)
	if err != nil {
		return "", err
	}
	return either(o.JSON, func() (string, error) { return summary.Text(""), nil }, summary.JSON)
}

// ImagesFiles makes a dry run and returns the ID of the directory with the images.
func (s *Session) ImagesFiles(ctx context.Context, names []string) (_ string, failed error) {
	defer console.ForPeople(&failed)
	w, p, err := s.imagesPlan(ctx, names)
	if err != nil {
		return "", err
	}
	r, err := s.prepareImages(ctx, w, p)
	if err != nil {
		return "", err
	}
	if _, err := r.DryRun(ctx); err != nil {
		return "", err
	}
	id, err := s.client.Host().Directory(r.Out, dagger.HostDirectoryOpts{NoCache: true}).ID(ctx)
	return string(id), err
}

func (s *Session) imagesPlan(ctx context.Context, names []string) (*cargo.Workspace, *plan.Images, error) {
	w, request, err := s.request(ctx)
	if err != nil {
		return nil, nil, err
	}
	p, err := plan.NewImages(w, s.in.Version, names, request)
	return w, p, err
}

// imagesOf prepares a release of images that are built, or of those in the directory dist.
func (s *Session) imagesOf(ctx context.Context, w *cargo.Workspace, p *plan.Images, dist string) (*release.Images, error) {
	if dist == "" {
		return s.prepareImages(ctx, w, p)
	}
	if _, err := s.client.LoadDirectoryFromID(dagger.DirectoryID(dist)).Export(ctx, s.out()); err != nil {
		return nil, fmt.Errorf("reading the images to release: %w", err)
	}
	return &release.Images{Workspace: w, Plan: p, Files: s.taken.Dir, Out: s.out(), Given: s.out()}, nil
}

// prepareImages prepares a release of images that are built on the engine.
func (s *Session) prepareImages(ctx context.Context, w *cargo.Workspace, p *plan.Images) (r *release.Images, err error) {
	r = &release.Images{Workspace: w, Plan: p, Files: s.taken.Dir, Out: s.out()}
	r.Builds, err = s.prepareAll(ctx, w, p.Builds)
	return r, err
}
