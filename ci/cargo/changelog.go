package cargo

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// ChangelogNames are the names that a changelog goes by, in upper or lower case, the first
// that is there before the others.
var ChangelogNames = []string{"CHANGELOG.md", "CHANGES.md", "RELEASES.md", "HISTORY.md", "NEWS.md"}

// Changelog is a file that may have the notes of a crate's release.
type Changelog struct {
	Name string // slash-separated, relative to the workspace root
	// NamedBy is the manifest whose setting `changelog` names the file, "" where it was
	// found by its name.
	NamedBy string
	Line    int // of that setting, 0 where it is not known
	// Shared says that it was found at the workspace's root, above the crate's directory: what
	// has no crate's name in it may be about another crate.
	Shared bool
}

// Changelogs returns the files to look for a crate's notes in, in this order: the file that
// the setting `changelog` of the crate names, or else that of the workspace, and no other;
// without the setting the crate's own, then that at the workspace's root, as far as they are
// there.
func (w *Workspace) Changelogs(c *Crate) ([]Changelog, error) {
	if name := c.Settings.Changelog; name != "" {
		file := path.Join(c.Dir, "Cargo.toml")
		return []Changelog{{Name: below(c.Dir, name), NamedBy: file, Line: w.line(file, "package", "metadata", "slipway", "changelog")}}, nil
	}
	if name := w.Settings.Changelog; name != "" {
		return []Changelog{{Name: below(".", name), NamedBy: "Cargo.toml", Line: w.line("Cargo.toml", "workspace", "metadata", "slipway", "changelog")}}, nil
	}
	var list []Changelog
	for _, dir := range []string{c.Dir, "."} {
		name, err := w.findChangelog(dir)
		if err != nil {
			return nil, fmt.Errorf("finding the changelog of crate %q: %w", c.Name, err)
		}
		if name != "" && (len(list) == 0 || list[0].Name != name) {
			list = append(list, Changelog{Name: name, Shared: dir != c.Dir})
		}
	}
	return list, nil
}

// below is a path that a setting has, relative to the workspace root; an absolute one stays
// as it is.
func below(dir, name string) string {
	if path.IsAbs(name) {
		return name
	}
	return path.Join(dir, name)
}

// findChangelog returns the changelog in a directory, "" where there is none.
func (w *Workspace) findChangelog(dir string) (string, error) {
	entries, err := fs.ReadDir(w.fsys, dir)
	if err != nil {
		return "", err
	}
	for _, want := range ChangelogNames {
		found := ""
		for _, e := range entries {
			if !e.IsDir() && strings.EqualFold(e.Name(), want) && (found == "" || e.Name() == want) {
				found = e.Name()
			}
		}
		if found != "" {
			return path.Join(dir, found), nil
		}
	}
	return "", nil
}

// ReadChangelog reads a changelog. Its error wraps [fs.ErrNotExist] where there is no such
// file, and [fs.ErrInvalid] where a setting leads out of the workspace.
func (w *Workspace) ReadChangelog(l Changelog) ([]byte, error) {
	if !fs.ValidPath(l.Name) {
		return nil, fmt.Errorf("reading changelog %q: %w: it is outside the workspace", l.Name, fs.ErrInvalid)
	}
	raw, err := fs.ReadFile(w.fsys, l.Name)
	if err != nil {
		return nil, fmt.Errorf("reading changelog %q: %w", l.Name, err)
	}
	return raw, nil
}

// OtherNames are the names of the workspace's crates but for one.
func (w *Workspace) OtherNames(c *Crate) []string {
	var names []string
	for _, other := range w.Crates {
		if other.Name != c.Name {
			names = append(names, other.Name)
		}
	}
	return names
}
