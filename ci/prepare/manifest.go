package prepare

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/requirement"
)

// manifest is one Cargo.toml of the workspace and its changes.
type manifest struct {
	file, dir string
	text      string
	tree      map[string]any
	values    []value
}

// readManifests reads the root manifest and then the members' manifests.
func (p *preparation) readManifests() error {
	dirs := []string{"."}
	for _, c := range p.workspace.Crates {
		if c.Dir != "." {
			dirs = append(dirs, c.Dir)
		}
	}
	for _, dir := range dirs {
		m := &manifest{file: path.Join(dir, "Cargo.toml"), dir: dir}
		var err error
		if m.text, err = p.read(m.file); err != nil {
			return err
		}
		if m.tree, err = parse(m.file, m.text); err != nil {
			return err
		}
		p.manifests = append(p.manifests, m)
	}
	return nil
}

// findChanged determines which crates get the new version: the released crate or, if it
// inherits its version, all that inherit it. It records the edits of their versions.
func (p *preparation) findChanged() error {
	own := p.manifests[slices.IndexFunc(p.manifests, func(m *manifest) bool { return m.dir == p.crate.Dir })]
	switch own.at("package", "version").(type) {
	case string:
		p.changed = []*cargo.Crate{p.crate}
		own.set(p.to.String(), "package", "version")
		return nil
	case map[string]any: // { workspace = true }: cargo.Read accepts no other table
	default:
		return fmt.Errorf("reading %q: it has no version: write the one of its last release, or %q", own.file, "0.0.0")
	}
	root := p.manifests[0]
	root.set(p.to.String(), "workspace", "package", "version")
	var others []string
	for i := range p.workspace.Crates {
		c := &p.workspace.Crates[i]
		m := p.manifests[slices.IndexFunc(p.manifests, func(m *manifest) bool { return m.dir == c.Dir })]
		if _, inherits := m.at("package", "version").(map[string]any); !inherits {
			continue
		}
		p.changed = append(p.changed, c)
		if c != p.crate {
			others = append(others, c.Name)
		}
	}
	if len(others) > 0 {
		p.note("%q inherits its version from [workspace.package] in %q, and so %s change to %s along with it.", p.crate.Name, root.file, list(others), p.to)
	}
	return nil
}

// editManifests sets the new version and updates the requirements on it.
func (p *preparation) editManifests() error {
	for _, m := range p.manifests {
		for _, table := range m.dependencyTables() {
			p.bumpTable(m, table)
		}
		if len(m.values) == 0 {
			continue
		}
		text, err := setStrings(m.file, m.text, m.values)
		if err != nil {
			return err
		}
		p.edit(m.file, m.text, text)
	}
	return p.noteDependents()
}

// bumpTable records the changes of one dependency table. A dependency is matched by the crate
// it resolves to: by its path or [patch], and by its name or `package`. A requirement that only its
// author can change is a note, and stays.
func (p *preparation) bumpTable(m *manifest, table []string) {
	for _, d := range m.dependencies(table) {
		c := p.isChanged(d.name)
		if c == nil || d.asked == "" || d.git || d.path != "" && p.workspace.Normal(path.Join(m.dir, d.path)) != c.Dir {
			continue
		}
		if d.path == "" && !p.isPatched(c) {
			p.note("%s: %q comes from a registry here, not from the workspace; its requirement %q stays.", m.place(d.at), d.name, d.asked)
			continue
		}
		bumped, err := bump(d.asked, p.to)
		if cs, wrong := requirement.Parse(d.asked); d.path == "" && wrong == nil && cs.Met(p.to) {
			bumped = d.asked // a registry has versions that do
		}
		switch {
		case err != nil:
			p.note("%s: dependency %q: %v. Until then cargo refuses the workspace.", m.place(d.at), d.alias, err)
			p.left[left{c.Name, d.asked}] = true
		case bumped != d.asked:
			m.set(bumped, d.at...)
		case d.asked != p.to.String():
			p.note("%s: requirement %q on %q already allows %s and stays.", m.place(d.at), d.asked, d.name, p.to)
		}
	}
}

// isPatched reports whether the root's [patch] replaces the registry's crate by the
// workspace's, so that a requirement which rules out the new version would undo that.
func (p *preparation) isPatched(c *cargo.Crate) bool {
	sources, _ := p.manifests[0].at("patch").(map[string]any)
	for _, source := range sources {
		entries, _ := source.(map[string]any)
		for name, entry := range entries {
			spec, _ := entry.(map[string]any)
			if renamed := stringAt(spec, "package"); renamed != "" {
				name = renamed
			}
			if to := stringAt(spec, "path"); name == c.Name && to != "" && p.workspace.Normal(path.Clean(to)) == c.Dir {
				return true
			}
		}
	}
	return false
}

// noteDependents notes the crates that depend on a changed one, keep their own versions and can
// be released, in release order.
func (p *preparation) noteDependents() error {
	order, err := p.workspace.Order()
	if err != nil {
		return err
	}
	var kept []string
	for _, c := range order {
		depends := slices.ContainsFunc(c.Deps, func(d cargo.Dependency) bool {
			on := p.isChanged(d.Name)
			return on != nil && on.Dir == d.Path && d.Kind != cargo.Dev
		})
		publishable, _ := c.Publishable()
		if depends && p.isChanged(c.Name) == nil && (publishable || len(c.Shipped()) > 0) {
			kept = append(kept, c.Name+" "+c.Version)
		}
	}
	if len(kept) > 0 {
		p.note("Crates that depend on it keep their versions: %s. Prepare next what is to be released with %s.", list(kept), p.to)
	}
	return nil
}

// dependencyTables lists the paths of the tables that may contain dependencies, including
// [workspace.dependencies] and [patch].
func (m *manifest) dependencyTables() [][]string {
	tables := [][]string{{"workspace", "dependencies"}}
	kinds := []string{"dependencies", "dev-dependencies", "dev_dependencies", "build-dependencies", "build_dependencies"}
	for _, kind := range kinds {
		tables = append(tables, []string{kind})
	}
	targets, _ := m.at("target").(map[string]any)
	for _, target := range slices.Sorted(maps.Keys(targets)) {
		for _, kind := range kinds {
			tables = append(tables, []string{"target", target, kind})
		}
	}
	sources, _ := m.at("patch").(map[string]any)
	for _, source := range slices.Sorted(maps.Keys(sources)) {
		tables = append(tables, []string{"patch", source})
	}
	return tables
}

// at returns the manifest's value at a path, or nil.
func (m *manifest) at(path ...string) any {
	var node any = m.tree
	for _, key := range path {
		table, _ := node.(map[string]any)
		node = table[key]
	}
	return node
}

func (m *manifest) set(to string, path ...string) {
	m.values = append(m.values, value{path, to})
}

// stringAt returns the string at key in a table, or "".
func stringAt(table map[string]any, key string) string {
	s, _ := table[key].(string)
	return s
}
