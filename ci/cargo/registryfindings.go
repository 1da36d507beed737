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

// RegistryFindings returns what the crate's registry, or cargo before it, would refuse in the
// manifest; nothing if the crate goes to no registry. For registries other than crates.io only
// cargo's own checks are known. Missing files are reported for every crate that is packaged with
// c. Findings about the sources of dependencies are in [Workspace.Findings].
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

// located converts a registry's problems to findings with their place in the manifest.
func (w *Workspace) located(c *Crate, problems []cratesio.Problem) finding.List {
	var list finding.List
	for _, p := range problems {
		file, keys := c.origin(p.Path)
		stops := finding.Registry
		switch {
		case p.Raised:
			stops = finding.Nothing
		case p.Unreadable:
			stops = finding.Everything
		}
		list = append(list, finding.Finding{Stops: stops, Crate: c.Name, File: file, Line: w.positions(file).Line(keys...), What: p.What, Do: p.Do})
	}
	return list.Sorted()
}

// cratesio returns the crate as crates.io sees it: cargo omits dependencies that have a path or a
// git repository but no version.
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

// keys returns the key path of the dependency in the crate's manifest, or in the root manifest if
// it is inherited.
func (d Dependency) keys() []string {
	if d.inherited {
		return []string{"workspace", "dependencies", d.alias}
	}
	return d.at()
}

// origin returns the manifest and key path where a value of the crate is set: its own manifest,
// or the root's if the value is inherited.
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

// missingFile returns the first field that names a file that does not exist, and the file; "" if
// there is none. cargo refuses to package such a crate (github.com/rust-lang/cargo,
// src/ops/cargo_package/mod.rs, error_on_nonexistent_file).
func (w *Workspace) missingFile(c *Crate) (field, file string) {
	if file := c.fields.text["license-file"]; file != "" && !w.isFile(c.base("license-file"), file) {
		return "license-file", file
	}
	if file := w.readme(c); file != "" && !w.isFile(".", file) {
		return "readme", file
	}
	return "", ""
}

// fileProblems returns the problems with files that the manifest names.
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

// base returns the directory that a field's path is relative to.
func (c *Crate) base(field string) string {
	if c.fields.inherited[field] {
		return "."
	}
	return c.Dir
}

// readme returns the crate's readme file relative to the workspace root: the one that the
// manifest names, or else the first that cargo would find by name; "" for none.
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
	if found := w.findReadme(c.Dir); found != "" {
		return path.Join(c.Dir, found)
	}
	return ""
}

// findReadme returns the file in dir that cargo takes for a readme by its name, "" for none.
func (w *Workspace) findReadme(dir string) string {
	for _, name := range []string{"README.md", "README.txt", "README"} {
		if w.isFile(dir, name) {
			return name
		}
	}
	return ""
}

// positions returns the positions of the keys in a manifest, empty if it cannot be read. A
// manifest is read and scanned once, however many findings it has.
func (w *Workspace) positions(file string) tomlfile.Positions {
	if p, there := w.places.Load(file); there {
		return p.(tomlfile.Positions)
	}
	p := w.locate(file)
	w.places.Store(file, p)
	return p
}

func (w *Workspace) locate(file string) tomlfile.Positions {
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

// line returns the line of a key in a manifest, 0 if the key is absent.
func (w *Workspace) line(file string, keys ...string) int { return w.positions(file).Line(keys...) }
