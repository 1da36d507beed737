package checkout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dagger/slipway/ci/sourcefs"
)

// Open opens the copy for reading. Names are relative to the workspace; those of files outside of
// it that [Source.Add] has copied begin with "..".
func (s *Source) Open(ctx context.Context) (*sourcefs.FS, error) {
	return sourcefs.OpenBelow(ctx, s.Root, s.examined.prefix)
}

// Prefix returns the workspace's directory relative to the repository's root, "" for the root.
func (s *Source) Prefix() string { return s.examined.prefix }

// Add copies the files of the repository outside the workspace that wanted selects by their names,
// relative to the repository's root. They become part of the source like those of the workspace:
// as the commit has them in a clean checkout, and otherwise as they are in the working tree. Files
// of submodules outside the workspace are not among them. It reports whether there were any that
// had not been copied before.
func (s *Source) Add(ctx context.Context, wanted func(name string) bool) (bool, error) {
	e := s.examined
	if e.git == nil || e.prefix == "" {
		return false, nil
	}
	more, err := e.outside(ctx, wanted)
	if err == nil && len(more.tree)+len(more.untracked)+len(more.index)+len(more.missing)+len(more.unnamed) == 0 {
		return false, nil
	}
	if err == nil {
		err = more.compare(ctx, s.options)
	}
	if err == nil {
		err = s.copier.checkout(ctx, more, s.Root)
	}
	if err != nil {
		return false, fmt.Errorf("copying what the workspace needs from outside of it: %w", err)
	}
	e.above, e.dirty = append(e.above, more), e.dirty || more.dirty
	pointers, err := more.findPointers(ctx, s.Root)
	for _, name := range pointers {
		s.pointers = append(s.pointers, e.relative(name))
	}
	return true, errors.Join(err, s.normalise(s.Root))
}

// outside returns what git reports about the selected files outside the workspace that have not
// been added yet. It does not read the others, which may be very many.
func (e *examined) outside(ctx context.Context, wanted func(name string) bool) (*examined, error) {
	if e.names == nil {
		if err := e.listOutside(ctx); err != nil {
			return nil, err
		}
	}
	more := &examined{dir: e.dir, git: e.git, commit: e.commit, absent: map[string]bool{}}
	more.listing = listing{tree: map[string]entry{}, index: map[string]entry{}, sparse: e.names.sparse, skips: e.names.skips, missing: map[string]bool{}, unnamed: map[string]bool{}}
	move(more.tree, e.names.tree, wanted)
	move(more.index, e.names.index, wanted)
	move(more.missing, e.names.missing, wanted)
	move(more.unnamed, e.names.unnamed, wanted)
	for _, at := range []map[string]entry{more.tree, more.index} {
		maps.DeleteFunc(at, func(name string, file entry) bool {
			if file.mode == gitlink {
				e.notAdded = append(e.notAdded, name)
			}
			return file.mode == gitlink
		})
	}
	left := e.names.untracked[:0]
	for _, name := range e.names.untracked {
		if wanted(name) {
			more.untracked = append(more.untracked, name)
		} else {
			left = append(left, name)
		}
	}
	e.names.untracked = left
	return more, more.compareSelected(ctx)
}

// move moves the wanted entries of a map to another.
func move[V any](to, from map[string]V, wanted func(name string) bool) {
	for name, value := range from {
		if wanted(name) {
			to[name] = value
			delete(from, name)
		}
	}
}

// listOutside lists the names of all files outside the workspace.
func (e *examined) listOutside(ctx context.Context) error {
	l := newListing()
	if e.commit != "" {
		if err := e.git.readCommit(ctx, e.commit, "", l); err != nil {
			return err
		}
	}
	if err := e.git.readIndex(ctx, "", l); err != nil {
		return err
	}
	// Names that git does not ignore, found without reading any file.
	out, err := e.git.output(ctx, "ls-files", "-z", "--others", "--exclude-standard")
	if err != nil {
		return err
	}
	within := func(name string) bool { return strings.HasPrefix(name, e.prefix+"/") }
	for name := range records(out) {
		if !within(name) && !strings.HasSuffix(name, "/") {
			l.untracked = append(l.untracked, name)
		}
	}
	maps.DeleteFunc(l.tree, func(name string, _ entry) bool { return within(name) })
	maps.DeleteFunc(l.index, func(name string, _ entry) bool { return within(name) })
	for _, names := range []map[string]bool{l.missing, l.unnamed} {
		maps.DeleteFunc(names, func(name string, _ bool) bool { return within(name) })
	}
	e.names = l
	return nil
}

// compareSelected finds the files of the commit that differ in the working tree, with an index
// that has no others.
func (e *examined) compareSelected(ctx context.Context) error {
	if len(e.tree) == 0 {
		return nil
	}
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(e.tree)) {
		lines.WriteString(e.tree[name].mode + " " + e.tree[name].object + "\t" + name + "\x00")
	}
	selected := e.git.withIndex("selected")
	if _, err := selected.ask(ctx, "read-tree", "--empty"); err != nil {
		return err
	}
	if _, err := selected.answer(ctx, lines.String(), "update-index", "-z", "--index-info"); err != nil {
		return err
	}
	if _, err := selected.ask(ctx, "update-index", "-q", "--refresh"); err != nil {
		return err
	}
	out, err := selected.output(ctx, "diff-files", "-z", "--name-status", "--no-renames")
	if err != nil {
		return err
	}
	fields := slices.Collect(records(out))
	for i := 0; i+1 < len(fields); i += 2 { // state, name
		if fields[i] == "D" {
			e.deleted = append(e.deleted, fields[i+1])
		} else {
			e.changed = append(e.changed, fields[i+1])
		}
	}
	return nil
}
