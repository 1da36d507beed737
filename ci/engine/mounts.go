package engine

import (
	"fmt"
	"slices"
	"strings"

	"dagger.io/dagger"

	"dagger/slipway/ci/bwrap"
	"dagger/slipway/ci/step"
)

// mount is a directory mounted at a path of a container.
type mount struct {
	path     string
	dir      *dagger.Directory
	readOnly bool
	// left reports that the directory is exactly as a sandbox left it.
	left bool
}

// owner returns the owner that a mount and its content must be given, "" to leave it unchanged.
// What a command writes to must belong to its user; directories that a sandbox left already do.
func (m mount) owner() string {
	if m.readOnly || m.left {
		return ""
	}
	return fmt.Sprintf("%d:%d", bwrap.HostID, bwrap.HostID)
}

// mounts returns a step's mounts. Writable mounts inside another are copied into it, because an
// output is taken from one mount and would lack what is mounted over it.
func (r *Runner) mounts(s step.Step) ([]mount, error) {
	var list []mount
	for _, m := range s.Mounts {
		outer := slices.IndexFunc(list, func(o mount) bool { return !o.readOnly && step.Within(m.Path, o.path) })
		if file, err := r.file(m); err != nil {
			return nil, err
		} else if file != nil {
			list[outer].dir, list[outer].left = list[outer].dir.WithFile(strings.TrimPrefix(m.Path, list[outer].path), file), false
			continue
		}
		dir, err := r.mountSource(m)
		if err != nil {
			return nil, err
		}
		if m.Over { // steps left both, so their files have the right owner
			list[len(list)-1].dir = list[len(list)-1].dir.WithDirectory("/", dir)
			continue
		}
		if m.ReadOnly || outer < 0 {
			list = append(list, mount{m.Path, dir, m.ReadOnly, r.leftBySandbox(m)})
			continue
		}
		inside := strings.TrimPrefix(m.Path, list[outer].path)
		list[outer].dir, list[outer].left = list[outer].dir.WithDirectory(inside, dir), false
	}
	return list, nil
}

// leftBySandbox reports whether everything in a mount belongs to the sandbox's user from the
// start.
func (r *Runner) leftBySandbox(m step.Mount) bool {
	if m.Step == "" {
		return false
	}
	s, _, err := r.find(m.Step, m.Output)
	return err == nil && !r.bare(s.step)
}

// file returns the file that is mounted, nil for a directory.
func (r *Runner) file(m step.Mount) (*dagger.File, error) {
	if m.Step == "" {
		return nil, nil
	}
	s, o, err := r.find(m.Step, m.Output)
	if err != nil || o.Dir {
		return nil, err
	}
	return s.container.File(o.Path), nil
}

// mountSource returns the directory that a mount starts as.
func (r *Runner) mountSource(m step.Mount) (*dagger.Directory, error) {
	switch {
	case m.Tree != "":
		return r.tree(m.Tree)
	case m.Step != "":
		return r.output(m.Step, m.Output)
	}
	return r.opts.Client.Directory(), nil
}
