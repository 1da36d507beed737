// Package outdir writes to an output directory that the caller has named, so that only complete
// files appear in it, and nothing outside of it is changed.
package outdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/handover"
)

// Work creates the output directory out if it is missing, and in it a temporary directory
// with restricted access for work in progress. done removes the latter; finished files must
// have been moved out before.
//
// A symbolic link in place of out is an error, and for a relative path so is one on the way to
// it: "dist" in a released workspace may lead anywhere, and files there would be replaced.
func Work(out string) (work string, done func(), err error) {
	if err := Check(out, nil, nil); err != nil {
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

// Check returns the error that [Work], or [Move] of these files and OCI layouts, would return for
// what is at out now, for a caller that has much to do before.
func Check(out string, files, layouts []string) error {
	if err := checkNoLink(out); err != nil {
		return err
	}
	info, err := os.Lstat(filepath.Clean(out))
	if errors.Is(err, fs.ErrNotExist) {
		err = checkAbove(out)
	} else if err == nil && !info.IsDir() {
		err = fmt.Errorf("%q is a file, expected a directory or nothing: name another (--out)", out)
	} else if err == nil {
		err = checkPlaces(out, files, layouts)
	}
	if err != nil {
		return fmt.Errorf("making output directory %q: %w", out, err)
	}
	return nil
}

// checkAbove returns an error if a directory that is missing cannot be made because of a file.
func checkAbove(out string) error {
	for dir := filepath.Dir(filepath.Clean(out)); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		switch {
		case err == nil && !info.IsDir():
			return fmt.Errorf("%q is a file, expected a directory or nothing: name another (--out)", dir)
		case err == nil, filepath.Dir(dir) == dir:
			return nil
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
}

func checkPlaces(out string, files, layouts []string) error {
	root, err := os.OpenRoot(out)
	if err != nil {
		return err
	}
	defer root.Close()
	for i, name := range slices.Concat(files, layouts) {
		if err := checkPlace(root, name, i >= len(files)); err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
	}
	return nil
}

// checkNoLink returns an error if the output directory is a symbolic link, even with a trailing
// slash, or if a relative path leads through one. An absolute path is trusted, because the
// caller chose it.
func checkNoLink(out string) error {
	out = filepath.Clean(out) // otherwise "dist/" would name the link's target
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

// Copy copies a directory from another job to a private one, so that what is checked is what
// is used. It compares the copy with the digest that the job has reported, unless that is "". done
// removes the copy.
func Copy(dir string, digest handover.Digest) (own string, done func(), err error) {
	work, err := os.MkdirTemp("", "slipway-prebuilt-")
	if err != nil {
		return "", nil, err
	}
	own = filepath.Join(work, "copy")
	if digest != "" {
		err = handover.Take(dir, digest, own)
	} else {
		err = copyTree(dir, own)
	}
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(work))
	}
	return own, func() { _ = os.RemoveAll(work) }, nil
}

func copyTree(dir, to string) error {
	from, err := beneath.OpenDir(dir)
	if err != nil {
		return err
	}
	defer from.Close()
	_, err = from.CopyTree(".", to, beneath.ReleaseLimits())
	return err
}

// CheckMissing removes out if it is an empty directory. Anything else that exists there is an
// error, and so is a symbolic link on the way: see [Work].
func CheckMissing(out string) error {
	if err := checkNoLink(out); err != nil {
		return err
	}
	info, err := os.Lstat(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && !info.IsDir():
		err = errors.New("it is not a directory")
	case err == nil:
		err = os.Remove(out)
	}
	if err != nil {
		return fmt.Errorf("making output directory %q: expected that it is missing or empty: %w", out, err)
	}
	return nil
}
