package cargo

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Kind is one of cargo's three kinds of dependency.
type Kind string

// The kinds of dependency.
const (
	Normal Kind = "normal"
	Dev    Kind = "dev"
	Build  Kind = "build"
)

// Dependency is one entry of a crate's dependency tables, inheritance resolved.
type Dependency struct {
	Name     string // the package's name, not the alias that the crate gives it
	Kind     Kind
	Target   string // the cfg or triple of [target.….dependencies], or ""
	Req      string // the version requirement, or ""
	Path     string // relative to the workspace root, or "" if it is not a path dependency
	Patched  bool   // Path is a member's, set because [patch] replaces the source with it
	Git      string
	Rev      string // rev or tag of a git dependency
	Registry string
	Optional bool
	Features []string

	inherited    bool   // taken from [workspace.dependencies]
	table, alias string // the dependency's keys in the manifest, below [target.TARGET] if Target is set
}

// at returns the dependency's key path in the manifest.
func (d Dependency) at() []string {
	if d.Target != "" {
		return []string{"target", d.Target, d.table, d.alias}
	}
	return []string{d.table, d.alias}
}

// readDeps reads every dependency table of a manifest, sorted by kind, name, target and requirement.
func (w *Workspace) readDeps(c *Crate, m *manifest) {
	w.readTables(c, "", m.dependencyTables)
	for target, tables := range m.Target {
		w.readTables(c, target, tables)
	}
	slices.SortFunc(c.Deps, func(a, b Dependency) int {
		return strings.Compare(string(a.Kind)+" "+a.Name+" "+a.Target+" "+a.Req, string(b.Kind)+" "+b.Name+" "+b.Target+" "+b.Req)
	})
}

func (w *Workspace) readTables(c *Crate, target string, t dependencyTables) {
	for _, table := range []struct {
		kind    Kind
		name    string
		entries map[string]any
	}{
		{Normal, "dependencies", t.Normal},
		{Dev, "dev-dependencies", t.Dev},
		{Dev, "dev_dependencies", t.DevOld},
		{Build, "build-dependencies", t.Build},
		{Build, "build_dependencies", t.BuildOld},
	} {
		for alias, spec := range table.entries {
			d, err := w.readDep(c.Dir, alias, spec)
			d.Kind, d.Target, d.table, d.alias = table.kind, target, table.name, alias
			if err != nil {
				c.refuse(fmt.Errorf("dependency %q: %w", alias, err), d.at()...)
				continue
			}
			c.Deps = append(c.Deps, d)
		}
	}
}

// readDep reads `name = "1"` or `name = { … }`, the latter possibly inherited.
func (w *Workspace) readDep(dir, alias string, spec any) (Dependency, error) {
	table, ok := spec.(map[string]any)
	if !ok {
		req, isString := spec.(string)
		if !isString {
			return Dependency{}, fmt.Errorf("it is %T, expected a version or a table", spec)
		}
		return Dependency{Name: alias, Req: req}, nil
	}
	if from, _ := table["workspace"].(bool); from {
		root, found := w.root.Workspace.Dependencies[alias]
		if !found {
			return Dependency{}, errors.New("it says `workspace = true`, but [workspace.dependencies] does not have it")
		}
		d, err := w.readDep(cmp.Or(w.dir, "."), alias, root)
		optional, _ := table["optional"].(bool)
		d.Optional, d.inherited = optional, true
		d.Features = append(d.Features, texts(table["features"])...)
		return d, err
	}
	str := func(key string) string { s, _ := table[key].(string); return s }
	d := Dependency{Name: alias, Req: str("version"), Git: str("git"), Registry: str("registry"), Features: texts(table["features"])}
	if renamed := str("package"); renamed != "" {
		d.Name = renamed
	}
	d.Rev = str("rev")
	if d.Rev == "" {
		d.Rev = str("tag")
	}
	d.Optional, _ = table["optional"].(bool)
	if p := str("path"); p != "" {
		d.Path = w.Normal(path.Join(dir, p))
		if path.IsAbs(p) {
			d.Path = path.Clean(p)
		}
	}
	return d, nil
}

// external reports whether the dependency comes from outside the workspace.
func (d Dependency) external() bool { return d.Path == "" }

// texts returns the strings of a decoded list and skips values of other types.
func texts(v any) []string {
	var list []string
	values, _ := v.([]any)
	for _, e := range values {
		if s, ok := e.(string); ok {
			list = append(list, s)
		}
	}
	return list
}
