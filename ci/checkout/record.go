package checkout

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"dagger/slipway/ci/gitdir"
)

// Record returns what cargo may see of the repository when it packages the crates in dirs, which
// are relative to the workspace: the commit and the names of its files, and the same of the
// submodules that hold a crate. It returns nil outside a repository, before the first commit, and
// for SHA-256 object names, which cargo cannot read.
func (s *Source) Record(ctx context.Context, dirs []string) (*gitdir.Record, error) {
	e := s.examined
	if !e.recorded() {
		return nil, nil
	}
	r, err := e.git.record(ctx, e.commit)
	if err == nil {
		r.Prefix = e.prefix
		r.Submodules, err = e.submoduleRecords(ctx, "", dirs)
	}
	if err == nil && e.prefix != "" { // steps have nothing from above the workspace
		r.Modules, err = e.git.modules(ctx, r)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the commit of %q: %w", e.dir, err)
	}
	return r, nil
}

// recorded reports whether there is a commit that cargo can read.
func (e *examined) recorded() bool { return e.git != nil && len(e.commit) == 40 }

// submoduleRecords returns the records of the submodules that hold one of the directories. at is
// the path of this checkout in the outermost one.
func (e *examined) submoduleRecords(ctx context.Context, at string, dirs []string) ([]gitdir.Submodule, error) {
	var list []gitdir.Submodule
	for _, s := range e.submodules {
		var within []string
		for _, dir := range dirs {
			if top := e.relative(s.name); dir == top || strings.HasPrefix(dir, top+"/") {
				within = append(within, strings.TrimPrefix(strings.TrimPrefix(dir, top), "/"))
			}
		}
		if s.examined == nil || !s.recorded() || len(within) == 0 {
			continue
		}
		r, err := s.git.record(ctx, s.commit)
		if err != nil {
			return nil, err
		}
		name := path.Join(at, s.name)
		nested, err := s.submoduleRecords(ctx, name, within)
		if err != nil {
			return nil, err
		}
		list = append(append(list, gitdir.Submodule{Path: name, Record: *r}), nested...)
	}
	return list, nil
}

func (g *git) record(ctx context.Context, commit string) (*gitdir.Record, error) {
	object, err := g.output(ctx, "cat-file", "commit", commit)
	if err != nil {
		return nil, err
	}
	files, err := g.output(ctx, "ls-tree", "-r", "-z", "--full-tree", commit)
	if err != nil {
		return nil, err
	}
	r := &gitdir.Record{Commit: string(object)}
	for line := range records(files) {
		head, path, _ := strings.Cut(line, "\t")
		if f := strings.Fields(head); len(f) == 3 {
			r.Entries = append(r.Entries, gitdir.Entry{Mode: f[0], Object: f[2], Path: path})
		}
	}
	return r, nil
}

// modules returns the content of the commit's .gitmodules, "" if it has none.
func (g *git) modules(ctx context.Context, r *gitdir.Record) (string, error) {
	for _, e := range r.Entries {
		if e.Path == ".gitmodules" && strings.HasPrefix(e.Mode, "100") {
			out, err := g.output(ctx, "cat-file", "blob", e.Object)
			var exit *exitError
			if errors.As(err, &exit) { // it is not in this clone
				return "", nil
			}
			return string(out), err
		}
	}
	return "", nil
}
