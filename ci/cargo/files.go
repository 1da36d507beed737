package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"dagger/slipway/ci/cratesio"
	"dagger/slipway/ci/finding"
)

// checkFiles reports symbolic links that dangle or lead out of the workspace and, if a crate is
// packaged, what concerns its package: files that cargo cannot package, those that may hold
// secrets, targets that are left out, and a size that crates.io may refuse.
func (w *Workspace) checkFiles(c *Crate, packaged bool) finding.List {
	type question struct {
		dir      string
		packaged bool
	}
	key := question{c.Dir, packaged}
	if list, known := w.checked.Load(key); known {
		return slices.Clone(list.(finding.List))
	}
	files, list, err := w.listFiles(c, packaged)
	if err != nil {
		list = append(list, finding.Finding{Stops: finding.Everything, Crate: c.Name, File: c.Dir, What: fmt.Sprintf("reading the crate's files: %v", err)})
	}
	var in []file
	for _, f := range files {
		inPackage := packaged && c.contents.packages(f.within)
		if f.Type()&fs.ModeSymlink != 0 {
			list = append(list, w.checkLink(c, f, inPackage)...)
		}
		if inPackage {
			in = append(in, f)
		}
	}
	if packaged {
		list = append(list, w.checkPackage(c, in)...)
	}
	w.checked.Store(key, list)
	return slices.Clone(list)
}

// checkPackage checks the files of a crate's package.
func (w *Workspace) checkPackage(c *Crate, files []file) finding.List {
	var list finding.List
	names := map[string]bool{}
	for _, f := range files {
		names[f.within] = true
		if why := unpackageableName(c, f.name); why != "" {
			list = append(list, finding.Finding{
				Stops: finding.Registry, Crate: c.Name, File: f.name, What: why, Do: "rename it, or exclude it from the package with `package.exclude`",
			})
		}
		if why := w.suspect(f); why != "" {
			list = append(list, finding.Finding{
				Stops: finding.Nothing, Crate: c.Name, File: f.name, What: "the file is published with the crate, and " + why,
				Do: "if it is a secret, remove it from the repository, or exclude it from the package with `package.exclude`",
			})
		}
	}
	return slices.Concat(list, w.checkPackagedTargets(c, names), w.checkSize(c, files))
}

// checkSize notes that the files of a package are larger than crates.io accepts a package. That is
// compressed, so only the package itself shows whether it is too large.
func (w *Workspace) checkSize(c *Crate, files []file) finding.List {
	var total, most int64
	largest := ""
	for _, f := range files {
		info, err := fs.Stat(w.fsys, f.name)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		total += info.Size()
		if info.Size() > most {
			most, largest = info.Size(), f.name
		}
	}
	if total <= cratesio.MaxCrateFile || c.Settings.LargeCrate || w.Registry(c) != "" {
		return nil
	}
	what := fmt.Sprintf("the package may be too large for crates.io: its files have %d bytes, of which this one has %d, and crates.io accepts %d compressed", total, most, cratesio.MaxCrateFile)
	return finding.List{{
		Stops: finding.Nothing, Crate: c.Name, File: largest, What: what,
		Do: "exclude what the crate does not need with `package.exclude`; if crates.io has raised the limit, set `large-crate` in [package.metadata.slipway]",
	}}
}

// unpackageableName returns the reason why cargo cannot package a file because of its name, "" if
// it can (github.com/rust-lang/cargo, src/ops/cargo_package/mod.rs, check_filename and
// build_ar_list).
func unpackageableName(c *Crate, name string) string {
	if i := strings.IndexAny(path.Base(name), `\<>:"|?*`); i >= 0 {
		return fmt.Sprintf("cargo cannot package a file with %q in its name, which not every system can have", path.Base(name)[i])
	}
	for _, reserved := range []string{"Cargo.toml.orig", ".cargo_vcs_info.json"} {
		if name == path.Join(c.Dir, reserved) {
			return "cargo cannot package a file of this name, because it makes one itself"
		}
	}
	return ""
}

// unpackageableFile returns the reason why cargo cannot package c because of a file, "" if there is
// none.
func (w *Workspace) unpackageableFile(c *Crate) string {
	for _, f := range w.checkFiles(c, true) {
		if f.Stops == finding.Registry {
			return f.File + ": " + f.What
		}
	}
	return ""
}

// checkLink checks a symbolic link. Links are kept as they are, so a broken one only matters once
// cargo has to package its target.
func (w *Workspace) checkLink(c *Crate, f file, inPackage bool) finding.List {
	why := ""
	to, err := fs.ReadLink(w.fsys, f.name)
	switch {
	case err != nil:
		why = fmt.Sprintf("reading the symbolic link: %v", err)
	case path.IsAbs(to) || !fs.ValidPath(path.Join(f.dir, to)):
		why = fmt.Sprintf("the symbolic link points to %q, outside the %s, which is not part of a release", to, w.bounds())
	default:
		_, err := fs.Stat(w.fsys, f.name)
		if errors.Is(err, fs.ErrNotExist) {
			why = fmt.Sprintf("the symbolic link points to %q, which does not exist", to)
		} else if err != nil { // through another link
			why = fmt.Sprintf("the symbolic link points to %q: %v", to, err)
		} else if f.unfollowed {
			why = fmt.Sprintf("the symbolic link points to the directory %q, and cargo follows no link in `target`", to)
		}
	}
	if why == "" {
		return nil
	}
	found := finding.Finding{Stops: finding.Nothing, Crate: c.Name, File: f.name, What: why}
	if inPackage {
		found.Stops, found.Do = finding.Registry, "remove it, point it to a file of the workspace, or exclude it from the package with `package.exclude`"
	}
	return finding.List{found}
}
