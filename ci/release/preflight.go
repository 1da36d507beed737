package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/registry"
	"dagger/slipway/ci/version"
)

// preflight reads the remote sides and changes nothing. Everything that a person
// has to mend is told at once, before anything is built.
func (p *publishing) preflight(ctx context.Context) error {
	if p.to.GitHub == nil {
		return errors.New("checking where to release: no GitHub repository: name it (--repository owner/name)")
	}
	p.hub = &publish.GitHub{Client: p.to.GitHub, Draft: github.Draft{
		Tag: p.Plan.Tag, Name: p.Plan.Tag, Commit: p.Plan.Source.Commit, Prerelease: p.Plan.Prerelease,
	}}
	err := p.checkGitHub(ctx)
	if p.Plan.Publish.Publishable {
		err = errors.Join(err, p.checkRegistry(ctx))
	}
	if err != nil {
		return fmt.Errorf("checking what the release will find:\n%w", err)
	}
	return nil
}

func (p *publishing) checkGitHub(ctx context.Context) error {
	rights, err := p.to.GitHub.Rights(ctx)
	if err != nil {
		return err
	}
	if !rights.Write {
		return errors.New("checking the token of GitHub: there is none, or it may not write: give one with contents: write ($GITHUB_TOKEN; the module: --github-token)")
	}
	if p.actor = p.to.Actor; p.actor == "" {
		p.actor = rights.Login
	}
	source := p.Plan.Source
	on, err := p.to.GitHub.OnBranch(ctx, source.Commit, source.ReleaseBranch)
	if err == nil && !on {
		err = fmt.Errorf("checking commit %s: it is not on branch %q of GitHub: push it, or merge it first", source.Commit, source.ReleaseBranch)
	}
	return errors.Join(err, p.hub.Check(ctx), p.chooseLatest(ctx), p.checkImmutable(ctx))
}

// immutable tells a person what publishing on such a repository means.
const immutable = "releases of this repository are immutable once they are published: nobody can change the files or the tag, and what is wrong is mended by another version"

// checkImmutable notes whether the release can be changed once it is published. All of
// it is there before, so that nothing else hangs on it.
func (p *publishing) checkImmutable(ctx context.Context) error {
	on, err := p.to.GitHub.Immutable(ctx)
	if on {
		p.remarks = append(p.remarks, immutable)
	}
	return err
}

// chooseLatest settles whether the release takes the repository's mark "latest":
// only the highest stable version of the crate that the workspace names.
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
	p.hub.Latest = version.Latest(v, existing)
	return nil
}

func (p *publishing) checkRegistry(ctx context.Context) error {
	if p.to.RegistryToken == "" {
		return errors.New("checking the registry's token: there is none: give it as $CARGO_REGISTRY_TOKEN (the module: --registry-token)")
	}
	var err error
	if p.registry, err = p.openRegistry(ctx); err != nil {
		return err
	}
	versions, err := p.registry.Versions(ctx, p.Plan.Crate)
	if err != nil {
		return err
	}
	return errors.Join(p.checkRequired(ctx), p.checkOwners(ctx, versions))
}

// checkRequired returns an error when a workspace crate that this one needs is not
// published in a version that it accepts.
func (p *publishing) checkRequired(ctx context.Context) error {
	c, err := p.Workspace.Crate(p.Plan.Crate)
	if err != nil {
		return err
	}
	var missing []error
	for _, d := range c.Deps {
		if d.Path == "" || d.Req == "" || d.Kind == cargo.Dev {
			continue
		}
		there, err := p.registry.Versions(ctx, d.Name)
		if err != nil {
			return err
		}
		wanted, err := requirement(d.Req)
		if err != nil {
			return fmt.Errorf("reading the requirement %q on crate %q: %w", d.Req, d.Name, err)
		}
		if !slices.ContainsFunc(there, func(v registry.Version) bool { return !v.Yanked && accepts(wanted, v.Version) }) {
			missing = append(missing, fmt.Errorf("checking the dependency %q: the registry has no version that %q accepts: release crate %q first", d.Name, d.Req, d.Name))
		}
	}
	return errors.Join(missing...)
}

// requirement reads a requirement as cargo does: without an operator it is a caret
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

// checkOwners returns an error when neither the workspace's owners nor whoever
// releases is an owner of the crate: the next release would be nobody's.
func (p *publishing) checkOwners(ctx context.Context, versions []registry.Version) error {
	switch {
	case p.to.InitialRelease:
		if p.Plan.Owners != "" {
			p.remarks = append(p.remarks, "a first release: add the crate's other owners with  "+p.addOwner(p.Plan.Owners))
		}
		return nil
	case len(versions) == 0:
		return fmt.Errorf("checking crate %q: the registry does not have it: pass --initial-release if this is its first", p.Plan.Crate)
	}
	owners, err := p.askOwners(ctx)
	if err != nil {
		return err
	}
	if p.Plan.Owners != "" && slices.Contains(owners, p.Plan.Owners) || p.actor != "" && slices.Contains(owners, p.actor) {
		return nil
	}
	if p.Plan.Owners == "" && p.actor == "" {
		return fmt.Errorf("checking the owners of crate %q, which are %q: nothing says who must be among them: name them in [workspace.metadata.slipway] as `owners`, or who releases (--actor)", p.Plan.Crate, owners)
	}
	wanted := slices.DeleteFunc([]string{p.Plan.Owners, p.actor}, func(name string) bool { return name == "" })
	return fmt.Errorf("checking the owners of crate %q, which are %q: expected %s among them: add it with\n  %s", p.Plan.Crate, owners, strings.Join(wanted, " or "), p.addOwner(wanted[0]))
}

// addOwner is the command that adds an owner.
func (p *publishing) addOwner(name string) string {
	command := "cargo owner --add " + name + " " + p.Plan.Crate
	if p.Plan.Publish.Registry != "" {
		command += " --registry " + p.Plan.Publish.Registry
	}
	return command
}

// readOwners reads what `cargo owner --list` prints: "login (Name)", a line each.
func readOwners(stdout string) []string {
	var owners []string
	for line := range strings.Lines(stdout) {
		if name, _, _ := strings.Cut(strings.TrimSpace(line), " "); name != "" {
			owners = append(owners, name)
		}
	}
	return owners
}
