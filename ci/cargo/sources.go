package cargo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/tomlfile"
)

// Vendored are the sources that the workspace's configuration replaces with a directory of the
// workspace (The Cargo Book, "Source Replacement"), as `cargo vendor` sets up.
type Vendored struct {
	// dirs maps each source, as Cargo.lock names it but without a commit, to its directory
	// relative to the workspace root.
	dirs map[string]string
}

// Any reports whether any source is vendored.
func (v Vendored) Any() bool { return len(v.dirs) > 0 }

// of returns the directory that replaces the source of a locked package.
func (v Vendored) of(source string) (string, bool) {
	source, _, _ = strings.Cut(source, "#")
	dir, ok := v.dirs[source]
	return dir, ok
}

// sourceKeys are the keys that a [source] table may have. local-registry is not one of them,
// because cargo would read its packages before slipway could compare them with Cargo.lock.
var sourceKeys = []string{"directory", "registry", "replace-with", "git", "branch", "tag", "rev"}

// sources refuses every source replacement except by a directory of the workspace: the packages
// in Cargo.lock would come from elsewhere.
func (r *refusals) sources(tree map[string]any) {
	tables, ok := tree["source"].(map[string]any)
	if !ok {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		table, _ := tables[name].(map[string]any)
		if key := elsewhere(tables, name, table); key != "" {
			r.say([]string{"source"}, fmt.Sprintf("\"source\" is not allowed in a release: it replaces the sources that Cargo.lock names, and not with a directory of the workspace (source.%s.%s)", name, key))
			delete(tree, "source")
			return
		}
	}
}

// elsewhere returns the key by which a source leads out of the workspace, "" if none does.
func elsewhere(tables map[string]any, name string, table map[string]any) string {
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if !slices.Contains(sourceKeys, key) {
			return key
		}
	}
	if dir, found := table["directory"].(string); found && !beneathRoot(dir) {
		return "directory"
	}
	if _, replaced := table["replace-with"]; replaced && replacement(tables, name) == "" {
		return "replace-with"
	}
	return ""
}

func beneathRoot(dir string) bool { return !path.IsAbs(dir) && fs.ValidPath(path.Clean(dir)) }

// replacement follows replace-with and returns the directory that finally replaces a source, ""
// for none.
func replacement(tables map[string]any, name string) string {
	for range len(tables) + 1 {
		table, _ := tables[name].(map[string]any)
		next, replaced := table["replace-with"].(string)
		if !replaced {
			dir, _ := table["directory"].(string)
			return dir
		}
		name = next
	}
	return ""
}

// readVendored records the sources that the kept tables replace.
func (c *Config) readVendored(kept map[string]any) {
	tables, _ := kept["source"].(map[string]any)
	c.Vendored.dirs = map[string]string{}
	for name := range tables {
		table, _ := tables[name].(map[string]any)
		dir := replacement(tables, name)
		if _, replaced := table["replace-with"]; !replaced || dir == "" {
			continue
		}
		c.Vendored.dirs[c.lockedAs(name, table)] = path.Clean(dir)
	}
}

// lockedAs returns the name of a source in Cargo.lock.
func (c *Config) lockedAs(name string, table map[string]any) string {
	str := func(key string) string { s, _ := table[key].(string); return s }
	if url := str("git"); url != "" {
		for _, key := range []string{"branch", "tag", "rev"} {
			if v := str(key); v != "" {
				return "git+" + url + "?" + key + "=" + v
			}
		}
		return "git+" + url
	}
	index := str("registry")
	if index == "" {
		index = c.Indexes[name]
	}
	switch {
	case name == "crates-io":
		return "registry+https://github.com/rust-lang/crates.io-index"
	case strings.HasPrefix(index, "sparse+"):
		return index
	}
	return "registry+" + index
}

// At returns the kept configuration for a cargo that runs in another directory. root is the path
// from there to the workspace root; relative paths of sources and of [env] are adjusted.
func (c Config) At(root string) (string, error) {
	return c.change(func(kept map[string]any) {
		tables, _ := kept["source"].(map[string]any)
		for _, v := range tables {
			table, _ := v.(map[string]any)
			if dir, ok := table["directory"].(string); ok {
				table["directory"] = path.Join(root, dir)
			}
		}
		moveVariables(kept, root)
	})
}

// WithoutSources is like [Config.At] but omits source replacement, for a cargo that uses the
// registries directly.
func (c Config) WithoutSources(root string) (string, error) {
	return c.change(func(kept map[string]any) {
		delete(kept, "source")
		moveVariables(kept, root)
	})
}

// moveVariables makes the relative paths of [env] start at the workspace root (The Cargo Book,
// "Configuration", "[env]").
func moveVariables(kept map[string]any, root string) {
	variables, _ := kept["env"].(map[string]any)
	for _, v := range variables {
		table, _ := v.(map[string]any)
		value, isText := table["value"].(string)
		if relative, _ := table["relative"].(bool); relative && isText && !path.IsAbs(value) {
			table["value"] = path.Join(root, value)
		}
	}
}

// change returns the kept configuration with changes, as it is written if do makes none.
func (c Config) change(do func(kept map[string]any)) (string, error) {
	var kept, before map[string]any
	if err := errors.Join(tomlfile.Unmarshal([]byte(c.Text), &kept), tomlfile.Unmarshal([]byte(c.Text), &before)); err != nil {
		return "", fmt.Errorf("reading the kept cargo configuration: %w", err)
	}
	do(kept)
	if reflect.DeepEqual(kept, before) {
		return c.Text, nil
	}
	if len(kept) == 0 {
		return "", nil
	}
	text, err := toml.Marshal(kept)
	if err != nil {
		return "", fmt.Errorf("writing cargo configuration: %w", err)
	}
	return string(text), nil
}

// FetchesNothing reports whether everything that a build of c takes from outside the workspace is
// vendored. It is false if there is no lock file to tell.
func (w *Workspace) FetchesNothing(c *Crate) bool {
	if w.Unlocked() {
		return false // only a lock file could tell
	}
	return !slices.ContainsFunc(w.lockedFor(c), func(p Package) bool {
		_, vendored := w.Config.Vendored.of(p.Source)
		return p.Source != "" && !vendored
	})
}

// FetchesGit reports whether a build of c fetches from a git repository that is not vendored.
func (w *Workspace) FetchesGit(c *Crate) bool {
	return slices.ContainsFunc(w.lockedFor(c), func(p Package) bool {
		_, vendored := w.Config.Vendored.of(p.Source)
		return strings.HasPrefix(p.Source, "git+") && !vendored
	})
}

// lockedFor returns the locked packages that a build of c may need.
func (w *Workspace) lockedFor(c *Crate) []Package {
	var list []Package
	for _, i := range w.Lock.reach(namesOf(w.buildMembers(c))) {
		list = append(list, w.Lock.Packages[i])
	}
	return list
}

// checkVendored compares the vendored packages that c needs with Cargo.lock: each must exist and
// declare the locked checksum. cargo itself verifies the files against their checksums when it
// builds.
func (w *Workspace) checkVendored(c *Crate) finding.List {
	var list finding.List
	if !w.Config.Vendored.Any() {
		return nil
	}
	for _, p := range w.lockedFor(c) {
		dir, vendored := w.Config.Vendored.of(p.Source)
		if !vendored {
			continue
		}
		if err := w.findVendored(dir, p); err != nil {
			list = append(list, finding.Finding{
				Stops: finding.Everything, File: dir, What: fmt.Sprintf("package %s %s, which Cargo.lock names: %v", p.Name, p.Version, err),
				Do: "run \"cargo vendor\" again and commit what it writes",
			})
		}
	}
	return list
}

// findVendored looks for a package where `cargo vendor` puts it: in a directory with its name,
// followed by its version if there are several versions.
func (w *Workspace) findVendored(dir string, p Package) error {
	wrong := errors.New("it is missing")
	for _, name := range []string{p.Name, p.Name + "-" + p.Version} {
		at := path.Join(dir, name)
		m, err := readManifest(w.fsys, at)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if m.Package == nil || m.Package.Name != p.Name || m.Package.Version != p.Version {
			continue
		}
		var sums struct {
			Package *string `json:"package"`
		}
		raw, err := fs.ReadFile(w.fsys, path.Join(at, ".cargo-checksum.json"))
		if err == nil {
			err = json.Unmarshal(raw, &sums)
		}
		if err != nil {
			return fmt.Errorf("reading its checksum: %w", err)
		}
		if p.Checksum == "" || sums.Package != nil && *sums.Package == p.Checksum {
			return nil
		}
		wrong = fmt.Errorf("%q has a different checksum than Cargo.lock", path.Join(at, ".cargo-checksum.json"))
	}
	return wrong
}

// PartlyVendoredFiles returns the changes to the source that leave of it what `cargo fetch` reads
// where some of c's dependencies are vendored and others are not: the skeleton (see
// [Workspace.SkeletonFiles]) and the vendored packages. That step has a network, so it sees no
// other file of the workspace.
func (w *Workspace) PartlyVendoredFiles(c *Crate) (map[string]string, error) {
	files, err := w.SkeletonFiles(c)
	if err != nil {
		return nil, err
	}
	packages := map[string]bool{}
	for _, p := range w.lockedFor(c) {
		if dir, vendored := w.Config.Vendored.of(p.Source); vendored {
			packages[path.Join(dir, p.Name)], packages[path.Join(dir, p.Name+"-"+p.Version)] = true, true
		}
	}
	top := "."
	if w.NeedsRepository(c) {
		top = w.fromRoot(".")
	}
	err = fs.WalkDir(w.fsys, top, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name = w.Normal(name)
		if e.IsDir() {
			if packages[name] {
				return fs.SkipDir
			}
			return nil
		}
		if _, kept := files[name]; !kept {
			files[name] = ""
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing the files of the workspace: %w", err)
	}
	return files, nil
}
