package release

import (
	"context"
	"fmt"
	"time"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/outdir"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/report"
	"dagger/slipway/ci/sign"
)

// Images is one run of a plan for images.
type Images struct {
	Workspace *cargo.Workspace
	Plan      *plan.Images
	// Builds holds the releases that run the plan's builds, in order, each with its own runner.
	Builds []*Release
	// Files is the workspace's root directory on this machine.
	Files string
	// To is where the images are released to. A dry run uses it for the image names in the
	// layouts.
	To ImageRemotes
	// Signer signs the images. nil means a dry run, which signs nothing.
	Signer *sign.Signer
	// Prebuilt is a directory left by a dry run of the same plan, whose images are released
	// unchanged; "" builds the images. PrebuiltDigest is its digest as reported by the job that
	// made it, "" if unknown.
	Prebuilt       string
	PrebuiltDigest handover.Digest
	// Out is the directory that the images are written to, each as an OCI layout next to its
	// SBOMs. It is created if missing; entries of the same names are replaced.
	Out string

	staged bool // the steps ran in another job: see UseStaged
}

func (r *Images) newReport() (*report.Images, error) {
	runner := ""
	if len(r.Builds) > 0 {
		runner = r.Builds[0].Runner.Name()
	}
	return report.NewImages(r.Plan, runner)
}

// DryRun builds every image and writes it as an OCI layout with its SBOM, without changing
// anything remotely.
func (r *Images) DryRun(ctx context.Context) (*report.Images, error) {
	m, done, err := r.make(ctx, false)
	if err != nil {
		return nil, err
	}
	defer done()
	if r.Prebuilt == "" {
		var names []string
		for _, img := range m.images {
			names = append(names, img.Entries()...)
		}
		m.report.Digest, err = handover.Of(r.Out, names...)
	}
	return m.report, err
}

// madeImages is the state of a run whose images are made.
type madeImages struct {
	from   *assemble.Images
	images []*assemble.Image
	began  time.Time
	report *report.Images
}

// make builds the images and writes them to Out, or reads a private copy of the prebuilt ones,
// which done removes. release makes errors of findings that stop a release.
func (r *Images) make(ctx context.Context, release bool) (m *madeImages, done func(), err error) {
	if err := outdir.Check(r.Out); err != nil { // before anything is built
		return nil, nil, err
	}
	done = func() {}
	m = &madeImages{
		began: time.Now(),
		from:  &assemble.Images{Workspace: r.Workspace, Plan: r.Plan, Files: r.Files, Name: r.To.local, Out: r.Out},
	}
	if m.report, err = r.newReport(); err != nil {
		return nil, nil, err
	}
	if r.Prebuilt != "" {
		done, err = r.read(m)
	} else if m.from.Crates, err = r.build(ctx, m.report, release); err == nil {
		m.images, err = m.from.Write(ctx)
	}
	if err != nil {
		return nil, nil, err
	}
	m.report.AddImages(m.images)
	m.report.Seconds = time.Since(m.began).Seconds()
	return m, done, nil
}

// build runs the steps of every crate that the images are built from.
func (r *Images) build(ctx context.Context, s *report.Images, release bool) ([]*assemble.Crate, error) {
	if err := r.Plan.CheckDryRun(); err != nil {
		return nil, err
	}
	var list []*assemble.Crate
	for _, b := range r.Builds {
		c := b.assemble(b.build(release), b.signing(""))
		var err error
		if c.Built, err = c.Build.All(ctx); err != nil {
			return nil, err
		}
		s.AddBuilt(b.Plan.Crate, c.Built)
		list = append(list, c)
	}
	return list, nil
}

// read reads the prebuilt images. done removes their private copy.
func (r *Images) read(m *madeImages) (done func(), err error) {
	dir, done, err := outdir.Copy(r.Prebuilt, r.PrebuiltDigest)
	if err != nil {
		return nil, fmt.Errorf("checking the images in %q: %w", r.Prebuilt, err)
	}
	if m.images, err = m.from.Read(dir, r.Prebuilt); err != nil {
		done()
		return nil, err
	}
	m.report.Notes = append(m.report.Notes, "nothing was built in this run: the images are those of an earlier one")
	return done, nil
}
