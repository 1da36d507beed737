package cargo

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"dagger/slipway/ci/tomlfile"
)

// BuildFiles returns the files that replace the workspace's own when c is
// built: a root manifest whose members are what c needs, the lock file cut to
// the same, the kept cargo configuration. So a crate whose dependencies are all
// in the workspace needs no registry, whatever its siblings depend on, and
// their edits do not change what cargo resolves. Keys are slash-separated
// paths; an empty value stands for a file that is taken out.
func (w *Workspace) BuildFiles(c *Crate) (map[string]string, error) {
	members := w.buildMembers(c)
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = m.Name
	}
	root, err := w.prunedRoot(members, w.Lock.names(names))
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"Cargo.toml":          root,
		"Cargo.lock":          w.Lock.prune(names),
		".cargo/config.toml":  w.Config.Text,
		".cargo/config":       "",
		"rust-toolchain":      "", // the image is the toolchain: rustup, where it has one,
		"rust-toolchain.toml": "", // must not go and look for another
	}, nil
}

// buildMembers is c's closure, with the root package where there is one: it is
// a member whatever `members` says.
func (w *Workspace) buildMembers(c *Crate) []*Crate {
	members := w.Closure(c)
	for i := range w.Crates {
		if root := &w.Crates[i]; root.Dir == "." && !slices.Contains(members, root) {
			for _, m := range w.Closure(root) {
				if !slices.Contains(members, m) {
					members = append(members, m)
				}
			}
		}
	}
	return members
}

func (w *Workspace) prunedRoot(members []*Crate, locked map[string]bool) (string, error) {
	raw, err := fs.ReadFile(w.fsys, "Cargo.toml")
	if err != nil {
		return "", fmt.Errorf("reading manifest %q: %w", "Cargo.toml", err)
	}
	var tree map[string]any
	if err := tomlfile.Unmarshal(raw, &tree); err != nil {
		return "", fmt.Errorf("reading manifest %q: %w", "Cargo.toml", err)
	}
	workspace, ok := tree["workspace"].(map[string]any)
	if !ok {
		return string(raw), nil
	}
	prunePatches(tree, locked)
	var dirs []string
	for _, m := range members {
		if m.Dir != "." {
			dirs = append(dirs, m.Dir)
		}
	}
	slices.Sort(dirs)
	workspace["members"] = dirs
	delete(workspace, "default-members")
	text, err := toml.Marshal(tree)
	if err != nil {
		return "", fmt.Errorf("writing manifest %q: %w", "Cargo.toml", err)
	}
	return string(text), nil
}

// prunePatches takes out the patches of packages that are not in the pruned
// lock file: cargo would want to note there that they are unused.
func prunePatches(tree map[string]any, locked map[string]bool) {
	sources, _ := tree["patch"].(map[string]any)
	for source, v := range sources {
		patches, _ := v.(map[string]any)
		for alias, spec := range patches {
			name := alias
			if table, ok := spec.(map[string]any); ok {
				if renamed, ok := table["package"].(string); ok {
					name = renamed
				}
			}
			if !locked[name] {
				delete(patches, alias)
			}
		}
		if len(patches) == 0 {
			delete(sources, source)
		}
	}
	if len(sources) == 0 {
		delete(tree, "patch")
	}
}

// SkeletonFiles returns a workspace with c's manifests and lock file and none
// of its sources: enough to fetch and to compile what c depends on, and
// unchanged by an edit of the sources.
func (w *Workspace) SkeletonFiles(c *Crate) (map[string]string, error) {
	files, err := w.BuildFiles(c)
	if err != nil {
		return nil, err
	}
	for name, content := range files {
		if content == "" {
			delete(files, name)
		}
	}
	for _, m := range w.buildMembers(c) {
		if m.Dir != "." {
			raw, err := fs.ReadFile(w.fsys, path.Join(m.Dir, "Cargo.toml"))
			if err != nil {
				return nil, fmt.Errorf("reading manifest of crate %q: %w", m.Name, err)
			}
			files[path.Join(m.Dir, "Cargo.toml")] = string(raw)
		}
		m.hollow(files)
	}
	return files, nil
}

// hollow adds sources for every target of the crate that do nothing.
func (c *Crate) hollow(files map[string]string) {
	for _, t := range c.targets {
		files[path.Join(c.Dir, t)] = "fn main() {}\n"
	}
	if c.Lib != nil {
		files[path.Join(c.Dir, c.Lib.Path)] = "\n"
	}
	if len(c.targets) == 0 { // tests or examples that cargo discovers; a crate must have a target
		files[path.Join(c.Dir, "src/lib.rs")] = "\n"
	}
	if c.BuildScript != "" {
		files[path.Join(c.Dir, c.BuildScript)] = "fn main() {}\n"
	}
}

// LibraryFiles returns the files that replace the workspace's own to compile
// what c depends on in the workspace, unchanged by an edit of c's sources, which
// are hollow there. It is nil where there is nothing to gain or the parts cannot
// be told apart: no such dependency, one that needs c in turn (for its tests), or
// one below c's directory.
func (w *Workspace) LibraryFiles(c *Crate) (map[string]string, error) {
	members := w.buildMembers(c)
	if len(members) == 1 || c.Dir == "." {
		return nil, nil
	}
	for _, m := range members {
		if m == c {
			continue
		}
		needsC := slices.ContainsFunc(w.needs(m), func(d Dependency) bool { return d.Name == c.Name })
		if m.Dir == "." || strings.HasPrefix(m.Dir, c.Dir+"/") || needsC {
			return nil, nil
		}
	}
	files, err := w.BuildFiles(c)
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(w.fsys, c.Dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && path.Ext(name) == ".rs" {
			files[name] = ""
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the sources of crate %q: %w", c.Name, err)
	}
	c.hollow(files)
	return files, nil
}

// Members returns the names of the crates that a build of c compiles from the
// workspace, sorted.
func (w *Workspace) Members(c *Crate) []string {
	var names []string
	for _, m := range w.buildMembers(c) {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	return names
}
