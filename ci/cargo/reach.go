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

// reach collects the files outside the workspace that the workspace's own lead to.
type reach struct {
	w       *Workspace
	wanted  map[string]bool // files and directories, relative to the repository's root
	parents map[string]bool // links on the way to them
	seen    map[string]bool
	walked  map[string]bool // directories, relative to the workspace
	queue   []string        // directories to walk
}

// reach returns what is outside the workspace and needed by the given members.
func (w *Workspace) reach(members []*Crate) *reach {
	r := &reach{w: w, wanted: map[string]bool{}, parents: map[string]bool{}, seen: map[string]bool{}, walked: map[string]bool{}}
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
		r.queue = append(r.queue, c.Dir)
		for _, target := range append(slices.Clone(c.targets), c.BuildScript) {
			if file := path.Join(c.Dir, target); target != "" && outside(file) && !outside(c.Dir) {
				r.follow(path.Dir(file)) // its modules are beside it
			}
		}
		for _, d := range c.Deps {
			r.local(d.Path)
		}
	}
	for len(r.queue) > 0 {
		dir := r.queue[0]
		r.queue = r.queue[1:]
		r.links(dir)
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
		case err != nil || e.IsDir() && r.walked[name]: // an error is reported where the crate is checked
			return fs.SkipDir
		case e.IsDir():
			r.walked[name] = true
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
		r.queue = append(r.queue, r.w.fromRoot(full))
	}
}
