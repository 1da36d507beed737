package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"dagger/slipway/ci/quote"
)

// checkPaths refuses paths of build targets that lead out of the workspace, directly or through a
// link. Paths of readme and licence files only matter to a registry: see missingFile.
func (w *Workspace) checkPaths(c *Crate, m *manifest) error {
	named := map[string]string{"build": c.BuildScript}
	if c.Lib != nil {
		named["lib.path"] = c.Lib.Path
	}
	for _, list := range [][]targetTable{m.Bin, m.Example, m.Test, m.Bench} {
		for _, t := range list {
			named["path of target "+quote.Line(t.Name)] = t.Path
		}
	}
	for _, field := range slices.Sorted(maps.Keys(named)) {
		p := named[field]
		if err := w.beneath(c.Dir, p); err != nil {
			return fmt.Errorf("`%s` is %s: %w", field, quote.Line(p), err)
		}
	}
	return nil
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
	if path.IsAbs(p) || !fs.ValidPath(name) {
		return errors.New("it is outside the workspace: a release is built only from the workspace; move it in")
	}
	if _, err := fs.Stat(w.fsys, name); err != nil && !absent(err) {
		return err
	}
	return nil
}
