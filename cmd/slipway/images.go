package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
)

// images are the flags of a release of images beside the options.
type images struct {
	options
	names                []string
	registry, repository string
	dist                 string // what a dry run has left, to release as it is
	dryRun, show         bool
}

func imagesCommand() *cobra.Command {
	o := &images{}
	c := &cobra.Command{
		Use:     "release-demo-app --version VERSION",
		Aliases: []string{"release-images"},
		Short:   "Build the workspace's OCI images; push, sign and tag them unless this is a dry run",
		Long: `Build the images that the workspace declares in [workspace.metadata.slipway.images]
(runwasi's four need no declaration) and write each as an OCI layout to --out,
with its SBOM. A dry run, which is the default, does that and changes nothing
anywhere. With --dry-run=false each image is pushed by its digest, signed,
described by a signed SBOM and signed provenance, and tagged with the version;
latest moves where no higher version is there. A release that ended anywhere is
finished by running it again. The registry's credentials are those of the docker
config, or $REGISTRY_USERNAME and $REGISTRY_PASSWORD.`,
		Example: "  slipway release-demo-app --source examples/workspace --version 0.1.0 --dry-run",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case o.show:
				_, p, err := o.plan(c.Context())
				if err != nil {
					return err
				}
				return o.options.show(c, p)
			case o.dryRun:
				return o.run(c, func(r *release.Images) (*release.ImagesSummary, error) { return r.DryRun(c.Context()) })
			}
			return o.publish(c)
		},
	}
	o.flags(c)
	return c
}

func (o *images) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.version, "version", "", "version of the images")
	if err := c.MarkFlagRequired("version"); err != nil {
		panic(err) // the flag was defined above
	}
	o.workspaceFlags(c)
	o.runFlags(c)
	o.signing.flags(c)
	f.Var(nameList{names: &o.names}, "image", "`name` of an image to release, once for each (default: all)")
	f.BoolVar(&o.show, "plan", false, "print everything that a release would do, and its digest; run nothing")
	f.BoolVar(&o.dryRun, "dry-run", true, "run every step and change nothing anywhere")
	f.StringVar(&o.registry, "registry", "ghcr.io", "`host` of the registry, with its port where it has one")
	f.StringVar(&o.repository, "repository", os.Getenv("GITHUB_REPOSITORY"), "`owner/name` that the images go below")
	f.StringVar(&o.out, "out", "dist", "`directory` for the images")
	f.StringVar(&o.dist, "dist", "", "release the images of this `directory`, which a dry run has left, and build nothing")
}

func (o *images) plan(ctx context.Context) (*cargo.Workspace, *plan.Images, error) {
	w, request, err := o.request(ctx)
	if err != nil {
		return nil, nil, err
	}
	p, err := plan.NewImages(w, o.version, o.names, request)
	return w, p, err
}

// run opens a release, does something with it and prints the summary.
func (o *images) run(c *cobra.Command, do func(*release.Images) (*release.ImagesSummary, error)) error {
	w, p, err := o.plan(c.Context())
	if err != nil {
		return err
	}
	built := p.Builds
	if o.dist != "" {
		built = nil
	}
	builds, done, err := o.openAll(c.Context(), w, built)
	if err != nil {
		return err
	}
	s, err := do(&release.Images{
		Workspace: w, Plan: p, Builds: builds, Files: o.source, Out: o.out, Given: o.dist,
		To: release.ImageRemotes{
			Registry: o.registry, Repository: o.repository, Again: commandLine(c),
			Username: os.Getenv("REGISTRY_USERNAME"), Password: os.Getenv("REGISTRY_PASSWORD"),
		},
	})
	if err = errors.Join(err, done()); s == nil {
		return err
	}
	return o.report(c, s, err)
}

func (o *images) publish(c *cobra.Command) error {
	signer, err := o.signing.signer(c.Context()) // before anything is built
	if err != nil {
		return err
	}
	return o.run(c, func(r *release.Images) (*release.ImagesSummary, error) {
		r.Signer = signer
		return r.Publish(c.Context())
	})
}
