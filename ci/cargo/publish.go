package cargo

import (
	"fmt"
	"slices"
	"strings"
)

// publishPolicy says whether and where a crate is published; the zero value means to the default
// registry.
type publishPolicy struct {
	reason     string
	registries []string // nil means the default registry
}

// Publishable reports whether the crate is meant for a registry and, if not, the reason in its
// manifest. It does not check whether a registry would accept the crate: see
// [Workspace.RegistryFindings].
func (c *Crate) Publishable() (ok bool, reason string) {
	return c.publish.reason == "", c.publish.reason
}

// Registries returns the registries that `publish` names, empty for cargo's default.
func (c *Crate) Registries() []string { return slices.Clone(c.publish.registries) }

// EnvName returns a registry's name as it appears in environment variables (The Cargo Book,
// "Configuration", "Environment variables").
func EnvName(registry string) string {
	return strings.ToUpper(strings.ReplaceAll(registry, "-", "_"))
}

// Reasons that cargo knows too: `cargo metadata` shows them as an empty list of registries.
const (
	notPublished   = "publish = false"
	publishNowhere = "publish = []"
	noVersion      = "it has no version"
)

// noRegistry is slipway's own reason: cargo would publish the crate.
const noRegistry = "registry = false in [package.metadata.slipway]"

func readPublish(p, inherited *packageTable) (publishPolicy, error) {
	publish, err := inherit(p.Publish, inherited.Publish, "publish")
	if err != nil {
		return publishPolicy{}, err
	}
	var u publishPolicy
	switch v := publish.(type) {
	case nil:
	case bool:
		if !v {
			u.reason = notPublished
		}
	case []any:
		for _, r := range v {
			name, ok := r.(string)
			if !ok {
				return u, fmt.Errorf("field \"publish\" holds %v, expected registry names", r)
			}
			u.registries = append(u.registries, name)
		}
		if len(v) == 0 {
			u.reason = publishNowhere
		}
	default:
		return u, fmt.Errorf("field \"publish\" is %T, expected true, false or a list of registries", v)
	}
	if u.reason == "" && p.Version == nil {
		u.reason = noVersion
	}
	return u, nil
}

// Registry returns the registry that the crate is published to, as cargo's --registry names it:
// the first in `publish`, or cargo's default. It is "" for crates.io.
func (w *Workspace) Registry(c *Crate) string {
	name := w.Config.DefaultRegistry
	if len(c.publish.registries) > 0 {
		name = c.publish.registries[0]
	}
	if name == "crates-io" {
		return ""
	}
	return name
}
