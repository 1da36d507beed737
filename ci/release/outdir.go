package release

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"dagger/slipway/ci/beneath"
)

// workIn makes an output directory, where there is none, and in it a directory for work
// in progress that nobody else may enter. done removes that: what is finished and good
// has been moved out of it before.
//
// A link in the place of the output directory is refused, and one on the way to it where the
// path is relative: "dist" of a workspace that is released may be anything, and what is there
// of the same names is replaced.
func workIn(out string) (work string, done func(), err error) {
	if err := checkNoLink(out); err != nil {
		return "", nil, err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return "", nil, fmt.Errorf("making output directory: %w", err)
	}
	work, err = os.MkdirTemp(out, ".packing-")
	if err != nil {
		return "", nil, fmt.Errorf("making output directory: %w", err)
	}
	return work, func() { _ = beneath.RemoveAll(work) }, nil
}

// checkNoLink returns an error where an output directory is a link, also behind a slash, or
// where a relative one is reached through a link. An absolute path is whoever runs this's own.
func checkNoLink(out string) error {
	out = filepath.Clean(out) // without it "dist/" would name what the link leads to
	paths := []string{out}
	for dir := filepath.Dir(out); !filepath.IsAbs(out) && dir != "." && filepath.Base(dir) != ".."; dir = filepath.Dir(dir) {
		paths = append(paths, dir)
	}
	for _, name := range paths {
		if to, err := os.Readlink(name); err == nil {
			return fmt.Errorf("making output directory %q: %q is a symbolic link to %q: name that directory itself (--out)", out, name, to)
		}
	}
	return nil
}

// appear moves finished files from a directory for work in progress to the same names in
// the output directory, each at once. [os.Root] keeps that below the output directory.
func appear(work, out string, names []string) error {
	root, err := os.OpenRoot(out)
	if err != nil {
		return fmt.Errorf("writing artifacts: %w", err)
	}
	defer root.Close()
	rel, err := filepath.Rel(out, work)
	if err != nil {
		return fmt.Errorf("writing artifacts: %w", err)
	}
	for _, name := range names {
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("writing artifact %q: %w", name, err)
		}
		if err := root.Rename(filepath.Join(rel, name), name); err != nil {
			return fmt.Errorf("writing artifact %q: %w", name, err)
		}
	}
	return nil
}

// ownCopy copies a directory that was handed over to one that nobody else may enter:
// what is checked there is what is used. done removes it.
func ownCopy(dir string) (own string, done func(), err error) {
	from, err := beneath.OpenDir(dir)
	if err != nil {
		return "", nil, err
	}
	defer from.Close()
	work, err := os.MkdirTemp("", "slipway-given-")
	if err != nil {
		return "", nil, err
	}
	own = filepath.Join(work, "given")
	if _, err := from.CopyTree(".", own, beneath.ReleaseLimits()); err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(work))
	}
	return own, func() { _ = os.RemoveAll(work) }, nil
}
