package prepare

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"dagger/slipway/ci/requirement"
)

// Limits on the search for manifests that are not members': directories, and bytes of a file.
const (
	maxDirectories = 20_000
	maxOther       = 1 << 20
)

// editOthers updates the packages of the repository that are not members and depend on a changed
// crate by its path, such as excluded examples and fuzz targets: cargo refuses them once their
// requirement rules out the new version. One that allows it stays. What cannot be changed is a note.
func (p *preparation) editOthers() error {
	members := map[string]bool{}
	for _, dir := range p.workspace.Dirs() {
		members[dir] = true
	}
	locks := map[string]bool{}
	for _, name := range p.findOthers(members) {
		raw, err := p.read(name)
		if err != nil || len(raw) > maxOther {
			continue
		}
		m := &manifest{file: name, dir: path.Dir(name), text: raw}
		if m.tree, err = parse(m.file, m.text); err != nil {
			continue // such as a template: cargo cannot read it either
		}
		if p.bumpOther(m, members) {
			locks[p.lockOf(m.dir)] = true
		}
		text, err := setStrings(m.file, m.text, m.values)
		if err != nil {
			p.note("%v.", err)
			continue
		}
		p.edit(m.file, m.text, text)
	}
	delete(locks, "")
	delete(locks, lockFile)
	for _, name := range slices.Sorted(maps.Keys(locks)) {
		p.editOtherLock(name)
	}
	return nil
}

// bumpOther records the changes of a manifest that is not a member's, and reports whether it
// depends on any member by a path. members has the members' directories.
func (p *preparation) bumpOther(m *manifest, members map[string]bool) (depends bool) {
	for _, table := range m.dependencyTables() {
		for _, d := range m.dependencies(table) {
			dir := p.within(path.Join(p.workspace.Prefix(), m.dir, d.path))
			if d.path == "" || d.git || !members[dir] {
				continue
			}
			depends = true
			c := p.isChanged(d.name)
			if c == nil || c.Dir != dir || d.asked == "" {
				continue
			}
			if cs, err := requirement.Parse(d.asked); err == nil && cs.Met(p.to) {
				continue
			}
			if bumped, err := bump(d.asked, p.to); err != nil {
				p.note("%s: dependency %q: %v.", m.place(d.at), d.alias, err)
			} else {
				m.set(bumped, d.at...)
			}
		}
	}
	return depends
}

// findOthers returns the manifests of the repository that are not members', sorted. It leaves out
// what other programs make or own: build output, hidden directories, vendored crates, submodules.
func (p *preparation) findOthers(members map[string]bool) []string {
	var found []string
	queue := []string{p.within(".")}
	for i := 0; i < len(queue); i++ {
		if i == maxDirectories {
			p.note("The repository has more than %d directories: packages that are not members were searched in these only.", maxDirectories)
			break
		}
		dir := queue[i]
		entries, err := fs.ReadDir(p.fsys, dir)
		foreign := slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
			return e.Name() == ".cargo-checksum.json" || e.Name() == ".git" && i > 0
		})
		if err != nil || foreign {
			continue // nothing there can be changed
		}
		for _, e := range entries {
			name := path.Join(dir, e.Name())
			if p.workspace.Prefix() != "" {
				name = p.within(path.Join(p.workspace.Prefix(), name))
			}
			switch {
			case e.IsDir() && !strings.HasPrefix(e.Name(), ".") && e.Name() != "target" && e.Name() != "node_modules":
				queue = append(queue, name)
			case e.Type().IsRegular() && e.Name() == "Cargo.toml" && dir != "." && !members[path.Dir(name)]:
				found = append(found, name)
			}
		}
	}
	slices.Sort(found)
	return found
}

// within returns the shortest name, relative to the workspace, of a path in the repository.
func (p *preparation) within(full string) string {
	name, err := filepath.Rel("/"+p.workspace.Prefix(), "/"+full)
	if err != nil {
		return full
	}
	return filepath.ToSlash(name)
}

// lockOf returns the lock file that cargo uses in a directory: the nearest there or above, "" for
// none.
func (p *preparation) lockOf(dir string) string {
	for full := path.Join(p.workspace.Prefix(), dir); ; full = path.Dir(full) {
		name := path.Join(p.within(full), lockFile)
		if _, err := fs.Lstat(p.fsys, name); err == nil {
			return name
		}
		if full == "." || full == "/" {
			return ""
		}
	}
}

// editOtherLock sets the new version in a lock file of another workspace, as far as it has the
// changed crates at the version before.
func (p *preparation) editOtherLock(name string) {
	before, err := p.read(name)
	var tree map[string]any
	if err == nil {
		tree, err = parse(name, before)
	}
	if err == nil {
		values, stale := p.otherLockValues(packagesOf(tree))
		if stale != "" {
			p.note("%q has %s: run \"cargo update --workspace\" there.", name, stale)
		}
		var after string
		if after, err = setStrings(name, before, values); err == nil {
			p.edit(name, before, after)
			return
		}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		p.note("%v.", err)
	}
}

// otherLockValues returns the changes of a lock file of another workspace, and a crate that it has
// at another version than the manifest, "" for none.
func (p *preparation) otherLockValues(old []locked) (values []value, stale string) {
	renewed := slices.Clone(old)
	for i, l := range old {
		c := p.isChanged(l.name)
		switch {
		case c == nil || l.source != "":
		case l.version != c.Version:
			stale = fmt.Sprintf("%q at %s, but it was at %s", l.name, l.version, c.Version)
		default:
			renewed[i].version = p.to.String()
			values = append(values, value{inPackage(i, "version"), p.to.String()})
		}
	}
	return append(values, p.references(old, renewed)...), stale
}
