package cargo

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/quote"
)

// checkPaths records faults for paths of targets that lead out of the workspace, or of the
// repository that it is in, directly or through a link. What they stop depends on whether a release compiles the target. Paths of readme
// and licence files only matter to a registry: see missingFile.
func (w *Workspace) checkPaths(c *Crate, m *manifest) {
	w.checkPath(c, fault{scope: ofNeeded, stops: finding.Everything, at: []string{"package", "build"}, what: "build"}, c.BuildScript)
	if c.Lib != nil {
		w.checkPath(c, fault{scope: ofNeeded, stops: finding.Everything, at: []string{"lib", "path"}, what: "lib.path"}, c.Lib.Path)
	}
	for kind, list := range map[string][]targetTable{"bin": m.Bin, "example": m.Example, "test": m.Test, "bench": m.Bench} {
		for i, t := range list {
			at := []string{kind, strconv.Itoa(i), "path"}
			w.checkPath(c, fault{stops: c.compiled(kind, t), at: at, what: "path of target " + quote.Line(t.Name)}, t.Path)
		}
	}
	c.targets = slices.DeleteFunc(c.targets, func(p string) bool { return path.IsAbs(p) || !w.valid(path.Join(c.Dir, p)) })
}

// checkPath adds a fault if a path leads out of the workspace. f.what names the field.
func (w *Workspace) checkPath(c *Crate, f fault, p string) {
	if err := w.beneath(c.Dir, p); err != nil {
		f.what = fmt.Sprintf("`%s` is %s: %v", f.what, quote.Line(p), err)
		if f.stops == finding.Release {
			f.do = "or say with `test` in [package.metadata.slipway] what to test, because `cargo test` compiles this too"
		}
		c.faults = append(c.faults, f)
	}
}

// compiled returns what a declared target that cannot be compiled stops: a binary that is built,
// everything; an example or test that `cargo test` compiles, a release, whose tests fail; a
// benchmark, which a release does not compile, nothing.
func (c *Crate) compiled(kind string, t targetTable) finding.Stops {
	without := len(c.missingFeatures(Target{RequiredFeatures: t.RequiredFeatures})) > 0
	switch {
	case without || kind == "bench":
		return finding.Nothing
	case kind == "bin":
		return finding.Everything
	case len(c.Settings.Test) > 0 || kind == "test" && t.Test != nil && !*t.Test:
		return finding.Nothing
	}
	return finding.Release
}

// beneath returns an error unless a path relative to a crate's directory is inside the workspace.
// The file need not exist.
func (w *Workspace) beneath(dir, p string) error {
	if p == "" {
		return nil
	}
	name := path.Join(dir, p)
	if len(name) > maxPattern {
		return fmt.Errorf("it has more than %d bytes: rename it", maxPattern)
	}
	if path.IsAbs(p) || !w.valid(name) {
		return fmt.Errorf("it is outside the %s: a release is built only from the %s; move it in", w.bounds(), w.bounds())
	}
	if _, err := fs.Stat(w.fsys, name); err != nil && !absent(err) {
		return err
	}
	return nil
}
