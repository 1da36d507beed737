package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/setting"
)

// readCrate reads the member in dir and returns it with the size of its manifest in bytes. With an
// error it returns the name of the crate if that is known.
func (w *Workspace) readCrate(dir string) (c *Crate, size int64, name string, err error) {
	if strings.ContainsFunc(dir, unicode.IsControl) || len(dir) > maxPattern {
		return nil, 0, "", fmt.Errorf("reading workspace: member %s has a control character in its path, or more than %d bytes: rename it", quote.Line(dir), maxPattern)
	}
	m, err := readManifest(w.fsys, dir)
	if err != nil {
		return nil, 0, "", err
	}
	file := path.Join(dir, "Cargo.toml")
	if m.Package == nil {
		return nil, m.size, "", fmt.Errorf("reading manifest %q: it has no [package]: a member must be a crate", file)
	}
	if err := CheckName(m.Package.Name); err != nil {
		return nil, m.size, m.Package.Name, fmt.Errorf("reading manifest %q: %w", file, err)
	}
	return w.newCrate(dir, m), m.size, m.Package.Name, nil
}

// newCrate reads a crate from its manifest. What is wrong with it is in its faults, and the rest is
// read all the same.
func (w *Workspace) newCrate(dir string, m *manifest) *Crate {
	p, inherited := m.Package, &w.root.Workspace.Package
	c := &Crate{Name: p.Name, Dir: dir, Settings: m.settings, faults: slices.Clone(m.faults)}
	if err := c.Settings.checkCommitEnv(); err != nil {
		c.faults = append(c.faults, fault{stops: finding.Everything, at: append(setting.Package.Keys(), "commit-env"), what: err.Error()})
	}
	var err error
	c.Version, err = inheritString(p.Version, inherited.Version, "version")
	c.refuse(err, "package", "version")
	if err == nil && c.Version == "" {
		c.Version = "0.0.0" // cargo's default: such a crate cannot be published
	}
	c.Edition, err = inheritString(p.Edition, inherited.Edition, "edition")
	c.refuse(err, "package", "edition")
	c.publish, err = readPublish(p, inherited)
	c.refuse(err, "package", "publish")
	if off := m.settings.Registry; off != nil && !*off && c.publish.reason == "" {
		c.publish.reason = noRegistry
	}
	_, err = inherit(p.Authors, inherited.Authors, "authors")
	c.refuse(err, "package", "authors")
	if lints, _ := m.Lints.(map[string]any); lints["workspace"] == true && w.root.Workspace.Lints == nil {
		c.refuse(errors.New("`lints` says `workspace = true`, but there is no [workspace.lints]"), "lints")
	}
	w.readFields(c, m, inherited)
	w.readContents(c, p, inherited)
	w.readDeps(c, m)
	c.checkFeatures()
	w.findTargets(c, m)
	w.checkPaths(c, m)
	if w.single {
		for i, f := range c.faults {
			if strings.Contains(f.what, "workspace = true") {
				c.faults[i].do = "if the crate is a member of a workspace, pass the root of that (--source; with Dagger --workspace)"
			}
		}
	}
	slices.SortFunc(c.faults, func(a, b fault) int { return strings.Compare(a.what, b.what) }) // tables have no order
	return c
}

// findTargets sets c's library, binaries and build script, both declared and discovered (The
// Cargo Book, "Cargo Targets").
func (w *Workspace) findTargets(c *Crate, m *manifest) {
	c.Lib = w.findLib(c, m)
	c.Bins = w.findBins(c, m)
	c.BuildScript = w.findBuildScript(c, m)
	if c.Lib != nil {
		c.targets = append(c.targets, c.Lib.Path)
	}
	for _, b := range c.Bins {
		c.targets = append(c.targets, b.Path)
	}
	for kind, list := range map[string][]targetTable{"examples": m.Example, "tests": m.Test, "benches": m.Bench} {
		for _, t := range list {
			c.targets = append(c.targets, w.targetPath(c, t, kind))
			types := Target{Types: slices.Concat(t.CrateType, t.CrateTypeOld)}
			if kind == "examples" && types.Shared() && len(t.RequiredFeatures) == 0 {
				c.Shared = append(c.Shared, t.Name)
			}
		}
	}
	slices.Sort(c.targets)
	w.checkTargets(c, m)
}

func (w *Workspace) findLib(c *Crate, m *manifest) *Target {
	lib := &Target{Name: strings.ReplaceAll(c.Name, "-", "_"), Path: "src/lib.rs"}
	if m.Lib == nil {
		if off := m.Package.Autolib; off != nil && !*off || !w.isFile(c.Dir, lib.Path) {
			return nil
		}
		return lib
	}
	if m.Lib.Name != "" {
		lib.Name = m.Lib.Name
	}
	old := "src/" + lib.Name + ".rs"
	switch {
	case m.Lib.Path != "":
		lib.Path = path.Clean(m.Lib.Path)
	case w.isFile(c.Dir, lib.Path):
	case c.Edition2015() && w.isFile(c.Dir, old):
		lib.Path = old
	default:
		c.refuse(fmt.Errorf("there is no file %q, and [lib] has no `path`", lib.Path), "lib")
	}
	lib.ProcMacro = m.Lib.ProcMacro || m.Lib.ProcMacroOld
	lib.Types = slices.Concat(m.Lib.CrateType, m.Lib.CrateTypeOld)
	return lib
}

// targetPath returns the path of a declared example, test or benchmark, inferred as cargo does if
// it is not given.
func (w *Workspace) targetPath(c *Crate, t targetTable, kind string) string {
	if t.Path != "" {
		return path.Clean(t.Path)
	}
	if p := kind + "/" + t.Name + "/main.rs"; w.isFile(c.Dir, p) {
		return p
	}
	if old := "src/bench.rs"; kind == "benches" && t.Name == "bench" && c.Edition2015() && w.isFile(c.Dir, old) {
		return old
	}
	return kind + "/" + t.Name + ".rs"
}

func (w *Workspace) findBuildScript(c *Crate, m *manifest) string {
	switch build := m.Package.Build.(type) {
	case string:
		return path.Clean(build)
	case bool:
		if !build {
			return ""
		}
	}
	if w.isFile(c.Dir, "build.rs") {
		return "build.rs"
	}
	return ""
}

func (w *Workspace) isFile(dir, name string) bool {
	info, err := fs.Stat(w.fsys, path.Join(dir, name))
	return err == nil && info.Mode().IsRegular()
}
