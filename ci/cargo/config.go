package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Config is the part of the workspace's `.cargo/config.toml` that a release uses (The Cargo Book,
// "Configuration"). Settings that belong to the product are kept (profiles, rustflags,
// environment, registries). Those that belong to a developer's machine are dropped (runner,
// linker, target directory, jobs). Those that would replace the sources or the compiler are
// reported as findings.
type Config struct {
	// Text is the configuration to build with, "" if nothing is kept.
	Text string
	// Dropped lists the keys that a release ignores, sorted.
	Dropped []string
	// Indexes maps the names of registries to the addresses of their indexes.
	Indexes map[string]string
	// Vendored are the sources that are replaced by directories of the workspace.
	Vendored Vendored
	// DefaultRegistry is the registry that cargo publishes to, "" for crates.io.
	DefaultRegistry string

	profiles any // the table [profile], nil for none
	refused  []refused
	relative []string // files that [env] names by paths relative to the workspace root
}

// keptTables are copied as a whole, except for [build] and [target] (see keptBuild and
// keptTarget).
var keptTables = []string{"profile", "source", "env", "registries", "registry", "net", "target", "build"}

// silentTables do not affect the build, so they are dropped without a note.
var silentTables = []string{"alias", "cargo-new", "doc", "future-incompat-report", "resolver", "term"}

// refusedKeys maps the keys that would change what is compiled, or which programs compile it, to
// the reason why they are refused.
var refusedKeys = map[string]string{
	"paths":                                "it overrides dependencies with local directories",
	"patch":                                "it overrides dependencies outside the manifests: move it to Cargo.toml",
	"build.rustc":                          "it replaces the compiler",
	"build.rustc-wrapper":                  "it replaces the compiler",
	"build.rustc-workspace-wrapper":        "it replaces the compiler",
	"registry.credential-provider":         "it runs a program to fetch credentials",
	"registry.global-credential-providers": "it runs programs to fetch credentials",
	"registry.token":                       "a token does not belong in a repository",
	"registry.secret-key":                  "a key does not belong in a repository",
	"registry.index":                       "it replaces crates.io, which has its own token: give the registry a name in [registries]",
}

// keptBuild and keptTarget are the keys of [build] and [target.…] that belong
// to the product.
var (
	keptBuild  = []string{"rustflags", "rustdocflags"}
	keptTarget = []string{"rustflags", "rustdocflags"}
)

// readConfig reads the configuration at the workspace root and in the directories above, nearest
// first, and merges them as cargo does. cargo reads a file in a subdirectory only when it runs
// there, and a release runs at the root, so such files are listed as dropped.
func readConfig(fsys fs.FS, dirs, above []string, nightly bool) (Config, error) {
	var below []string
	for _, dir := range dirs {
		if name, _, _ := configFile(fsys, dir); dir != "." && !slices.Contains(above, dir) && name != "" {
			below = append(below, name)
		}
	}
	var merged map[string]any
	reader := &configReader{fsys: fsys, nightly: nightly}
	for _, dir := range append([]string{"."}, above...) {
		name, raw, err := configFile(fsys, dir)
		if err != nil {
			return Config{Dropped: below}, err
		}
		if name == "" {
			continue
		}
		tree, err := reader.read(name, raw)
		if err != nil {
			return Config{}, err
		}
		if merged, err = mergeConfig(merged, tree); err != nil {
			return Config{}, fmt.Errorf("reading %q: %w", name, err)
		}
	}
	if merged == nil {
		return Config{Dropped: below}, nil
	}
	c, err := keepConfig(merged)
	c.refused = reader.found
	c.Dropped = append(c.Dropped, below...)
	c.relative = relativeVariables(merged)
	return c, err
}

// configFile returns the name and content of dir's configuration file, "" if it has none.
func configFile(fsys fs.FS, dir string) (string, []byte, error) {
	for _, base := range []string{".cargo/config", ".cargo/config.toml"} { // cargo prefers the first
		name := path.Join(dir, base)
		raw, err := fs.ReadFile(fsys, name)
		if err == nil {
			return name, raw, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return name, nil, fmt.Errorf("reading %q: %w", name, err)
		}
	}
	return "", nil, nil
}

// config refuses keys that would change what is compiled, or which programs compile it.
func (r *refusals) config(tree map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(refusedKeys)) {
		path := strings.Split(key, ".")
		table := tree
		if len(path) > 1 {
			table, _ = tree[path[0]].(map[string]any)
		}
		leaf := path[len(path)-1]
		if value, found := table[leaf]; found && !(value == "" && strings.HasSuffix(leaf, "-wrapper")) { // an empty one is none
			r.say(path, fmt.Sprintf("%q is not allowed in a release: %s", key, refusedKeys[key]))
			delete(table, leaf)
		}
	}
	registries, _ := tree["registries"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(registries)) {
		table, _ := registries[name].(map[string]any)
		for _, key := range []string{"token", "credential-provider", "secret-key"} {
			if _, found := table[key]; found {
				r.say([]string{"registries", name, key}, fmt.Sprintf("\"registries.%s.%s\" is not allowed in a release: credentials do not belong in a repository", name, key))
				delete(table, key)
			}
		}
	}
	r.registries(registries)
	r.sources(tree)
	r.flags(tree)
	r.env(tree)
	r.unstable(tree)
}

func keepConfig(tree map[string]any) (Config, error) {
	var c Config
	kept := map[string]any{}
	for table, v := range tree {
		m, isTable := v.(map[string]any)
		switch {
		case slices.Contains(silentTables, table):
		case !isTable || !slices.Contains(keptTables, table):
			c.Dropped = append(c.Dropped, table)
		case table == "build":
			c.Dropped = append(c.Dropped, keepKeys(kept, table, m, keptBuild)...)
		case table == "target":
			targets := map[string]any{}
			for name, t := range m {
				tm, _ := t.(map[string]any)
				c.Dropped = append(c.Dropped, prefixed("target.", keepKeys(targets, name, tm, keptTarget))...)
			}
			if len(targets) > 0 {
				kept[table] = targets
			}
		default:
			kept[table] = v
		}
	}
	slices.Sort(c.Dropped)
	c.readRegistries(kept)
	c.readVendored(kept)
	c.profiles = kept["profile"]
	if len(kept) == 0 {
		return c, nil
	}
	text, err := toml.Marshal(kept)
	if err != nil {
		return c, fmt.Errorf("writing cargo configuration: %w", err)
	}
	c.Text = string(text)
	return c, nil
}

func (c *Config) readRegistries(kept map[string]any) {
	c.Indexes = map[string]string{}
	registries, _ := kept["registries"].(map[string]any)
	for name, v := range registries {
		table, _ := v.(map[string]any)
		c.Indexes[name], _ = table["index"].(string)
	}
	own, _ := kept["registry"].(map[string]any)
	c.DefaultRegistry, _ = own["default"].(string)
}

// keepKeys copies the given keys of a table to kept[name] and returns the names of the others.
func keepKeys(kept map[string]any, name string, table map[string]any, keys []string) (dropped []string) {
	keep := map[string]any{}
	for k, v := range table {
		if slices.Contains(keys, k) {
			keep[k] = v
		} else {
			dropped = append(dropped, name+"."+k)
		}
	}
	if len(keep) > 0 {
		kept[name] = keep
	}
	return dropped
}

func prefixed(prefix string, keys []string) []string {
	for i := range keys {
		keys[i] = prefix + keys[i]
	}
	return keys
}
