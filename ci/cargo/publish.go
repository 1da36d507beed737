package cargo

import (
	"fmt"
	"slices"
	"strings"
)

// unpublishable says why a crate is not published; the zero value means that it is.
type unpublishable struct {
	reason     string
	registries []string // nil: the default registry
}

// Publishable reports whether the crate is meant for a registry, and when it is
// not, the manifest's reason. Whether a registry would take it is another matter:
// see [Workspace.RegistryFindings].
func (c *Crate) Publishable() (ok bool, reason string) {
	return c.publish.reason == "", c.publish.reason
}

// Registries are the registries that `publish` names; none means cargo's default.
func (c *Crate) Registries() []string { return slices.Clone(c.publish.registries) }

// EnvName is how variables of the environment name a registry (The Cargo Book,
// "Configuration", "Environment variables").
func EnvName(registry string) string {
	return strings.ToUpper(strings.ReplaceAll(registry, "-", "_"))
}

// Reasons that cargo knows too: `cargo metadata` shows them as an empty list.
const (
	notPublished   = "publish = false"
	publishNowhere = "publish = []"
	noVersion      = "it has no version"
)

// noRegistry is slipway's own reason: cargo would publish the crate.
const noRegistry = "registry = false in [package.metadata.slipway]"

func readPublish(p, inherited *packageTable) (unpublishable, error) {
	publish, err := inherit(p.Publish, inherited.Publish, "publish")
	if err != nil {
		return unpublishable{}, err
	}
	var u unpublishable
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

// Registry returns the registry that the crate is published to, as cargo's --registry names
// it: the first that `publish` names, else cargo's default. It is "" for crates.io.
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
