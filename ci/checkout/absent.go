package checkout

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"dagger/slipway/ci/plan"
)

// Unnamed returns the files that are not in the copy because their names are not UTF-8, which the
// JSON of plans and the Dagger API require. The names are relative to the workspace and sorted.
func (s *Source) Unnamed() []string {
	return s.examined.below(func(e *examined) map[string]bool { return e.unnamed })
}

// missingContent returns the files of the commit whose content is not in this clone.
func (e *examined) missingContent() []string {
	return e.below(func(e *examined) map[string]bool { return e.missing })
}

// below returns the names of one set of files, of this checkout and its submodules, relative to
// the workspace and sorted.
func (e *examined) below(set func(*examined) map[string]bool) []string {
	var names []string
	for name, in := range set(e) {
		if in {
			names = append(names, e.relative(name))
		}
	}
	for _, more := range e.above {
		for _, name := range more.below(set) {
			names = append(names, e.relative(name))
		}
	}
	for _, s := range e.submodules {
		if s.examined == nil {
			continue
		}
		for _, name := range s.below(set) {
			names = append(names, path.Join(e.relative(s.name), name))
		}
	}
	slices.Sort(names)
	return names
}

// Explain adds to a "file not found" error why a file that may be in the checkout is not in the
// copy: its submodule is not checked out, its content is not in the clone, or git does not track
// it. The text depends on the source alone, not on what else is in the directory.
func (s *Source) Explain(err error) error {
	var absent *fs.PathError
	if !errors.As(err, &absent) || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, optional := range []bool{false, true} {
		for _, name := range s.examined.notCheckedOut(optional) {
			if absent.Path == name || strings.HasPrefix(absent.Path, name+"/") {
				return fmt.Errorf("%w: the submodule %q, which has it, is not checked out: run git submodule update --init --recursive", err, name)
			}
		}
	}
	for _, link := range s.examined.notAdded {
		if name := s.examined.relative(link); absent.Path == name || strings.HasPrefix(absent.Path, name+"/") {
			return fmt.Errorf("%w: the submodule %q, which may have it, is outside the workspace: move the submodule into the workspace", err, name)
		}
	}
	switch state := (plan.Source{Sparse: s.examined.skips}); {
	case slices.Contains(s.examined.missingContent(), absent.Path):
		return fmt.Errorf("%w: its content is not in this clone: %s", err, state.FetchContent())
	case s.examined.git != nil:
		return fmt.Errorf("%w: git does not track it, so it is not part of the source: `git add` it (with --force if it is ignored)", err)
	}
	return err
}
