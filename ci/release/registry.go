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
func (c *crate) checkRegistry(ctx context.Context) error {
	to := c.plan.Publish
	if len(to.Registries) > 1 {
		return fmt.Errorf("checking the registry: the manifest of crate %q names %q, and a release goes to one: leave one of them in `publish`", c.plan.Name, to.Registries)
	}
	key := to.Registry + " " + to.Index
	if _, asked := c.registries[key]; !asked {
		c.registries[key] = nil
		r, err := c.openRegistry(ctx)
		if err != nil {
			return err
		}
		c.registries[key] = r
	}
	if c.registry = c.registries[key]; c.registry == nil {
		return nil // another crate's check has reported why
	}
	versions, err := c.registry.Versions(ctx, c.plan.Name)
	if err != nil {
		return err
	}
	var other error
	if found, there := registry.Find(versions, c.plan.Version); there && found.Version != c.plan.Version {
		other = publish.OtherBuild(c.plan.Name+" "+c.plan.Version, found.Version)
	}
	return errors.Join(other, c.checkRequired(ctx), c.checkOwners(ctx, versions))
}

// openRegistry opens the registry to publish to, and checks that its token may be used.
func (c *crate) openRegistry(ctx context.Context) (*registry.Registry, error) {
	if to := c.plan.Publish; !c.To.Registries.Has(to.Registry) {
		return nil, c.To.Registries.Missing(to.Registry)
	}
	if err := c.checkToolchain(); err != nil {
		return nil, err
	}
	r, err := publish.FindRegistry(ctx, c.made.Build, c.To.Registries)
	if err != nil {
		return nil, err
	}
	return r, r.CheckAddresses()
}

// checkToolchain returns an error if only the workspace chose the toolchain image, because
// cargo in it would get the registry's token.
func (c *crate) checkToolchain() error {
	named := c.plan.Toolchain
	if named != c.Workspace.Settings.Toolchain || c.To.ToolchainNamed {
		return nil
	}
	return fmt.Errorf("checking toolchain %q: the workspace names it, and cargo in it would get the token of the registry: if you trust it with that, say so with --toolchain=%s", named, named)
}

// checkRequired returns an error if a dependency that the workspace does not take from the registry
// is neither there in an accepted version nor published earlier in the same run.
func (c *crate) checkRequired(ctx context.Context) error {
	member, err := c.Workspace.Crate(c.plan.Name)
	if err != nil {
		return err
	}
	var missing []error
	for _, d := range c.Workspace.Required(member) {
		wanted, err := requirement(d.Req)
		if err != nil {
			return fmt.Errorf("reading the requirement %q on crate %q: %w", d.Req, d.Name, err)
		}
		if d.Sibling && c.comesBefore(d.Name, wanted) {
			continue
		}
		there, err := c.registry.Versions(ctx, d.Name)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(there, func(v registry.Version) bool { return !v.Yanked && accepts(wanted, v.Version) }) {
			missing = append(missing, fmt.Errorf("checking the dependency %q of crate %q: the registry has no version that %q accepts: %s", d.Name, member.Name, d.Req, getPublished(d)))
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
func (c *crate) comesBefore(crate string, wanted *semver.Constraints) bool {
	return slices.ContainsFunc(c.before, func(b *plan.Crate) bool {
		return b.Name == crate && b.Publish.Publishable && b.Publish.Registry == c.plan.Publish.Registry && accepts(wanted, b.Version)
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
func (c *crate) checkOwners(ctx context.Context, versions []registry.Version) error {
	switch {
	case slices.Contains(c.To.Initial, c.plan.Name):
		if c.plan.Owners != "" {
			c.run.report.AddNote("a first release: add the crate's other owners with  " + c.addOwner(c.plan.Owners))
		}
		return nil
	case len(versions) == 0:
		return fmt.Errorf("checking crate %q: the registry does not have it: pass --initial-release if this is its first (in a train: --initial-release=%s)", c.plan.Name, c.plan.Name)
	}
	owners, err := publish.Owners(ctx, c.made.Build)
	if err != nil {
		return err
	}
	if c.plan.Owners != "" && slices.Contains(owners, c.plan.Owners) || c.actor != "" && slices.Contains(owners, c.actor) {
		return nil
	}
	if c.plan.Owners == "" && c.actor == "" {
		return fmt.Errorf("checking the owners of crate %q, which are %q: nothing says who must be among them: name them in [workspace.metadata.slipway] as `owners`, or who releases (--actor)", c.plan.Name, owners)
	}
	wanted := slices.DeleteFunc([]string{c.plan.Owners, c.actor}, func(name string) bool { return name == "" })
	return console.Errorf("checking the owners of crate %q, which are %q: expected %s among them: add it with\n  %s", c.plan.Name, owners, strings.Join(wanted, " or "), c.addOwner(wanted[0]))
}

// addOwner returns the command that adds an owner.
func (c *crate) addOwner(name string) string {
	command := "cargo owner --add " + name + " " + c.plan.Name
	if c.plan.Publish.Registry != "" {
		command += " --registry " + c.plan.Publish.Registry
	}
	return command
}
