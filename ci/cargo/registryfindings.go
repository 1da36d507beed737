package cargo

import (
	"fmt"
	"io/fs"
	"path"
	"slices"

	"dagger/slipway/ci/cratesio"
	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/tomlfile"
)

// RegistryFindings are what the registry that the crate goes to, or cargo before it, would
// refuse of its manifest; none where it goes to no registry. Of registries other than
// crates.io only cargo's own checks are known. Files that a manifest names and that are not
// there are told of every crate that is packaged with it. What the sources of dependencies
// say is in [Workspace.Findings].
func (w *Workspace) RegistryFindings(c *Crate) finding.List {
	var list finding.List
	for _, member := range w.packaged(c) {
		problems := w.fileProblems(member)
		if member == c && w.Registry(c) == "" {
			problems = append(problems, cratesio.Check(c.cratesio())...)
		}
		list = append(list, w.located(member, problems)...)
	}
	return list.Sorted()
}

// located makes findings of what a registry refuses.
func (w *Workspace) located(c *Crate, problems []cratesio.Problem) finding.List {
	var list finding.List
	places := map[string]tomlfile.Positions{}
	for _, p := range problems {
		file, keys := c.origin(p.Path)
		if _, read := places[file]; !read {
			places[file] = w.positions(file)
		}
		stops := finding.Registry
		switch {
		case p.Raised:
			stops = finding.Nothing
		case p.Unreadable:
			stops = finding.Everything
		}
		list = append(list, finding.Finding{Stops: stops, Crate: c.Name, File: file, Line: places[file].Line(keys...), What: p.What, Do: p.Do})
	}
	return list.Sorted()
}

// cratesio is the crate as crates.io is shown it: cargo leaves out dependencies without a
// version that have a path or a git repository.
func (c *Crate) cratesio() cratesio.Crate {
	m := cratesio.Crate{
		Name: c.Name, Version: c.Version, Text: c.fields.text, Features: c.fields.features,
		Keywords: c.fields.lists["keywords"], Categories: c.fields.lists["categories"],
	}
	for _, d := range c.Deps {
		if d.Req == "" && (d.Path != "" || d.Git != "") {
			continue
		}
		registry := d.Registry
		if registry == "crates-io" {
			registry = ""
		}
		m.Dependencies = append(m.Dependencies, cratesio.Dependency{
			Path: d.keys(), Name: d.Name, Alias: d.alias, Req: d.Req, Registry: registry, Features: d.Features,
		})
	}
	return m
}

// keys are those that lead to a dependency in the crate's manifest, or in the root's where
// it is inherited.
func (d Dependency) keys() []string {
	if d.inherited {
		return []string{"workspace", "dependencies", d.alias}
	}
	return d.at()
}

// origin is where a value of the crate stands that keys of its manifest lead to: there, or in
// the root's where the crate inherits it.
func (c *Crate) origin(keys []string) (file string, at []string) {
	own := path.Join(c.Dir, "Cargo.toml")
	switch {
	case keys[0] == "workspace":
		return "Cargo.toml", keys
	case keys[0] == "package" && len(keys) > 1 && c.fields.inherited[keys[1]]:
		return "Cargo.toml", slices.Concat([]string{"workspace"}, keys)
	}
	return own, keys
}

// missingFile is a file that a manifest names and that is not there: cargo packages no such
// crate (github.com/rust-lang/cargo, src/ops/cargo_package/mod.rs, error_on_nonexistent_file).
// It returns the field and the file, "" where there is none.
func (w *Workspace) missingFile(c *Crate) (field, file string) {
	if file := c.fields.text["license-file"]; file != "" && !w.isFile(c.base("license-file"), file) {
		return "license-file", file
	}
	if file := w.readme(c); file != "" && !w.isFile(".", file) {
		return "readme", file
	}
	return "", ""
}

// fileProblems are about the files that a manifest names.
func (w *Workspace) fileProblems(c *Crate) []cratesio.Problem {
	var list []cratesio.Problem
	fail := func(field, format string, args ...any) {
		list = append(list, cratesio.Problem{Path: []string{"package", field}, What: fmt.Sprintf(format, args...)})
	}
	if field, file := w.missingFile(c); field != "" {
		fail(field, "there is no file %s, which `%s` names", quote.Line(file), field)
	}
	if info, err := fs.Stat(w.fsys, w.readme(c)); err == nil && info.Mode().IsRegular() && info.Size() > cratesio.MaxMetadata && w.Registry(c) == "" {
		fail("readme", "%s has %d bytes, crates.io allows %d", quote.Line(w.readme(c)), info.Size(), cratesio.MaxMetadata)
	}
	return list
}

// base is the directory that a path in a field is relative to.
func (c *Crate) base(field string) string {
	if c.fields.inherited[field] {
		return "."
	}
	return c.Dir
}

// readme is the crate's readme file, relative to the workspace's root: the one that the
// manifest names, else one of the names that cargo looks for; "" for none.
func (w *Workspace) readme(c *Crate) string {
	switch v := c.fields.readme.(type) {
	case string:
		return path.Join(c.base("readme"), v)
	case bool:
		if v {
			return path.Join(c.Dir, "README.md")
		}
		return ""
	}
	for _, name := range []string{"README.md", "README.txt", "README"} {
		if w.isFile(c.Dir, name) {
			return path.Join(c.Dir, name)
		}
	}
	return ""
}

// positions are where the keys of a manifest stand; none where it cannot be read.
func (w *Workspace) positions(file string) tomlfile.Positions {
	raw, err := fs.ReadFile(w.fsys, file)
	if err != nil {
		return tomlfile.Positions{}
	}
	p, err := tomlfile.Locate(string(raw))
	if err != nil {
		return tomlfile.Positions{}
	}
	return p
}

// line is the line of a manifest on which keys stand, 0 where they do not.
func (w *Workspace) line(file string, keys ...string) int { return w.positions(file).Line(keys...) }
