package cargo

import (
	"errors"
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
// not, the manifest's reason. A crate without a description or a licence is
// not: crates.io refuses it.
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
	if u.reason != "" {
		return u, nil
	}
	return u, missingMetadata(&u, p, inherited)
}

func missingMetadata(u *unpublishable, p, inherited *packageTable) error {
	description, err1 := inheritString(p.Description, inherited.Description, "description")
	license, err2 := inheritString(p.License, inherited.License, "license")
	file, err3 := inheritString(p.LicenseFile, inherited.LicenseFile, "license-file")
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	switch {
	case p.Version == nil:
		u.reason = noVersion
	case description == "":
		u.reason = "it has no description"
	case license == "" && file == "":
		u.reason = "it has no license"
	}
	return nil
}
