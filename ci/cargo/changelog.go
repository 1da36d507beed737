package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// ChangelogNames lists the recognised names of a changelog, matched without regard to case, in
// order of preference.
var ChangelogNames = []string{"CHANGELOG.md", "CHANGES.md", "RELEASES.md", "HISTORY.md", "NEWS.md"}

// Changelog is a file that may contain the notes of a crate's release.
type Changelog struct {
	Name string // slash-separated, relative to the workspace root
	// NamedBy is the manifest whose `changelog` setting names the file, or "" if the file was
	// found by its own name.
	NamedBy string
	Line    int // line of that setting; 0 if unknown
	// Shared reports whether the file was found above the crate's directory, at the workspace root
	// or further up to the repository's: its sections may be about other crates unless they name this one.
	Shared bool
}

// Changelogs returns the files to search for a crate's release notes, in order. A `changelog`
// setting of the crate, or else of the workspace, names the only one. Without a setting they are
// the crate's own changelog, then the workspace root's, then those of the directories above up to
// the repository's root, as far as they exist.
func (w *Workspace) Changelogs(c *Crate) ([]Changelog, error) {
	if name := c.Settings.Changelog; name != "" {
		file := path.Join(c.Dir, "Cargo.toml")
		return []Changelog{{Name: below(c.Dir, name), NamedBy: file, Line: w.line(file, "package", "metadata", "slipway", "changelog")}}, nil
	}
	if name := w.Settings.Changelog; name != "" {
		return []Changelog{{Name: below(".", name), NamedBy: "Cargo.toml", Line: w.line("Cargo.toml", "workspace", "metadata", "slipway", "changelog")}}, nil
	}
	var list []Changelog
	for _, dir := range append([]string{c.Dir, "."}, above(w.prefix)...) {
		name, err := w.findChangelog(dir)
		if outside(dir) && errors.Is(err, fs.ErrNotExist) {
			continue // nothing of that directory is in the source
		}
		if err != nil {
			return nil, fmt.Errorf("finding the changelog of crate %q: %w", c.Name, err)
		}
		if name != "" && (len(list) == 0 || list[0].Name != name) {
			list = append(list, Changelog{Name: name, Shared: dir != c.Dir})
		}
	}
	return list, nil
}

// below returns a setting's path relative to the workspace root; an absolute path is returned
// unchanged.
func below(dir, name string) string {
	if path.IsAbs(name) {
		return name
	}
	return path.Join(dir, name)
}

// findChangelog returns the path of the changelog in dir, or "" if there is none.
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

// ReadChangelog reads a changelog. The error wraps [fs.ErrNotExist] if the file does not exist,
// and [fs.ErrInvalid] if its path is outside the workspace.
func (w *Workspace) ReadChangelog(l Changelog) ([]byte, error) {
	if !w.valid(l.Name) {
		return nil, fmt.Errorf("reading changelog %q: %w: it is outside the %s", l.Name, fs.ErrInvalid, w.bounds())
	}
	raw, err := fs.ReadFile(w.fsys, l.Name)
	if err != nil {
		return nil, fmt.Errorf("reading changelog %q: %w", l.Name, err)
	}
	return raw, nil
}

// OtherNames returns the names of all crates in the workspace except c.
func (w *Workspace) OtherNames(c *Crate) []string {
	var names []string
	for _, other := range w.Crates {
		if other.Name != c.Name {
			names = append(names, other.Name)
		}
	}
	return names
}
