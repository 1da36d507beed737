package cargo

import (
	"fmt"
	"maps"
	"path"
	"slices"
)

// mergeConfig adds a configuration from further up to a merged one (The Cargo Book,
// "Configuration", "Hierarchical structure"): of two values the nearer counts, and the elements of
// a nearer array follow the others. Like cargo, it refuses to merge an array or a table
// with anything else.
func mergeConfig(near, far map[string]any) (map[string]any, error) {
	if near == nil {
		return far, nil
	}
	for _, key := range slices.Sorted(maps.Keys(far)) {
		mine, both := near[key]
		if !both {
			near[key] = far[key]
			continue
		}
		switch theirs := far[key].(type) {
		case map[string]any:
			table, ok := mine.(map[string]any)
			if !ok {
				return nil, mixed(key)
			}
			if _, err := mergeConfig(table, theirs); err != nil {
				return nil, fmt.Errorf("%s.%w", key, err)
			}
		case []any:
			list, ok := mine.([]any)
			if !ok {
				return nil, mixed(key)
			}
			near[key] = slices.Concat(theirs, list)
		default:
			switch mine.(type) {
			case map[string]any, []any:
				return nil, mixed(key)
			}
		}
	}
	return near, nil
}

// mixed returns the error for a key whose values cargo cannot merge.
func mixed(key string) error {
	return fmt.Errorf("%s: it is an array or a table here or in a configuration nearer to the workspace, but not in both, and cargo refuses to merge them: write both in one form", key)
}

// moveRelative makes the relative paths of a configuration in dir, a directory above the
// workspace, relative to the workspace root.
func moveRelative(tree map[string]any, dir string) {
	if dir == "." {
		return
	}
	moveVariables(tree, dir)
	tables, _ := tree["source"].(map[string]any)
	for _, v := range tables {
		table, _ := v.(map[string]any)
		if at, ok := table["directory"].(string); ok && !path.IsAbs(at) {
			table["directory"] = path.Join(dir, at)
		}
	}
}

// relativeVariables returns the files that [env] names by paths relative to the workspace root.
func relativeVariables(tree map[string]any) []string {
	var names []string
	variables, _ := tree["env"].(map[string]any)
	for _, v := range variables {
		table, _ := v.(map[string]any)
		value, isText := table["value"].(string)
		if relative, _ := table["relative"].(bool); relative && isText && !path.IsAbs(value) {
			names = append(names, path.Clean(value))
		}
	}
	slices.Sort(names)
	return names
}
