package checkout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/plan"
)

// Source is a copy of a workspace's source: the files that a release is made of, and
// nothing else. Plans are made from it, and runners pass it to steps.
//
// For a clean checkout it is the commit's tree, written from git's objects as in a fresh
// clone on Linux, line endings included; submodules and Git LFS files have the content that
// is checked out. For a dirty one it is what git tracks or would track: the files of the
// commit and the index, with the content of the working tree, and untracked files that no
// .gitignore of the repository excludes. Before the first commit everything comes from the
// working tree. Ignored files are never part of it, nor are nested repositories that are
// not submodules. Outside a repository it is every file except .git and what [Made]
// matches. Symbolic links are kept; modes are the same on every machine.
type Source struct {
	// Dir is the root of the workspace in the copy.
	Dir string
	// Root is the root of the repository in the copy: Dir, or a directory above it that has, beside
	// the workspace, only the files that [Source.Add] has copied.
	Root string

	work     string
	options  Options
	copier   *copier
	examined *examined
	pointers []string
	noCommit string
}

// Take copies the source of the workspace whose root is dir. Close removes the copy.
func Take(ctx context.Context, dir string, o Options) (*Source, error) {
	work, err := os.MkdirTemp("", "slipway-source-")
	if err != nil {
		return nil, err
	}
	s := &Source{work: work, options: o}
	if err := s.take(ctx, dir, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Source) take(ctx context.Context, dir string, o Options) (err error) {
	if info, err := os.Stat(dir); err != nil {
		return fmt.Errorf("reading the workspace: %w", err)
	} else if !info.IsDir() {
		return fmt.Errorf("reading the workspace: %q is not a directory: expected the root of a Rust workspace", dir)
	}
	if o.Upload {
		if s.noCommit, err = uploadedPart(ctx, dir); err != nil {
			return err
		}
	}
	if s.noCommit != "" {
		s.examined, err = examineFiles(ctx, dir)
	} else {
		s.examined, err = examine(ctx, dir, o)
	}
	if err != nil {
		return err
	}
	to := filepath.Join(s.work, "tree")
	s.Root, s.Dir = to, filepath.Join(to, filepath.FromSlash(s.examined.prefix))
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return err
	}
	s.copier = &copier{count: beneath.Count{Limits: beneath.KeptLimits()}, dirs: map[string]bool{}}
	if err := s.copier.checkout(ctx, s.examined, to); err != nil {
		return fmt.Errorf("copying the source of %q: %w", dir, err)
	}
	if s.pointers, err = s.examined.findPointers(ctx, to); err != nil {
		return fmt.Errorf("copying the source of %q: %w", dir, err)
	}
	return s.normalise(to)
}

// State returns what a plan says about the source: see [State].
func (s *Source) State(ctx context.Context, releaseBranch string) (plan.Source, error) {
	state, err := s.examined.state(ctx, releaseBranch)
	state.LFSPointers, state.NoCommit = s.pointers, s.noCommit
	return state, err
}

// Close removes the copy.
func (s *Source) Close() error {
	var err error
	if s.examined != nil {
		err = s.examined.close()
	}
	return errors.Join(err, beneath.RemoveAll(s.work))
}

// normalise sets the mode of every file in a copy, unless the umask has already made it the
// one that is the same on every machine.
func (s *Source) normalise(dir string) error {
	probe := filepath.Join(s.work, "probe")
	if err := os.Mkdir(probe, 0o777); err != nil {
		return err
	}
	info, err := os.Stat(probe)
	if err := errors.Join(err, os.Remove(probe)); err != nil || info.Mode().Perm() == 0o755 {
		return err
	}
	return filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		return os.Chmod(name, plainMode(info))
	})
}

// plainMode returns the mode that git would record for a file: 0755 for executables and
// directories, 0644 for others.
func plainMode(info fs.FileInfo) fs.FileMode {
	if info.IsDir() || info.Mode()&0o111 != 0 {
		return 0o755
	}
	return 0o644
}
