package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/BurntSushi/toml"

	"dagger/slipway/ci/tomlfile"
)

// BuildFiles returns the files that replace the workspace's own when c is built: a root manifest
// and a lock file reduced to the members that c needs, and the kept cargo configuration. A crate
// whose dependencies are all in the workspace therefore needs no registry, and edits to unrelated
// members do not change what cargo resolves. Keys are slash-separated paths; an empty value means
// that the file is removed.
func (w *Workspace) BuildFiles(c *Crate) (map[string]string, error) {
	files := w.configFiles()
	packaged, err := w.PackageFiles(c)
	maps.Copy(files, packaged)
	return files, err
}

// configFiles returns the files that replace cargo's configuration and the toolchain file.
func (w *Workspace) configFiles() map[string]string {
	return map[string]string{
		".cargo/config.toml":  w.Config.Text,
		".cargo/config":       "",
		"rust-toolchain":      "", // the image provides the toolchain: a rustup in it
		"rust-toolchain.toml": "", // must not look for another
	}
}

// PackageFiles returns those of [Workspace.BuildFiles] that cargo needs to package c and that are
// not part of the package. It is empty if c is the root package: its package contains the
// workspace's own manifest and lock file, so it is built and packaged in the whole workspace.
func (w *Workspace) PackageFiles(c *Crate) (map[string]string, error) {
	if w.whole(c) {
		return nil, nil
	}
	members := w.buildMembers(c)
	names := namesOf(members)
	root, err := w.prunedRoot(members, w.Lock.names(names))
	if err != nil {
		return nil, err
	}
	return map[string]string{"Cargo.toml": root, "Cargo.lock": w.Lock.prune(names)}, nil
}

// whole reports whether c is built in the whole workspace: it is the root package and published.
func (w *Workspace) whole(c *Crate) bool {
	ok, _ := c.Publishable()
	return c.Dir == "." && ok
}

func namesOf(crates []*Crate) []string {
	names := make([]string, len(crates))
	for i, c := range crates {
		names[i] = c.Name
	}
	return names
}

// buildMembers returns c's closure and that of the root package, if there is one: the root
// package is always a member. It returns all crates if c is built in the whole workspace.
func (w *Workspace) buildMembers(c *Crate) []*Crate {
	if w.whole(c) {
		all := make([]*Crate, len(w.Crates))
		for i := range w.Crates {
			all[i] = &w.Crates[i]
		}
		return all
	}
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
	kept := map[string]bool{}
	var dirs []string
	for _, m := range members {
		kept[m.Dir] = true
		if m.Dir != "." {
			dirs = append(dirs, m.Dir)
		}
	}
	slices.Sort(dirs)
	prunePatches(tree, func(name, dir string) bool {
		m := w.find(name)
		return (w.Unlocked() || locked[name]) && (dir == "" || m == nil || m.Dir != w.Normal(path.Clean(dir)) || kept[m.Dir])
	})
	workspace["members"] = dirs
	delete(workspace, "default-members")
	text, err := toml.Marshal(tree)
	if err != nil {
		return "", fmt.Errorf("writing manifest %q: %w", "Cargo.toml", err)
	}
	return string(text), nil
}

// prunePatches removes the patches for which keep returns false. keep receives the name of a
// package and the directory it is taken from, "" for another kind of source. Patches must go if
// their package is not in the pruned lock file, where cargo would have to record them as unused,
// or if they name a member that is not there.
func prunePatches(tree map[string]any, keep func(name, dir string) bool) {
	sources, _ := tree["patch"].(map[string]any)
	for source, v := range sources {
		patches, _ := v.(map[string]any)
		for alias, spec := range patches {
			name, dir := alias, ""
			if table, ok := spec.(map[string]any); ok {
				dir, _ = table["path"].(string)
				if renamed, ok := table["package"].(string); ok {
					name = renamed
				}
			}
			if !keep(name, dir) {
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

// SkeletonFiles returns a workspace with c's manifests, lock file and stub sources: enough to
// fetch and compile what c depends on, and unchanged by edits to the sources.
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
	names := []string{"Cargo.toml", "Cargo.lock"}
	members := w.buildMembers(c)
	for _, m := range slices.Concat(members, w.locals(members)) {
		names = append(names, path.Join(m.Dir, "Cargo.toml"))
		if m.within != "" {
			names = append(names, path.Join(m.within, "Cargo.toml"))
		}
		m.addStubs(files)
	}
	for _, name := range names {
		if _, replaced := files[name]; replaced {
			continue
		}
		raw, err := fs.ReadFile(w.fsys, name)
		if name == "Cargo.lock" && errors.Is(err, fs.ErrNotExist) {
			continue // reported as a finding
		}
		if err != nil {
			return nil, fmt.Errorf("reading %q, which cargo needs to build crate %q: %w", name, c.Name, err)
		}
		files[name] = string(raw)
	}
	return files, nil
}

// addStubs adds a stub source for every target of the crate.
func (c *Crate) addStubs(files map[string]string) {
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

// LibraryFiles returns the files that replace the workspace's own to compile the members that c
// depends on. c's own sources are stubs there, so that editing them changes nothing. It returns
// nil if there is no such member, or if the parts cannot be separated because one depends on c in
// turn (for its tests) or lies below c's directory.
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
		if m.Dir == "." || w.isBelow(m.Dir, c.Dir) || needsC {
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
	c.addStubs(files)
	return files, nil
}

// Members returns the names of the crates that a build of c compiles from the workspace, sorted.
func (w *Workspace) Members(c *Crate) []string {
	members := w.buildMembers(c)
	names := namesOf(slices.Concat(members, w.locals(members)))
	slices.Sort(names)
	return names
}

// Fetches reports whether a build of c has a dependency from outside the workspace.
func (w *Workspace) Fetches(c *Crate) bool {
	if w.Unlocked() {
		return true // the fetch makes the lock file
	}
	members := w.buildMembers(c)
	for _, m := range slices.Concat(members, w.locals(members)) {
		if slices.ContainsFunc(m.Deps, Dependency.external) {
			return true
		}
	}
	return false
}
