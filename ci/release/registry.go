package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/console"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/registry"
)

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

// openRegistry opens the registry to publish to, and checks that its token may be used.
func (p *publishing) openRegistry(ctx context.Context) (*registry.Registry, error) {
	if to := p.Plan.Publish; !p.to.Registries.Has(to.Registry) {
		return nil, p.to.Registries.Missing(to.Registry)
	}
	if err := p.checkToolchain(); err != nil {
		return nil, err
	}
	r, err := publish.FindRegistry(ctx, p.crate.Build, p.to.Registries)
	if err != nil {
		return nil, err
	}
	return r, r.CheckAddresses()
}

// checkToolchain returns an error if only the workspace chose the toolchain image, because
// cargo in it would get the registry's token.
func (p *publishing) checkToolchain() error {
	named := p.Plan.Toolchain
	if named != p.Workspace.Settings.Toolchain || named == p.to.Toolchain {
		return nil
	}
	return fmt.Errorf("checking toolchain %q: the workspace names it, and cargo in it would get the token of the registry: if you trust it with that, say so with --toolchain=%s", named, named)
}

// checkRequired returns an error if a dependency that the workspace does not take from the registry
// is neither there in an accepted version nor published earlier in the same run.
func (p *publishing) checkRequired(ctx context.Context) error {
	c, err := p.Workspace.Crate(p.Plan.Crate)
	if err != nil {
		return err
	}
	var missing []error
	for _, d := range p.Workspace.Required(c) {
		wanted, err := requirement(d.Req)
		if err != nil {
			return fmt.Errorf("reading the requirement %q on crate %q: %w", d.Req, d.Name, err)
		}
		if d.Sibling && p.comesBefore(d.Name, wanted) {
			continue
		}
		there, err := p.registry.Versions(ctx, d.Name)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(there, func(v registry.Version) bool { return !v.Yanked && accepts(wanted, v.Version) }) {
			missing = append(missing, fmt.Errorf("checking the dependency %q of crate %q: the registry has no version that %q accepts: %s", d.Name, c.Name, d.Req, getPublished(d)))
		}
	}
	return errors.Join(missing...)
}

// getPublished says what to do about a dependency that the registry lacks.
func getPublished(d cargo.Required) string {
	switch {
	case d.Sibling:
		return fmt.Sprintf("release crate %q first, or both in one train (release-train --crates)", d.Name)
	case d.Kind == cargo.Dev && d.Path != "" && !d.Patched:
		return "leave out the version of this development dependency: cargo then drops it from the published manifest"
	}
	return fmt.Sprintf("release crate %q first, in a run of its own: cargo packages the two one after the other", d.Name)
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
	owners, err := publish.Owners(ctx, p.crate.Build)
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
