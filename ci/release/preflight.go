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
	"dagger/slipway/ci/registry"
	"dagger/slipway/ci/version"
)

// preflight checks the remote state without changing anything. All problems of all crates that
// a person has to fix are reported at once, before anything is built: first those of the source
// and GitHub, and if there are none, those of the registry.
func preflight(ctx context.Context, list []*publishing) error {
	first := list[0]
	if first.to.GitHub == nil {
		return errors.New("checking where to release: no GitHub repository: name it (--repository owner/name)")
	}
	common := &shared{actor: first.to.Actor, registries: map[string]*registry.Registry{}}
	var registryErr error
	mayWrite, err := first.checkSource(ctx, common)
	for i, p := range list {
		p.shared = common
		for _, other := range list[:i] {
			p.before = append(p.before, other.Plan)
		}
		p.github = &publish.GitHub{Client: p.to.GitHub, Draft: github.Draft{
			Tag: p.Plan.Tag, Name: p.Plan.Tag, Commit: p.Plan.Source.Commit, Prerelease: p.Plan.Prerelease,
		}}
		if mayWrite {
			err = errors.Join(err, p.github.Check(ctx), p.chooseLatest(ctx), p.checkImmutable(ctx))
		}
	}
	for _, p := range list {
		// The registry is only asked, and its token used, if nothing else stops the release.
		if err == nil && p.Plan.Publish.Publishable {
			registryErr = errors.Join(registryErr, p.checkRegistry(ctx))
		}
	}
	err = errors.Join(err, registryErr)
	if err == nil {
		return nil
	}
	err = console.Errorf("checking what the release will find:\n%w", err)
	if conflict := (*publish.Conflict)(nil); len(list) > 1 && errors.As(err, &conflict) {
		err = console.Errorf("%w\nto leave out a crate that is already released, name the others (--crates)", err)
	}
	return err
}

// checkSource checks what the crates of a run have in common: the token, who releases, and that
// the commit is on the release branch. It reports whether the token has write access.
func (p *publishing) checkSource(ctx context.Context, common *shared) (bool, error) {
	rights, err := p.to.GitHub.Rights(ctx)
	if err != nil {
		return false, err
	}
	if !rights.Write {
		return false, errors.New("checking the GitHub token: it is missing, or has no write access: give one with contents: write ($GITHUB_TOKEN; the module: --github-token)")
	}
	common.actor = cmp.Or(common.actor, rights.Login)
	source := p.Plan.Source
	on, err := p.to.GitHub.OnBranch(ctx, source.Commit, source.ReleaseBranch)
	if err == nil && !on {
		err = fmt.Errorf("checking commit %s: branch %q on GitHub does not contain it: push it, or merge it first", source.Commit, source.ReleaseBranch)
	}
	return true, errors.Join(err, p.checkEnvironment(ctx))
}

// immutable is the note about publishing in a repository with immutable releases.
const immutable = "releases of this repository are immutable once they are published: nobody can change the files or the tag, and a mistake is corrected by another version"

// checkImmutable notes whether the release will be immutable. Nothing else depends on it,
// because all assets are uploaded before the release is published.
func (p *publishing) checkImmutable(ctx context.Context) error {
	on, err := p.to.GitHub.Immutable(ctx)
	if on {
		p.warnings = append(p.warnings, immutable)
	}
	return err
}

// chooseLatest decides whether the release becomes the repository's latest one: only the
// highest stable version of the crate that the workspace selects for it does.
func (p *publishing) chooseLatest(ctx context.Context) error {
	if !p.Plan.Latest {
		return nil
	}
	v, err := version.Parse(p.Plan.Version)
	if err != nil {
		return err
	}
	tags, err := p.to.GitHub.PublishedTags(ctx, p.Plan.Crate+"/v")
	if err != nil {
		return err
	}
	var existing []version.Version
	for _, tag := range tags {
		if other, err := version.Parse(strings.TrimPrefix(tag, p.Plan.Crate+"/v")); err == nil {
			existing = append(existing, other)
		}
	}
	p.github.Latest = version.Latest(v, existing)
	return nil
}
