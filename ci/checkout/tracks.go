package checkout

import (
	"path"
	"strings"
)

// Tracks reports whether git tracks a file: whether it is in the commit or in the index, or in
// those of a submodule. The name is relative to the workspace. Outside a repository no file is
// tracked.
func (s *Source) Tracks(name string) bool {
	return s.examined.tracks(path.Join(s.examined.prefix, name))
}

// tracks is [Source.Tracks] for a name relative to the repository's root.
func (e *examined) tracks(name string) bool {
	if e == nil || e.git == nil {
		return false
	}
	for _, list := range []map[string]entry{e.tree, e.index} {
		if _, is := list[name]; is {
			return true
		}
	}
	for _, s := range e.submodules {
		if within, in := strings.CutPrefix(name, s.name+"/"); in {
			return s.examined.tracks(within)
		}
	}
	return false
}
