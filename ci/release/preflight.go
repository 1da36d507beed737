package release

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
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
		err = console.Errorf("%w\na crate that was released before is left out by naming the others (--crates)", err)
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
		return false, errors.New("checking the token of GitHub: there is none, or it may not write: give one with contents: write ($GITHUB_TOKEN; the module: --github-token)")
	}
	common.actor = cmp.Or(common.actor, rights.Login)
	source := p.Plan.Source
	on, err := p.to.GitHub.OnBranch(ctx, source.Commit, source.ReleaseBranch)
	if err == nil && !on {
		err = fmt.Errorf("checking commit %s: it is not on branch %q of GitHub: push it, or merge it first", source.Commit, source.ReleaseBranch)
	}
	return true, errors.Join(err, p.checkEnvironment(ctx))
}

// immutable is the note about publishing in a repository with immutable releases.
const immutable = "releases of this repository are immutable once they are published: nobody can change the files or the tag, and what is wrong is mended by another version"

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

// checkRegistry checks what the registry has of the crate and of its dependencies.
func (p *publishing) checkRegistry(ctx context.Context) error {
	to := p.Plan.Publish
	if len(to.Registries) > 1 {
		return fmt.Errorf("checking the registry: the manifest of crate %q names %q, and a release goes to one: leave one of them in `publish`", p.Plan.Crate, to.Registries)
	}
	key := to.Registry + " " + to.Index
	if _, asked := p.shared.registries[key]; !asked {
		p.shared.registries[key] = nil
		r, err := p.openRegistry(ctx)
		if err != nil {
			return err
		}
		p.shared.registries[key] = r
	}
	if p.registry = p.shared.registries[key]; p.registry == nil {
		return nil // another crate's check has reported why
	}
	versions, err := p.registry.Versions(ctx, p.Plan.Crate)
	if err != nil {
		return err
	}
	var other error
	if found, there := registry.Find(versions, p.Plan.Version); there && found.Version != p.Plan.Version {
		other = publish.OtherBuild(p.Plan.Crate+" "+p.Plan.Version, found.Version)
	}
	return errors.Join(other, p.checkRequired(ctx), p.checkOwners(ctx, versions))
}

// checkRequired returns an error if a workspace crate that this one depends on is neither
// published in an accepted version nor published earlier in the same run.
func (p *publishing) checkRequired(ctx context.Context) error {
	c, err := p.Workspace.Crate(p.Plan.Crate)
	if err != nil {
		return err
	}
	var missing []error
	for _, d := range c.Deps {
		if d.Path == "" || d.Req == "" { // cargo drops a path dependency without a version when packaging
			continue
		}
		wanted, err := requirement(d.Req)
		if err != nil {
			return fmt.Errorf("reading the requirement %q on crate %q: %w", d.Req, d.Name, err)
		}
		if p.comesBefore(d.Name, wanted) {
			continue
		}
		there, err := p.registry.Versions(ctx, d.Name)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(there, func(v registry.Version) bool { return !v.Yanked && accepts(wanted, v.Version) }) {
			missing = append(missing, fmt.Errorf("checking the dependency %q of crate %q: the registry has no version that %q accepts: release crate %q first, or both in one train (release-train --crates)", d.Name, c.Name, d.Req, d.Name))
		}
	}
	return errors.Join(missing...)
}

// comesBefore reports whether the same run publishes an accepted version of the crate before
// this one.
func (p *publishing) comesBefore(crate string, wanted *semver.Constraints) bool {
	return slices.ContainsFunc(p.before, func(b *plan.Plan) bool {
		return b.Crate == crate && b.Publish.Publishable && b.Publish.Registry == p.Plan.Publish.Registry && accepts(wanted, b.Version)
	})
}

// requirement parses a version requirement as cargo does: without an operator it is a caret
// requirement (The Cargo Book, "Specifying Dependencies").
func requirement(req string) (*semver.Constraints, error) {
	parts := strings.Split(req, ",")
	for i, part := range parts {
		if part = strings.TrimSpace(part); part != "" && part[0] >= '0' && part[0] <= '9' && !strings.ContainsAny(part, "*") {
			part = "^" + part
		}
		parts[i] = part
	}
	return semver.NewConstraint(strings.Join(parts, ", "))
}

func accepts(wanted *semver.Constraints, v string) bool {
	parsed, err := semver.NewVersion(v)
	return err == nil && wanted.Check(parsed)
}

// checkOwners returns an error if the registry lists neither the workspace's owners nor whoever
// releases as an owner of the crate: otherwise nobody could make the next release.
func (p *publishing) checkOwners(ctx context.Context, versions []registry.Version) error {
	switch {
	case p.to.InitialRelease:
		if p.Plan.Owners != "" {
			p.warnings = append(p.warnings, "a first release: add the crate's other owners with  "+p.addOwner(p.Plan.Owners))
		}
		return nil
	case len(versions) == 0:
		return fmt.Errorf("checking crate %q: the registry does not have it: pass --initial-release if this is its first (in a train: --initial-release=%s)", p.Plan.Crate, p.Plan.Crate)
	}
	owners, err := p.askOwners(ctx)
	if err != nil {
		return err
	}
	if p.Plan.Owners != "" && slices.Contains(owners, p.Plan.Owners) || p.shared.actor != "" && slices.Contains(owners, p.shared.actor) {
		return nil
	}
	if p.Plan.Owners == "" && p.shared.actor == "" {
		return fmt.Errorf("checking the owners of crate %q, which are %q: nothing says who must be among them: name them in [workspace.metadata.slipway] as `owners`, or who releases (--actor)", p.Plan.Crate, owners)
	}
	wanted := slices.DeleteFunc([]string{p.Plan.Owners, p.shared.actor}, func(name string) bool { return name == "" })
	return console.Errorf("checking the owners of crate %q, which are %q: expected %s among them: add it with\n  %s", p.Plan.Crate, owners, strings.Join(wanted, " or "), p.addOwner(wanted[0]))
}

// addOwner returns the command that adds an owner.
func (p *publishing) addOwner(name string) string {
	command := "cargo owner --add " + name + " " + p.Plan.Crate
	if p.Plan.Publish.Registry != "" {
		command += " --registry " + p.Plan.Publish.Registry
	}
	return command
}

// readOwners parses the output of `cargo owner --list`, which has a line "login (Name)" per
// owner.
func readOwners(stdout string) []string {
	var owners []string
	for line := range strings.Lines(stdout) {
		if name, _, _ := strings.Cut(strings.TrimSpace(line), " "); name != "" {
			owners = append(owners, name)
		}
	}
	return owners
}
