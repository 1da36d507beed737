package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
)

// Check returns an error when the workspace may not be released from: a stale
// lock file, a dependency of c's that no one else could resolve, or a file that
// would not mean the same elsewhere. Each error names what to change.
func (w *Workspace) Check(c *Crate) error {
	if err := w.checkFresh(); err != nil {
		return err
	}
	for _, member := range w.Closure(c) {
		for _, d := range member.Deps {
			if err := w.checkDep(member, d); err != nil {
				return fmt.Errorf("checking crate %q: dependency %q: %w", member.Name, d.Name, err)
			}
		}
	}
	members := map[string]bool{}
	for _, dir := range w.dirs() {
		members[dir] = true
	}
	for _, member := range w.Closure(c) {
		if err := w.checkFiles(member, members); err != nil {
			return fmt.Errorf("checking crate %q: %w", member.Name, err)
		}
	}
	return nil
}

func (w *Workspace) checkDep(c *Crate, d Dependency) error {
	publishable, _ := c.Publishable()
	switch {
	case strings.HasPrefix(d.Path, "../") || d.Path == "..":
		return fmt.Errorf("path %q is outside the workspace: a release is built from the workspace alone; move it in, or depend on a published version", d.Path)
	case d.Path != "":
		m := w.find(d.Name)
		if m == nil || m.Dir != d.Path {
			return fmt.Errorf("path %q is no member of the workspace: add it to `members`, or depend on a published version", d.Path)
		}
		if publishable && d.Kind != Dev && d.Req == "" {
			return fmt.Errorf("it has a path and no version: published, the version counts; write { path = …, version = %q }", m.Version)
		}
	case d.Git != "" && d.Rev == "":
		return fmt.Errorf("git %q is not pinned: name a `rev` or `tag`, or depend on a published version", d.Git)
	case d.Git != "" && publishable && d.Kind != Dev && d.Req == "":
		return fmt.Errorf("git %q has no version: a registry refuses it; publish the dependency first", d.Git)
	}
	return nil
}

// checkFiles refuses what would leak or dangle: a symlink that leaves the
// workspace in any member, and a `.env` file in a crate that is packaged.
// members are the directories of all crates: one inside another is its own.
func (w *Workspace) checkFiles(c *Crate, members map[string]bool) error {
	publishable, _ := c.Publishable()
	return fs.WalkDir(w.fsys, c.Dir, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (members[name] && name != c.Dir || e.Name() == ".git" || name == path.Join(c.Dir, "target")):
			return fs.SkipDir
		case e.Type()&fs.ModeSymlink != 0:
			return w.checkLink(name)
		case publishable && !e.IsDir() && isSecretFile(e.Name()) && c.contents.packages(strings.TrimPrefix(name, c.Dir+"/")):
			return fmt.Errorf("file %q would be packaged and published: delete it, or keep it out with `package.exclude` (or `package.include`, where there is one)", name)
		}
		return nil
	})
}

// isSecretFile reports whether a file is by its name meant to hold secrets.
func isSecretFile(name string) bool {
	if name == ".env" || strings.HasPrefix(name, ".env.") {
		return name != ".env.example" && name != ".env.sample" && name != ".env.template"
	}
	return name == ".netrc" || name == "credentials.toml" || name == "id_rsa" || name == "id_ed25519"
}

func (w *Workspace) checkLink(name string) error {
	to, err := fs.ReadLink(w.fsys, name)
	if err != nil {
		return fmt.Errorf("reading symlink %q: %w", name, err)
	}
	if filepath.IsAbs(to) || !fs.ValidPath(path.Join(path.Dir(name), to)) {
		return fmt.Errorf("symlink %q leads to %q, outside the workspace: a release is built from the workspace alone", name, to)
	}
	if _, err := fs.Stat(w.fsys, name); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("symlink %q leads to %q, which does not exist", name, to)
	} else if err != nil { // through another link
		return fmt.Errorf("symlink %q leads to %q: %w", name, to, err)
	}
	return nil
}
