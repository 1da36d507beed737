package release

import (
	"context"
	"errors"
	"path"
	"path/filepath"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/repository"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/verify"
	"dagger/slipway/ci/version"
)

// images are the plan's images in a run.
type images struct {
	*run
	from *assemble.Images
	made []*assemble.Image // nil before they are made
	dir  string            // their directory below that of the run

	// What only publishing needs, set by prepare.
	version version.Version
	who     sign.Identity
	expect  verify.Expectation
	remotes map[string]*repository.Repository // by image; each signs in once
}

// newImages returns the plan's images, of which none is made yet. They are apart from the files of
// crates, if there are any.
func (r *run) newImages() *images {
	i := &images{run: r}
	if len(r.released()) > 0 {
		i.dir = "images"
	}
	i.from = &assemble.Images{Workspace: r.Workspace, Plan: r.Plan, Files: r.Files, Name: r.To.Images.local, Out: filepath.Join(r.out, i.dir)}
	return i
}

// make makes the images from what was built, or takes the prebuilt ones.
func (i *images) make(ctx context.Context) (err error) {
	if i.Prebuilt != nil {
		i.made, err = i.from.Read(i.from.Out, i.Prebuilt.Dir)
		i.report.AddNote("nothing was built in this run: the images are those of an earlier one")
	} else {
		for _, c := range i.crates {
			i.from.Crates = append(i.from.Crates, c.made)
		}
		i.made, err = i.from.Write(ctx)
	}
	i.report.AddImages(i.made)
	return err
}

// entries returns the names of the files and directories of the images.
func (i *images) entries() (names []string) {
	for _, m := range i.made {
		for _, name := range m.Entries() {
			names = append(names, path.Join(i.dir, name))
		}
	}
	return names
}

// prepare opens the repositories, looks for conflicts and determines who signs.
func (i *images) prepare(ctx context.Context) (err error) {
	if i.version, err = version.Parse(i.Plan.Version); err != nil {
		return err
	}
	i.remotes = map[string]*repository.Repository{}
	for at, m := range i.made {
		repo, err := i.To.Images.repository(m.Name)
		if err != nil {
			return err
		}
		i.remotes[m.Name] = repository.New(repo, i.To.Images.keychain(repo.Registry))
		i.report.Images[at].Reference = repo.Tag(i.Plan.Version).String()
	}
	if err := i.look(ctx); err != nil {
		return err
	}
	signing := &assemble.Signing{Signer: i.Signer, How: i.Plan.Signing, Version: i.Plan.Version, Source: i.Plan.Source, Staged: i.staged}
	if err := signing.Identify(ctx, i.Signer); err != nil {
		return err
	}
	i.who = signing.Who
	i.report.AddSigner(i.who)
	i.expect, err = signing.Expectation(i.Signer)
	return err
}

// look finds all conflicts that a person has to resolve: a version's tag that points to another
// image.
func (i *images) look(ctx context.Context) error {
	var conflicts []error
	for _, m := range i.made {
		of, err := publish.NewImage(i.remotes[m.Name], i.version, m.Entity(""))
		if err != nil {
			return err
		}
		if err := of.Check(ctx); err != nil {
			conflicts = append(conflicts, err)
		}
	}
	if len(conflicts) > 0 {
		return console.Errorf("checking what the release will find:\n%w", errors.Join(conflicts...))
	}
	return nil
}

// effect returns an effect about an image, ready to be performed.
func (i *images) effect(e plan.Effect) (publish.Effect, error) {
	var m *assemble.Image
	for _, other := range i.made {
		if other.Name == e.Image {
			m = other
		}
	}
	of, err := publish.NewImage(i.remotes[e.Image], i.version, m.Entity(e.Target))
	if err != nil {
		return publish.Effect{}, err
	}
	return kinds[e.Kind].image(i, of, m, e), nil
}
