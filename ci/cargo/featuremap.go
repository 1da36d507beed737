package cargo

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"dagger/slipway/ci/quote"
)

// featureNames returns the crate's features: those of its table, and one for each optional
// dependency that no feature names as "dep:…" (The Cargo Book, "Features").
func (c *Crate) featureNames() map[string]bool {
	names, hidden := map[string]bool{}, map[string]bool{}
	for name, values := range c.fields.features {
		names[name] = true
		for _, v := range values {
			if alias, ok := strings.CutPrefix(v, "dep:"); ok {
				hidden[alias] = true
			}
		}
	}
	for _, d := range c.Deps {
		if d.Optional && !hidden[d.alias] {
			names[d.alias] = true
		}
	}
	return names
}

// checkFeatures refuses a table of features that cargo cannot read: one that enables what is
// neither a feature nor a dependency, or that leaves an optional dependency without a feature.
func (c *Crate) checkFeatures() {
	if len(c.fields.features) == 0 || c.isRefused() {
		return // faulty dependencies are not in c.Deps
	}
	optional := map[string]bool{} // by alias; false for a dependency that is not
	for _, d := range c.Deps {
		optional[d.alias] = optional[d.alias] || d.Optional
	}
	names, used := c.featureNames(), map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(c.fields.features)) {
		for _, value := range c.fields.features[name] {
			used[strings.TrimPrefix(value, "dep:")] = true
			if alias, _, found := strings.Cut(value, "/"); found {
				used[strings.TrimSuffix(alias, "?")] = true
			}
			if why := wrongFeature(value, names, optional); why != "" {
				c.refuse(fmt.Errorf("feature %s enables %s, %s", quote.Line(name), quote.Line(value), why), "features", name)
			}
		}
	}
	for _, alias := range slices.Sorted(maps.Keys(optional)) {
		if _, shadowed := c.fields.features[alias]; optional[alias] && shadowed && !used[alias] {
			c.refuse(fmt.Errorf("no feature enables the optional dependency %q, because a feature has its name: add \"dep:%s\" to one", alias, alias), "features", alias)
		}
	}
}

// wrongFeature returns why cargo refuses a value in the table of features, "" if it does not.
func wrongFeature(value string, names, optional map[string]bool) string {
	alias, feature, ofDependency := strings.Cut(value, "/")
	alias, weak := strings.CutSuffix(alias, "?")
	dependency, explicit := strings.CutPrefix(alias, "dep:")
	isOptional, isDependency := optional[dependency]
	switch {
	case explicit && ofDependency:
		return "but `dep:` is not for a dependency's feature"
	case strings.Contains(feature, "/"):
		return "which has more than one slash"
	case !explicit && !ofDependency && names[value]:
	case !explicit && !ofDependency && isOptional:
		return fmt.Sprintf("an optional dependency that is no feature of its own: write \"dep:%s\"", dependency)
	case !isDependency && (explicit || ofDependency):
		return fmt.Sprintf("but %q is not a dependency", dependency)
	case !isDependency:
		return "which is neither a feature nor a dependency"
	case !isOptional && (explicit || weak || !ofDependency):
		return fmt.Sprintf("but the dependency %q is not optional", dependency)
	}
	return ""
}
