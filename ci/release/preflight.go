package release

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/version"
)

// preflight checks the remote state of the crates without changing anything. All problems of all
// crates that a person has to fix are reported at once, before anything is built: first those of
// the source and GitHub, and if there are none, those of the registry. What is there of the images
// can only be compared once they are made.
func (r *run) preflight(ctx context.Context) error {
	crates := r.released()
	if len(crates) == 0 {
		return nil
	}
	if r.To.GitHub == nil {
		return errors.New("checking where to release: no GitHub repository: name it (--repository owner/name)")
	}
	mayWrite, err := r.checkSource(ctx)
	for i, c := range crates {
		for _, other := range crates[:i] {
			c.before = append(c.before, other.plan)
		}
		c.github = &publish.GitHub{Client: r.To.GitHub, Draft: github.Draft{
			Tag: c.plan.Tag, Name: c.plan.Tag, Commit: r.Plan.Source.Commit, Prerelease: c.plan.Prerelease,
		}}
		if mayWrite {
			err = errors.Join(err, c.github.Check(ctx), c.chooseLatest(ctx), r.checkImmutable(ctx))
		}
	}
	var registryErr error
	for _, c := range crates {
		// The registry is only asked, and its token used, if nothing else stops the release.
		if err == nil && c.plan.Publish.Publishable {
			registryErr = errors.Join(registryErr, c.checkRegistry(ctx))
		}
	}
	err = errors.Join(err, registryErr)
	if err == nil {
		return nil
	}
	err = console.Errorf("checking what the release will find:\n%w", err)
	if conflict := (*publish.Conflict)(nil); len(crates) > 1 && errors.As(err, &conflict) {
		err = console.Errorf("%w\nto leave out a crate that is already released, name the others (--crates)", err)
	}
	return err
}

// checkSource checks what the crates of a run have in common: the token, who releases, and that
// the commit is on the release branch. It reports whether the token has write access.
func (r *run) checkSource(ctx context.Context) (bool, error) {
	rights, err := r.To.GitHub.Rights(ctx)
	if err != nil {
		return false, err
	}
	if !rights.Write {
		return false, errors.New("checking the GitHub token: it is missing, or has no write access: give one with contents: write ($GITHUB_TOKEN; the module: --github-token)")
	}
	r.actor = cmp.Or(r.To.Actor, rights.Login)
	source := r.Plan.Source
	on, err := r.To.GitHub.OnBranch(ctx, source.Commit, source.ReleaseBranch)
	if err == nil && !on {
		err = fmt.Errorf("checking commit %s: branch %q on GitHub does not contain it: push it, or merge it first", source.Commit, source.ReleaseBranch)
	}
	return true, errors.Join(err, r.checkEnvironment(ctx))
}

// immutable is the note about publishing in a repository with immutable releases.
const immutable = "releases of this repository are immutable once they are published: nobody can change the files or the tag, and a mistake is corrected by another version"

// checkImmutable notes whether the release will be immutable. Nothing else depends on it,
// because all assets are uploaded before the release is published.
func (r *run) checkImmutable(ctx context.Context) error {
	on, err := r.To.GitHub.Immutable(ctx)
	if on {
		r.report.AddNote(immutable)
	}
	return err
}

// chooseLatest decides whether the release becomes the repository's latest one: only the
// highest stable version of the crate that the workspace selects for it does.
func (c *crate) chooseLatest(ctx context.Context) error {
	if !c.plan.Latest {
		return nil
	}
	v, err := version.Parse(c.plan.Version)
	if err != nil {
		return err
	}
	tags, err := c.To.GitHub.PublishedTags(ctx, c.plan.Name+"/v")
	if err != nil {
		return err
	}
	var existing []version.Version
	for _, tag := range tags {
		if other, err := version.Parse(strings.TrimPrefix(tag, c.plan.Name+"/v")); err == nil {
			existing = append(existing, other)
		}
	}
	c.github.Latest = version.Latest(v, existing)
	return nil
}
