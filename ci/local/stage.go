package local

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"dagger/slipway/ci/step"
)

// stage prepares a source tree for sandboxes: the workspace's files, overlaid with the tree's
// own, with the same modes and times on every machine.
func (r *Runner) stage(ctx context.Context, name string) (staged, error) {
	got, err, _ := r.once.Do("tree "+name, func() (any, error) {
		r.mu.Lock()
		t, ok := r.trees[name]
		r.mu.Unlock()
		if ok {
			return t, nil
		}
		for _, tree := range r.opts.Trees {
			if tree.Name == name {
				t, err := r.stageTree(ctx, tree)
				if err == nil {
					r.mu.Lock()
					r.trees[name] = t
					r.mu.Unlock()
				}
				return t, err
			}
		}
		return nil, fmt.Errorf("staging tree %q: the runner does not have it", name)
	})
	if err != nil {
		return staged{}, err
	}
	return got.(staged), nil
}

func (r *Runner) stageTree(ctx context.Context, tree step.Tree) (staged, error) {
	dir, err := r.store.temp("tree-")
	if err != nil {
		return staged{}, err
	}
	if tree.Source {
		from := r.opts.Source
		if tree.Repository {
			from = r.opts.Repository
		}
		if err := copyTree(ctx, from, dir); err != nil {
			return staged{}, err
		}
	}
	for name, content := range tree.Files {
		if err := overlay(dir, name, content); err != nil {
			return staged{}, fmt.Errorf("staging tree %q: %w", tree.Name, err)
		}
	}
	if err := normalise(dir); err != nil {
		return staged{}, err
	}
	if err := own(dir); err != nil {
		return staged{}, err
	}
	digest, err := digestTree(ctx, dir)
	return staged{dir, digest}, err
}

// overlay writes a file in a tree, or removes it if content is "". The tree is a copy of
// untrusted files, so links in it must not lead outside.
func overlay(dir, name, content string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if content == "" {
		return root.RemoveAll(name)
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	if err := root.RemoveAll(name); err != nil {
		return err
	}
	return root.WriteFile(name, []byte(content), 0o644)
}

// normalise sets the modes and times of all files in a tree to the same values on every machine.
func normalise(dir string) error {
	return filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if e.IsDir() || info.Mode()&0o111 != 0 {
			mode = 0o755
		}
		if err := os.Chmod(name, mode); err != nil {
			return err
		}
		return os.Chtimes(name, sourceTime, sourceTime)
	})
}
