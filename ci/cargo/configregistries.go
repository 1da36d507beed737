package cargo

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// refuseRegistries refuses registries that could get another one's token: a crates.io of
// the workspace's own, and names that the environment does not tell apart.
func refuseRegistries(file string, registries map[string]any) error {
	seen := map[string]string{"CRATES_IO": "crates-io"}
	for _, name := range slices.Sorted(maps.Keys(registries)) {
		if !isRegistryName(name) {
			return fmt.Errorf("reading %q: registry name %q: expected ASCII letters, digits, `-` and `_`", file, name)
		}
		table, ok := registries[name].(map[string]any)
		if !ok {
			return fmt.Errorf("reading %q: \"registries.%s\" is %T, expected a table", file, name, registries[name])
		}
		if _, found := table["index"]; found && name == "crates-io" {
			return fmt.Errorf("reading %q: \"registries.crates-io.index\" is not allowed in a release: it replaces crates.io, which has a token of its own", file)
		}
		env := EnvName(name)
		if other, dup := seen[env]; dup && other != name {
			return fmt.Errorf("reading %q: registries %q and %q take their token from one variable, CARGO_REGISTRIES_%s_TOKEN: rename one", file, other, name, env)
		}
		seen[env] = name
	}
	return nil
}

func isRegistryName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}
