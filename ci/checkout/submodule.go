package checkout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"dagger/slipway/ci/beneath"
)

// maxSubmodules is how deep submodules may be nested.
const maxSubmodules = 8

// submodule is a submodule of a checkout.
type submodule struct {
	name      string // its path in the repository that contains it
	*examined        // nil if it is not checked out
	optional  bool   // .gitmodules has update = none
}

// enter examines the submodules. Each is read like any other checkout: git itself would
// enter it with the submodule's own configuration.
func (e *examined) enter(ctx context.Context, o Options, depth int) error {
	for _, link := range e.gitlinks() {
		s, dirty, err := e.submodule(ctx, link, o, depth)
		if err != nil {
			return fmt.Errorf("submodule %q: %w", link.name, err)
		}
		e.submodules = append(e.submodules, s)
		_, committed := e.tree[link.name]
		e.dirty = e.dirty || dirty || !committed
	}
	return e.markOptional(ctx)
}

// markOptional marks the submodules that `git submodule update` skips: those with `update =
// none` in the commit's .gitmodules (gitmodules(5)).
func (e *examined) markOptional(ctx context.Context) error {
	missing := slices.ContainsFunc(e.submodules, func(s submodule) bool { return s.examined == nil })
	if !missing || e.commit == "" {
		return nil
	}
	out, err := e.git.output(ctx, "config", "--blob", e.commit+":.gitmodules", "--no-includes", "--null", "--list")
	var exit *exitError
	if errors.As(err, &exit) {
		return nil // missing or unreadable: no submodule is optional
	}
	if err != nil {
		return err
	}
	paths, none := map[string]string{}, map[string]bool{} // by submodule name
	for line := range records(out) {
		key, value, _ := strings.Cut(line, "\n")
		section, field := strings.TrimPrefix(key, "submodule."), key[strings.LastIndex(key, ".")+1:]
		section = strings.TrimSuffix(section, "."+field)
		switch {
		case field == "path":
			paths[section] = value
		case field == "update":
			none[section] = value == "none"
		}
	}
	optional := map[string]bool{}
	for section, at := range paths {
		optional[at] = optional[at] || none[section]
	}
	for i, s := range e.submodules {
		e.submodules[i].optional = optional[s.name]
	}
	return nil
}

// submodule examines one submodule, and reports whether it differs from the commit that the
// repository names.
func (e *examined) submodule(ctx context.Context, link entry, o Options, depth int) (submodule, bool, error) {
	s := submodule{name: link.name}
	if depth == maxSubmodules {
		return s, true, fmt.Errorf("it is nested in %d others: expected fewer", maxSubmodules)
	}
	root, err := beneath.OpenDir(e.git.worktree)
	if err != nil {
		return s, true, err
	}
	defer root.Close()
	// A link could lead to a repository outside this one.
	if err := root.Check(link.name, true); err != nil { // whatever is in its place is not a submodule
		return s, !errors.Is(err, fs.ErrNotExist), nil
	}
	dir := filepath.Join(e.git.worktree, filepath.FromSlash(link.name))
	there, err := exists(dir, ".git")
	if err != nil {
		return s, true, err
	}
	if !there {
		entries, err := os.ReadDir(dir)
		return s, len(entries) > 0, err // a submodule that is not checked out is an empty directory
	}
	if s.examined, err = examineAt(ctx, dir, "", o, depth+1); err != nil {
		return s, true, err
	}
	return s, s.dirty || s.commit != link.object, nil
}

// notCheckedOut returns the paths of submodules that are not checked out, relative to the
// workspace: either the optional ones or the others.
func (e *examined) notCheckedOut(optional bool) []string {
	var names []string
	for _, s := range e.submodules {
		at := e.relative(s.name)
		if s.examined == nil {
			if s.optional == optional {
				names = append(names, at)
			}
			continue
		}
		for _, name := range s.notCheckedOut(optional) {
			names = append(names, path.Join(at, name))
		}
	}
	return names
}
