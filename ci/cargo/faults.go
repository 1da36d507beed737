package cargo

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"

	"dagger/slipway/ci/finding"
)

// scope says which releases a fault in one member's manifest concerns. The zero scope is that of
// the member itself.
type scope int

const (
	// ofNeeded is a fault that matters to every crate that is built with the member.
	ofNeeded scope = iota + 1
	// ofCargo is a fault for which cargo refuses the manifest, and so every workspace that has
	// the member.
	ofCargo
)

// fault is something wrong with a member, of which the rest can be read all the same.
type fault struct {
	scope scope
	stops finding.Stops
	at    []string // the key path in the member's manifest
	what  string
	do    string
}

// refuse records a fault for which cargo refuses the manifest. err says what is wrong with the
// value of the key.
func (c *Crate) refuse(err error, at ...string) {
	if err != nil {
		c.faults = append(c.faults, fault{scope: ofCargo, stops: finding.Everything, at: at, what: err.Error(), do: "correct it"})
	}
}

// unreadable is a member of which nothing can be read.
type unreadable struct {
	dir  string // as `members` has it, if it is outside the workspace
	name string // of the crate, "" if unknown
	err  error
}

// leftOut returns the reason for each crate that cargo cannot read in this workspace, by
// directory: members with a fault, members that cannot be read, and those that need one of them.
func (w *Workspace) leftOut() map[string]string {
	out := map[string]string{}
	for _, u := range w.unread {
		out[u.dir] = u.err.Error()
	}
	for i := range w.Crates {
		for _, f := range w.Crates[i].faults {
			if f.scope == ofCargo {
				out[w.Crates[i].Dir] = f.what
			}
		}
	}
	for found := len(out) > 0; found; {
		found = false
		for _, c := range w.Crates {
			for _, d := range c.Deps {
				_, known := out[c.Dir]
				if _, without := out[d.Path]; !known && d.Path != "" && without {
					out[c.Dir], found = fmt.Sprintf("it depends on %q, which is left out", d.Name), true
				}
			}
		}
	}
	return out
}

// checkFaults returns the faults of members that concern a release of c. A member that cargo
// cannot read is left out of what cargo reads, unless a build of c needs it.
func (w *Workspace) checkFaults(c *Crate) finding.List {
	var list finding.List
	closure, built, out := w.Closure(c), w.buildMembers(c), w.leftOut()
	for i := range w.Crates {
		m := &w.Crates[i]
		isBuilt, told := slices.Contains(built, m), false
		for _, f := range m.faults {
			if m == c || f.scope == ofNeeded && slices.Contains(closure, m) || f.scope == ofCargo && isBuilt {
				list = append(list, w.findingAt(f.stops, m, f.at, f.what, f.do))
				told = told || f.scope == ofCargo
			}
		}
		if why, left := out[m.Dir]; left && !told {
			list = append(list, w.leftOutFinding(c, isBuilt, m.Name, m.Dir, why))
		}
	}
	for _, u := range w.unread {
		list = append(list, w.leftOutFinding(c, w.whole(c), u.name, u.dir, u.err.Error()))
	}
	return list
}

// leftOutFinding returns the finding about a member that cargo cannot read. needed says that c
// cannot be built without it.
func (w *Workspace) leftOutFinding(c *Crate, needed bool, name, dir, why string) finding.Finding {
	f := finding.Finding{Stops: finding.Nothing, Crate: name, File: path.Join(dir, "Cargo.toml"), What: "the member is left out: " + why}
	if !fs.ValidPath(dir) || strings.ContainsFunc(dir, unicode.IsControl) || len(dir) > maxPattern {
		f.File, f.Line = "Cargo.toml", w.line("Cargo.toml", "workspace", "members")
	}
	if needed {
		f.Stops, f.What = finding.Everything, fmt.Sprintf("crate %q cannot be built without this member: %s", c.Name, why)
	}
	return f
}

// Unread describes the members that are left out of everything that is read and released, because
// they cannot be read, sorted.
func (w *Workspace) Unread() finding.List {
	var list finding.List
	for dir, why := range w.leftOut() {
		list = append(list, w.leftOutFinding(nil, false, "", dir, why))
	}
	return list.Sorted()
}

// ReadFiles returns the files that replace the workspace's own when cargo is asked for its reading
// of the workspace. The root manifest is one of them only if members are left out.
func (w *Workspace) ReadFiles() (map[string]string, error) {
	files := w.configFiles()
	out := w.leftOut()
	if len(out) == 0 {
		return files, nil
	}
	var kept []*Crate
	for i := range w.Crates {
		if _, left := out[w.Crates[i].Dir]; !left {
			kept = append(kept, &w.Crates[i])
		}
	}
	var err error
	files["Cargo.toml"], err = w.prunedRoot(kept, w.Lock.names(namesOf(kept)))
	return files, err
}

// explainUnread returns the error for a crate that cannot be read: nil if none of that name is
// known.
func (w *Workspace) explainUnread(name string) error {
	for _, u := range w.unread {
		if u.name == name || u.name == "" && path.Base(u.dir) == name {
			return fmt.Errorf("finding crate %q: %w", name, u.err)
		}
	}
	return nil
}

// unreadDirs returns the directories of the members that cannot be read, sorted.
func (w *Workspace) unreadDirs() string {
	set := map[string]bool{}
	for _, u := range w.unread {
		set[u.dir] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(set)), ", ")
}

// isRefused reports whether cargo itself refuses the manifest, so that not all of it may have been
// read.
func (c *Crate) isRefused() bool {
	return slices.ContainsFunc(c.faults, func(f fault) bool { return f.scope == ofCargo })
}
