package cargo

import (
	"path"
	"strconv"
	"strings"

	"dagger/slipway/ci/finding"
)

// checkUnnamed reports the files of a crate that are left out because their names are not UTF-8.
// They matter little to a build, since Rust source cannot name them, but cargo refuses to package
// them.
func (w *Workspace) checkUnnamed(c *Crate, packaged bool) finding.List {
	var list finding.List
	for _, name := range w.Unnamed {
		if w.owner(name) != c {
			continue
		}
		f := finding.Finding{
			Stops: finding.Nothing, Crate: c.Name, File: printable(name),
			What: "the file's name is not UTF-8, so the file is left out: no step sees it", Do: "rename it",
		}
		if within := strings.TrimPrefix(name, c.Dir+"/"); packaged && c.contents.packages(strings.ToValidUTF8(within, "\uFFFD")) {
			f.Stops, f.What = finding.Registry, "the file's name is not UTF-8, and cargo packages no such file"
			f.Do = "rename it, or exclude it from the package with `package.exclude`"
		}
		list = append(list, f)
	}
	return list
}

// owner returns the member whose directory holds a file, the innermost if there are several, and
// nil if there is none.
func (w *Workspace) owner(name string) *Crate {
	var found *Crate
	for i := range w.Crates {
		c := &w.Crates[i]
		if (c.Dir == "." || strings.HasPrefix(name, c.Dir+"/")) && (found == nil || len(path.Join("/", c.Dir)) > len(path.Join("/", found.Dir))) {
			found = c
		}
	}
	return found
}

// printable returns a name with escapes for everything that is not UTF-8 text.
func printable(name string) string {
	quoted := strconv.Quote(name)
	return quoted[1 : len(quoted)-1]
}
