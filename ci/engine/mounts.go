package engine

import (
	"slices"
	"strings"

	"dagger.io/dagger"

	"dagger/slipway/ci/step"
)

// mount is a directory at a path of a container.
type mount struct {
	path     string
	dir      *dagger.Directory
	readOnly bool
}

// mounts are a step's mounts, each writable one inside another laid into it: an
// output is taken from one mount, without what is mounted over it.
func (r *Runner) mounts(s step.Step) ([]mount, error) {
	var list []mount
	for _, m := range s.Mounts {
		dir, err := r.mountSource(m)
		if err != nil {
			return nil, err
		}
		outer := slices.IndexFunc(list, func(o mount) bool { return !o.readOnly && step.Within(m.Path, o.path) })
		if m.ReadOnly || outer < 0 {
			list = append(list, mount{m.Path, dir, m.ReadOnly})
			continue
		}
		inside := strings.TrimPrefix(m.Path, list[outer].path)
		list[outer].dir = list[outer].dir.WithDirectory(inside, dir)
	}
	return list, nil
}

// mountSource is the directory that a mount begins as.
func (r *Runner) mountSource(m step.Mount) (*dagger.Directory, error) {
	switch {
	case m.Tree != "":
		return r.tree(m.Tree)
	case m.Step != "":
		return r.output(m.Step, m.Output)
	}
	return r.opts.Client.Directory(), nil
}
