package cargo

import (
	"cmp"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Siblings returns those of the crates that come before c, in their order, that cargo must package
// in the same call as c: c needs them by a path and a version, itself or through each other. cargo
// resolves a dependency on them in a registry of what it has just packaged. Every other dependency
// it resolves in the real registry, where only the registry itself knows whether a version exists:
// of the workspace's own packages cargo orders only those that are named by a path, and it leaves
// out those with publish = false (github.com/rust-lang/cargo, src/ops/cargo_package/mod.rs,
// local_deps and do_package).
func (w *Workspace) Siblings(c *Crate, before []*Crate) []*Crate {
	wanted := map[*Crate]bool{}
	want := func(m *Crate) {
		for _, d := range w.needs(m) {
			if w.packagedWith(m, d) {
				wanted[w.find(d.Name)] = true
			}
		}
	}
	want(c)
	for _, m := range slices.Backward(before) {
		if wanted[m] {
			want(m)
		}
	}
	return slices.DeleteFunc(slices.Clone(before), func(m *Crate) bool { return !wanted[m] })
}

// packagedWith reports whether cargo packages the member that a dependency of c names together
// with c.
func (w *Workspace) packagedWith(c *Crate, d Dependency) bool {
	m := w.find(d.Name)
	if m == nil || m == c || d.Path == "" || m.Dir != d.Path || d.Patched || !d.published() {
		return false
	}
	ok, _ := m.Publishable()
	return ok && !(d.Kind == Dev && w.cyclic(c, m))
}

// ResolvesAnew reports whether cargo must ask a registry to package crates, because the workspace
// is built with something else than their packages will be.
func (w *Workspace) ResolvesAnew(crates []*Crate) bool {
	return slices.ContainsFunc(crates, func(c *Crate) bool {
		// without a lock file nothing tells what a dependency depends on in turn
		return len(w.FromRegistry(c)) > 0 || w.Unlocked() && len(w.root.Patch)+len(w.root.Replace) > 0 && slices.ContainsFunc(c.Deps, Dependency.external)
	})
}

// FromRegistry returns the names of the packages, sorted, that c's package takes from a registry
// although the workspace has them from elsewhere: a path that leads to no sibling, a git
// repository, or a [patch] or [replace], of a dependency or of what it depends on in turn. cargo
// drops all of these from a package, and resolves the version requirement that remains.
func (w *Workspace) FromRegistry(c *Crate) []string {
	names, patched := map[string]bool{}, w.patched()
	for _, d := range c.Deps {
		switch {
		case d.Req == "" || w.packagedWith(c, d):
		case d.Path != "" || d.Git != "":
			names[d.Name] = true
		case len(patched) == 0: // only [patch] and [replace] change what comes from a registry
		case w.Unlocked():
			if patched[d.Name] {
				names[d.Name] = true
			}
		default:
			maps.Copy(names, w.Lock.elsewhere(c.Name, d.Name))
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// PackageSkeletonFiles returns the skeleton of c (see [Workspace.SkeletonFiles]) with stubs for the
// files without which cargo packages none of the crates.
func (w *Workspace) PackageSkeletonFiles(c *Crate, crates []*Crate) (map[string]string, error) {
	files, err := w.SkeletonFiles(c)
	if err != nil {
		return nil, err
	}
	for _, m := range crates {
		named := []string{w.readme(m)}
		if file := m.fields.text["license-file"]; file != "" {
			named = append(named, path.Join(m.base("license-file"), file))
		}
		for _, file := range named {
			if file != "" && (fs.ValidPath(file) || w.valid(file) && w.NeedsRepository(c)) {
				files[file] = "\n"
			}
		}
	}
	return files, nil
}

// Required is a dependency of which the registry must have a version.
type Required struct {
	Dependency
	// Sibling means that the version may be published in the same run, before the crate: it is
	// packaged together with it.
	Sibling bool
}

// Required returns the dependencies of which c's registry must have a version when c is published,
// and which the workspace has from elsewhere. Dependencies on other registries are not among them.
func (w *Workspace) Required(c *Crate) []Required {
	var list []Required
	anew := w.FromRegistry(c)
	for _, d := range c.Deps {
		sibling := w.packagedWith(c, d)
		if d.Req == "" || !sibling && !slices.Contains(anew, d.Name) {
			continue
		}
		other := d.Registry != w.Registry(c) && (d.Registry != "crates-io" || w.Registry(c) != "")
		if d.Path == "" && other {
			continue
		}
		list = append(list, Required{Dependency: d, Sibling: sibling})
	}
	return list
}

// patched returns the set of names of the packages that [patch] and [replace] take from elsewhere.
func (w *Workspace) patched() map[string]bool {
	names := map[string]bool{}
	for _, patches := range w.root.Patch {
		for alias, spec := range patches {
			table, _ := spec.(map[string]any)
			name, _ := table["package"].(string)
			names[cmp.Or(name, alias)] = true
		}
	}
	for spec := range w.root.Replace {
		names[specName(spec)] = true
	}
	return names
}

// elsewhere returns the set of names of the packages that do not come from a registry, among a
// member's locked dependency and all that it depends on.
func (l Lock) elsewhere(member, dependency string) map[string]bool {
	names := map[string]bool{}
	for _, i := range l.below(member, dependency) {
		if source := l.Packages[i].Source; source == "" || strings.HasPrefix(source, "git+") {
			names[l.Packages[i].Name] = true
		}
	}
	return names
}
