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

// images holds the flags of a release of images besides the options.
type images struct {
	options
	names                []string
	registry, repository string
	dist                 string // left by a dry run, to release unchanged
	digest               string // of dist
	staged               stagedDirectory
	dryRun, show, stage  bool
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
config, or $REGISTRY_USERNAME and $REGISTRY_PASSWORD.

With --stage the steps run and nothing else happens: --out gets what they leave. With
--staged no step runs: the images are made of what another job has staged.`,
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
			case o.stage:
				return o.run(c, func(r *release.Images) (*release.ImagesSummary, error) { return r.Stage(c.Context()) })
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
	f.StringVar(&o.digest, "dist-digest", "", "`digest` of that directory, as the job that made it printed it; it must be the same")
	f.BoolVar(&o.stage, "stage", false, "run the steps and write what they leave to --out, for another job to make the images of")
	o.staged.stagedFlags(c)
	f.StringVar(&o.dist, "dist", "", "release the images of this `directory`, which a dry run has left, and build nothing")
	c.MarkFlagsMutuallyExclusive("dist", "staged", "stage")
}

func (o *images) plan(ctx context.Context) (*cargo.Workspace, *plan.Images, error) {
	w, request, err := o.request(ctx)
	if err != nil {
		return nil, nil, err
	}
	p, err := plan.NewImages(w, o.version, o.names, request)
	return w, p, err
}

// run opens a release of images, calls do with it and reports the summary.
func (o *images) run(c *cobra.Command, do func(*release.Images) (*release.ImagesSummary, error)) error {
	w, p, err := o.plan(c.Context())
	if err != nil {
		return err
	}
	r := &release.Images{
		Workspace: w, Plan: p, Files: o.taken.Dir, Out: o.out, Given: o.dist,
		To: release.ImageRemotes{
			Registry: o.registry, Repository: o.repository, Again: commandLine(c),
			Username: os.Getenv("REGISTRY_USERNAME"), Password: os.Getenv("REGISTRY_PASSWORD"),
		},
	}
	done, err := o.openBuilds(c, r)
	if err != nil {
		return err
	}
	s, err := do(r)
	if err = errors.Join(err, done()); s == nil {
		return err
	}
	return o.report(c, s, err)
}

// openBuilds prepares the source of the images: runners that build them, another job's staged
// results, or prebuilt images.
func (o *images) openBuilds(c *cobra.Command, r *release.Images) (done func() error, err error) {
	switch {
	case isSet(c, "staged"):
		from, work, done, err := o.staged.open()
		if err != nil {
			return nil, err
		}
		r.Builds = o.withoutRunners(r.Workspace, r.Plan.Builds)
		if err := r.UseStaged(from, work); err != nil {
			return nil, errors.Join(err, done())
		}
		return done, nil
	case isSet(c, "dist") || isSet(c, "dist-digest"):
		if o.dist == "" {
			return nil, errors.New("checking --dist: it is empty: name the directory whose images are released, or leave --dist and --dist-digest out")
		}
		return func() error { return nil }, checkDigest(c, o.dist, o.digest)
	}
	r.Builds, done, err = o.openAll(c.Context(), r.Workspace, r.Plan.Builds)
	return done, err
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
