package prepare

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/requirement"
	"dagger/slipway/ci/tomlfile"
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
			if err := p.bumpTable(m, table); err != nil {
				return err
			}
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
// it resolves to: by its path or [patch], and by its name or `package`.
func (p *preparation) bumpTable(m *manifest, table []string) error {
	entries, _ := m.at(table...).(map[string]any)
	for _, alias := range slices.Sorted(maps.Keys(entries)) {
		spec, isTable := entries[alias].(map[string]any)
		if !isTable {
			spec = map[string]any{"version": entries[alias]}
		}
		name, to := alias, stringAt(spec, "path")
		if renamed := stringAt(spec, "package"); renamed != "" {
			name = renamed
		}
		c, asked := p.isChanged(name), stringAt(spec, "version")
		if c == nil || asked == "" || stringAt(spec, "git") != "" || to != "" && p.workspace.Normal(path.Join(m.dir, to)) != c.Dir {
			continue
		}
		at := slices.Concat(table, []string{alias})
		if isTable {
			at = append(at, "version")
		}
		if to == "" && !p.isPatched(c) {
			p.note("%s: %q comes from a registry here, not from the workspace; its requirement %q stays.", m.place(at), name, asked)
			continue
		}
		bumped, err := bump(asked, p.to)
		if cs, wrong := requirement.Parse(asked); to == "" && wrong == nil && cs.Met(p.to) {
			bumped = asked // a registry has versions that do
		}
		if err != nil {
			return fmt.Errorf("editing %s: dependency %q: %w", m.place(at), alias, err)
		}
		if bumped != asked {
			m.set(bumped, at...)
		} else if asked != p.to.String() {
			p.note("%s: requirement %q on %q already allows %s and stays.", m.place(at), asked, name, p.to)
		}
	}
	return nil
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

// place returns the file and line of a string, for messages.
func (m *manifest) place(path []string) string {
	spans, err := tomlfile.Locate(m.text)
	if at, found := spans.String(path...); err == nil && found {
		return fmt.Sprintf("%q line %d", m.file, tomlfile.LineOf(m.text, at.Start))
	}
	return fmt.Sprintf("%q at %q", m.file, strings.Join(path, "."))
}

// stringAt returns the string at key in a table, or "".
func stringAt(table map[string]any, key string) string {
	s, _ := table[key].(string)
	return s
}
