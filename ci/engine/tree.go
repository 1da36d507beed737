package engine

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"dagger.io/dagger"

	"dagger/slipway/ci/step"
)

// sourceTime is the modification time of every source file in a step: older than anything built
// from it, and the same on every machine.
var sourceTime = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// tree returns a source tree: the workspace's files, overlaid with the tree's own.
func (r *Runner) tree(name string) (*dagger.Directory, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if dir := r.trees[name]; dir != nil {
		return dir, nil
	}
	for _, t := range r.opts.Trees {
		if t.Name == name {
			dir, err := r.makeTree(t)
			if err != nil {
				return nil, fmt.Errorf("staging tree %q: %w", name, err)
			}
			r.trees[name] = dir
			return dir, nil
		}
	}
	return nil, fmt.Errorf("staging tree %q: the runner does not have it", name)
}

// makeTree sends slipway's own files as one directory, because a query for each would be slow in
// a workspace of hundreds of crates.
func (r *Runner) makeTree(t step.Tree) (*dagger.Directory, error) {
	dir := r.opts.Client.Directory()
	if t.Source {
		dir = r.opts.Source
		if t.Repository {
			dir = r.opts.Repository
		}
	}
	work, err := os.MkdirTemp(r.opts.Work, "tree-")
	if err != nil {
		return nil, err
	}
	var without []string
	for name, content := range t.Files {
		if content == "" {
			without = append(without, name)
			continue
		}
		to := filepath.Join(work, filepath.FromSlash(path.Clean("/"+name)))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(to, []byte(content), 0o644); err != nil {
			return nil, err
		}
	}
	slices.Sort(without) // an identical query is answered from the cache
	dir = dir.WithoutFiles(without)
	ours := r.opts.Client.Host().Directory(work)
	return dir.WithDirectory("/", ours).WithTimestamps(int(sourceTime.Unix())), nil
}
