package engine

import (
	"cmp"
	"fmt"
	"path"
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
	holder := map[string]int{} // the index in list of the mount that has a writable mount's content, by path
	for _, m := range s.Mounts {
		outer := m.Path
		if !m.Over {
			outer = s.MountOf(step.Output{Path: path.Dir(m.Path)}).Path
		}
		file, err := r.file(m)
		if err != nil {
			return nil, err
		}
		at, nested := holder[outer]
		if nested && (file != nil || !m.ReadOnly) {
			holder[m.Path] = at
			if err := r.copyInto(&list[at], m, file); err != nil {
				return nil, err
			}
			continue
		}
		if file != nil || m.Over {
			return nil, fmt.Errorf("running step %q: nothing writable is mounted where %q belongs", s.Name, m.Path)
		}
		dir, err := r.mountSource(m)
		if err != nil {
			return nil, err
		}
		if !m.ReadOnly {
			holder[m.Path] = len(list)
		}
		list = append(list, mount{m.Path, dir, m.ReadOnly, r.leftBySandbox(m)})
	}
	return list, nil
}

// copyInto adds a mount to one that contains its path. It replaces what is there, unless it is
// laid over it. file is nil for a directory.
func (r *Runner) copyInto(outer *mount, m step.Mount, file *dagger.File) error {
	inside := cmp.Or(strings.TrimPrefix(m.Path, outer.path), "/")
	if file != nil {
		outer.dir, outer.left = outer.dir.WithFile(inside, file), false
		return nil
	}
	dir, err := r.mountSource(m)
	if err != nil {
		return err
	}
	if m.Over {
		outer.dir, outer.left = outer.dir.WithDirectory(inside, dir), outer.left && r.leftBySandbox(m)
		return nil
	}
	outer.dir, outer.left = outer.dir.WithoutDirectory(inside).WithDirectory(inside, dir), false
	return nil
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
