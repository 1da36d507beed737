package cargo

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// maxLinks is how many links a path may lead through, as on Linux (path_resolution(7)).
const maxLinks = 40

// placed is a file system whose names are relative to a directory of a repository, and may begin
// with ".." for the rest of it.
type placed interface{ Prefix() string }

// placeOf returns the directory of the repository that the names of a file system are relative
// to, "" for its root.
func placeOf(fsys fs.FS) string {
	if p, ok := fsys.(placed); ok {
		return p.Prefix()
	}
	return ""
}

// Prefix returns the workspace's directory in the repository, "" for the root.
func (w *Workspace) Prefix() string { return w.prefix }

// valid reports whether a path relative to the workspace is in the repository, or in the workspace
// if nothing is known of a repository around it.
func (w *Workspace) valid(name string) bool {
	return fs.ValidPath(name) || w.prefix != "" && !path.IsAbs(name) && fs.ValidPath(path.Join(w.prefix, name))
}

// bounds names what the files of a release must be in.
func (w *Workspace) bounds() string {
	if w.prefix != "" {
		return "repository"
	}
	return "workspace"
}

// normal returns the shortest path to a file: one that leaves the workspace and enters it again is
// the same as one that stays.
func (w *Workspace) normal(name string) string {
	full := path.Join(w.prefix, name)
	if w.prefix == "" || !outside(name) || path.IsAbs(name) || !fs.ValidPath(full) {
		return name
	}
	if full == w.prefix {
		return "."
	}
	if within, ok := strings.CutPrefix(full, w.prefix+"/"); ok {
		return within
	}
	return name
}

// outside reports whether a path relative to the workspace root leads out of it.
func outside(dir string) bool {
	return dir == ".." || strings.HasPrefix(dir, "../") || path.IsAbs(dir)
}

// above returns the directories above the workspace, up to the repository's root and nearest
// first, relative to the workspace.
func above(prefix string) []string {
	var dirs []string
	for at, up := prefix, ".."; at != "" && at != "."; at, up = path.Dir(at), path.Join(up, "..") {
		dirs = append(dirs, up)
	}
	return dirs
}

// ReadAbove returns a function that selects the files of the directories above a workspace that
// cargo, rustup or slipway read, by their names relative to the repository's root. prefix is the
// workspace's directory.
func ReadAbove(prefix string) func(name string) bool {
	dirs := map[string]bool{}
	for _, dir := range above(prefix) {
		dirs[path.Join(prefix, dir)] = true
	}
	return func(name string) bool {
		dir, base := path.Split(name)
		dir = path.Clean(dir)
		switch {
		case path.Base(dir) == ".cargo" && (base == "config" || base == "config.toml"):
			return dirs[path.Dir(dir)]
		case base == "rust-toolchain" || base == "rust-toolchain.toml":
			return dirs[dir]
		}
		return dirs[dir] && slices.ContainsFunc(ChangelogNames, func(n string) bool { return strings.EqualFold(n, base) })
	}
}

// Outside returns a function that selects the files outside the workspace that it needs, by their
// names relative to the repository's root: what its manifests name, and what links in its crates
// lead to. Whatever of it is not in the workspace's file system yet may need more in turn.
func (w *Workspace) Outside() func(name string) bool {
	all := make([]*Crate, len(w.Crates))
	for i := range w.Crates {
		all[i] = &w.Crates[i]
	}
	r := w.reach(all)
	for _, c := range all {
		if logs, err := w.Changelogs(c); err == nil {
			for _, l := range logs {
				r.follow(l.Name)
			}
		}
	}
	return func(name string) bool {
		for at := name; ; at = path.Dir(at) { // the name or a directory that it is in
			if r.wanted[at] {
				return true
			}
			if at == "." {
				return r.parents[name]
			}
		}
	}
}

// NeedsRepository reports whether a build or package of c needs files outside the workspace. The
// workspace is then at its path in the repository, with those files around it.
func (w *Workspace) NeedsRepository(c *Crate) bool {
	for name := range w.reach(w.buildMembers(c)).wanted {
		if _, err := fs.Lstat(w.fsys, w.fromRoot(name)); err == nil {
			return true
		}
	}
	return false
}

// fromRoot returns a path relative to the workspace for one relative to the repository's root.
func (w *Workspace) fromRoot(name string) string {
	switch {
	case w.prefix == "":
		return name
	case name == ".":
		return path.Clean(strings.Repeat("../", 1+strings.Count(w.prefix, "/")))
	}
	return relative(w.prefix, name)
}

// reach collects the files outside the workspace that the workspace's own lead to.
type reach struct {
	w       *Workspace
	wanted  map[string]bool // files and directories, relative to the repository's root
	parents map[string]bool // links on the way to them
	seen    map[string]bool
}

// reach returns what is outside the workspace and needed by the given members.
func (w *Workspace) reach(members []*Crate) *reach {
	r := &reach{w: w, wanted: map[string]bool{}, parents: map[string]bool{}, seen: map[string]bool{}}
	if w.prefix == "" {
		return r
	}
	for _, file := range w.Config.relative {
		r.follow(file)
	}
	for _, dir := range w.patchDirs(w.Lock.names(namesOf(members))) {
		r.local(dir)
	}
	for _, c := range members {
		if file := c.fields.text["license-file"]; file != "" {
			r.follow(path.Join(c.base("license-file"), file))
		}
		r.follow(w.readme(c))
	}
	for _, c := range slices.Concat(members, w.locals(members)) {
		r.follow(c.Dir)
		r.links(c.Dir)
		for _, target := range append(slices.Clone(c.targets), c.BuildScript) {
			if file := path.Join(c.Dir, target); target != "" && outside(file) && !outside(c.Dir) {
				r.follow(path.Dir(file)) // its modules are beside it
			}
		}
		for _, d := range c.Deps {
			r.local(d.Path)
		}
	}
	return r
}

// local adds a path dependency outside the workspace, with the manifests that it may inherit from.
func (r *reach) local(dir string) {
	if !outside(dir) || !r.w.valid(dir) {
		return
	}
	r.follow(dir)
	for at := path.Join(r.w.prefix, dir); at != "."; {
		at = path.Dir(at)
		r.want(path.Join(at, "Cargo.toml"))
	}
}

// links adds what the links in a directory lead to, and the files that its Rust sources include.
func (r *reach) links(dir string) {
	_ = fs.WalkDir(r.w.fsys, dir, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil: // reported where the crate is checked
			return fs.SkipDir
		case e.Type()&fs.ModeSymlink != 0:
			r.follow(name)
		case e.Type().IsRegular() && path.Ext(name) == ".rs":
			r.includes(name)
		}
		return nil
	})
}

// included matches the macros and attributes by which Rust source names another file. A path that
// a macro puts together is not found.
var included = regexp.MustCompile(`\b(?:include(?:_str|_bytes)?!\s*[(\[{]|path\s*=)\s*"(\.\./[^"\\]+)"`)

// includes adds the files that a source file includes by a path relative to its directory.
func (r *reach) includes(name string) {
	text, err := fs.ReadFile(r.w.fsys, name)
	if err != nil {
		return // reported by the compiler
	}
	for _, m := range included.FindAllSubmatch(text, -1) {
		if file := path.Join(path.Dir(name), string(m[1])); outside(file) {
			r.follow(file)
		}
	}
}

// want adds a path, relative to the repository's root, if it is outside the workspace.
func (r *reach) want(full string) {
	if !strings.HasPrefix(full, r.w.prefix+"/") && full != r.w.prefix && len(full) <= maxPattern {
		r.wanted[full] = true
	}
}

// follow adds the file or directory that a path relative to the workspace leads to, with the links
// on its way.
func (r *reach) follow(name string) { r.followFull(path.Join(r.w.prefix, name), maxLinks) }

func (r *reach) followFull(full string, hops int) {
	if r.seen[full] || hops == 0 || !fs.ValidPath(full) {
		return
	}
	r.seen[full] = true
	parts := strings.Split(full, "/")
	for i := range parts {
		at := path.Join(parts[:i+1]...)
		to, err := fs.ReadLink(r.w.fsys, r.w.fromRoot(at))
		if err != nil {
			continue // no link, or not there yet
		}
		r.want(at)
		if !path.IsAbs(to) {
			r.followFull(path.Join(path.Dir(at), to, path.Join(parts[i+1:]...)), hops-1)
		}
		return
	}
	r.want(full)
	for at := path.Dir(full); at != "."; at = path.Dir(at) {
		r.parents[at] = true // one of them may be a link that is not there yet
	}
	if r.wanted[full] {
		r.links(r.w.fromRoot(full))
	}
}
