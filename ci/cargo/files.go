package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"dagger/slipway/ci/finding"
)

// checkFiles reports symbolic links that dangle or leave the workspace, files that by their name
// hold secrets, and files that cargo cannot package.
func (w *Workspace) checkFiles(c *Crate, packaged bool) finding.List {
	var list finding.List
	err := w.walk(c, func(name string, e fs.DirEntry) {
		inPackage := packaged && c.contents.packages(strings.TrimPrefix(name, c.Dir+"/"))
		if why := unpackageableName(c, name); inPackage && why != "" {
			list = append(list, finding.Finding{
				Stops: finding.Registry, Crate: c.Name, File: name, What: why, Do: "rename it, or exclude it from the package with `package.exclude`",
			})
		}
		switch {
		case e.Type()&fs.ModeSymlink != 0:
			list = append(list, w.checkLink(c, name, inPackage)...)
		case inPackage && isSecretFile(e.Name()):
			list = append(list, finding.Finding{
				Stops: finding.Nothing, Crate: c.Name, File: name, What: "the file is published with the crate, and its name suggests that it holds secrets",
				Do: "if it does, remove it from the repository, or exclude it from the package with `package.exclude`",
			})
		}
	})
	if err != nil {
		list = append(list, finding.Finding{Stops: finding.Everything, Crate: c.Name, File: c.Dir, What: fmt.Sprintf("reading the crate's files: %v", err)})
	}
	return list
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

// walk calls do for each file and link of a crate. Like cargo's package, it leaves out the target
// directory and every directory below with a manifest of its own, be that of a member or not.
func (w *Workspace) walk(c *Crate, do func(name string, e fs.DirEntry)) error {
	return fs.WalkDir(w.fsys, c.Dir, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !e.IsDir():
			do(name, e)
		case name == c.Dir:
		case e.Name() == ".git", name == path.Join(c.Dir, "target"), w.isFile(name, "Cargo.toml"):
			return fs.SkipDir
		}
		return nil
	})
}

// isSecretFile reports whether a file's name suggests that it holds secrets.
func isSecretFile(name string) bool {
	if name == ".env" || strings.HasPrefix(name, ".env.") {
		return name != ".env.example" && name != ".env.sample" && name != ".env.template"
	}
	return name == ".netrc" || name == "credentials.toml" || name == "id_rsa" || name == "id_ed25519"
}

// checkLink checks a symbolic link. Links are kept as they are, so a broken one only matters once
// cargo has to package its target.
func (w *Workspace) checkLink(c *Crate, name string, inPackage bool) finding.List {
	why := ""
	to, err := fs.ReadLink(w.fsys, name)
	switch {
	case err != nil:
		why = fmt.Sprintf("reading the symbolic link: %v", err)
	case filepath.IsAbs(to) || !w.valid(path.Join(path.Dir(name), to)):
		why = fmt.Sprintf("the symbolic link points to %q, outside the %s, which is not part of a release", to, w.bounds())
	default:
		_, err := fs.Stat(w.fsys, name)
		if errors.Is(err, fs.ErrNotExist) {
			why = fmt.Sprintf("the symbolic link points to %q, which does not exist", to)
		} else if err != nil { // through another link
			why = fmt.Sprintf("the symbolic link points to %q: %v", to, err)
		}
	}
	if why == "" {
		return nil
	}
	f := finding.Finding{Stops: finding.Nothing, Crate: c.Name, File: name, What: why}
	if inPackage {
		f.Stops, f.Do = finding.Registry, "remove it, point it to a file of the workspace, or exclude it from the package with `package.exclude`"
	}
	return finding.List{f}
}
