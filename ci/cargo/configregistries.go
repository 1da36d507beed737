package cargo

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// registries refuses registries that could receive another registry's token: one that redefines
// crates-io, and names that map to the same environment variable.
func (r *refusals) registries(registries map[string]any) {
	seen := map[string]string{"CRATES_IO": "crates-io"}
	for _, name := range slices.Sorted(maps.Keys(registries)) {
		why := ""
		table, ok := registries[name].(map[string]any)
		_, hasIndex := table["index"]
		env := EnvName(name)
		other, dup := seen[env]
		switch {
		case !isRegistryName(name):
			why = fmt.Sprintf("registry name %q: expected ASCII letters, digits, `-` and `_`", name)
		case !ok:
			why = fmt.Sprintf("\"registries.%s\" is %T, expected a table", name, registries[name])
		case hasIndex && name == "crates-io":
			why = "\"registries.crates-io.index\" is not allowed in a release: it replaces crates.io, which has its own token"
		case dup && other != name:
			why = fmt.Sprintf("registries %q and %q take their token from the same variable, CARGO_REGISTRIES_%s_TOKEN: rename one", other, name, env)
		}
		if why != "" {
			r.say([]string{"registries", name}, why)
			delete(registries, name)
			continue
		}
		seen[env] = name
	}
}

func isRegistryName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}
