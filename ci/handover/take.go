package handover

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"dagger/slipway/ci/quote"
)

// Limits for a directory: ample for any release, but too low to exhaust a machine. GitHub
// limits a release asset to less than 2 GiB (GitHub Docs, "About releases").
const (
	maxEntries = 4096 // files and directories
	maxDepth   = 8
	maxFile    = 2 << 30
	maxTotal   = 8 << 30
)

var errTooLarge = fmt.Errorf("it is too large: expected at most %d bytes a file and %d in all", int64(maxFile), int64(maxTotal))

// plainName matches a path element that is valid on every system and that sha256sum prints
// without escapes. It must not begin with a dot: GitHub Actions artifacts leave hidden files
// out by default.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._+-]{0,254}$`)

// Of returns the digest of a directory, which must satisfy the rules of [Take]. With names,
// only these files and directories in it are covered.
func Of(dir string, names ...string) (Digest, error) {
	digest, err := walk(dir, nil, names...)
	if err != nil {
		return "", fmt.Errorf("digesting the directory %q: %w", dir, err)
	}
	return digest, nil
}

// Check returns an error unless the directory has the digest want.
func Check(dir string, want Digest) error {
	got, err := walk(dir, nil)
	return judge(dir, want, got, err)
}

// Take copies a directory to the path to, which must not exist, and returns an error unless the
// copy has the digest want; in that case the copy is removed. Each file is read once, so the
// digest is that of the copied bytes. Only regular files and directories with plain names are
// accepted, within the limits on count, depth and size.
func Take(dir string, want Digest, to string) error {
	if err := os.Mkdir(to, 0o755); err != nil {
		return fmt.Errorf("taking the directory %q: %w", dir, err)
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return fmt.Errorf("taking the directory %q: %w", dir, err)
	}
	got, err := walk(dir, root)
	if err = judge(dir, want, got, errors.Join(err, root.Close())); err != nil {
		return errors.Join(err, os.RemoveAll(to))
	}
	return nil
}

func judge(dir string, want, got Digest, err error) error {
	if err != nil {
		return fmt.Errorf("checking the directory %q from another job: %w", dir, err)
	}
	if got != want {
		return fmt.Errorf("checking the directory %q from another job: its files have the digest %s, and that job reported %s: they were changed on the way, or come from another run: run both jobs again", dir, got, want)
	}
	return nil
}

// walker digests, and optionally copies, an untrusted directory.
type walker struct {
	from, to *os.Root // to is nil if nothing is copied
	files    map[string][sha256.Size]byte
	total    int64
	entries  int
}

func walk(dir string, to *os.Root, names ...string) (Digest, error) {
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return "", errors.New("it is not a directory")
	}
	from, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer from.Close()
	w := &walker{from: from, to: to, files: map[string][sha256.Size]byte{}}
	if len(names) == 0 {
		names = []string{"."}
	}
	for _, name := range names {
		if err := fs.WalkDir(from.FS(), name, w.visit); err != nil {
			return "", err
		}
	}
	if len(w.files) == 0 {
		return "", errors.New("it has no files")
	}
	return Sum(w.files), nil
}

func (w *walker) visit(name string, e fs.DirEntry, err error) error {
	switch {
	case err != nil:
		return err
	case name == ".":
		return nil
	case w.entries == maxEntries:
		return fmt.Errorf("it has more than %d files and directories", maxEntries)
	case !plainName.MatchString(path.Base(name)):
		return fmt.Errorf("the name %s: expected letters, digits and ._+-, and no dot at the beginning", quote.Line(name))
	case strings.Count(name, "/") >= maxDepth:
		return fmt.Errorf("%q is deeper than %d directories", name, maxDepth)
	}
	w.entries++
	if e.IsDir() {
		if w.to == nil {
			return nil
		}
		return w.to.Mkdir(filepath.FromSlash(name), 0o755)
	}
	if err := w.file(name); err != nil {
		return fmt.Errorf("reading %q: %w", name, err)
	}
	return nil
}

// file digests one file, and copies it if w.to is set.
func (w *walker) file(name string) error {
	limit := min(maxFile, maxTotal-w.total)
	in, err := openRegular(w.from, filepath.FromSlash(name), limit)
	if err != nil {
		return err
	}
	defer in.Close()
	sum := sha256.New()
	var out io.Writer = sum
	var copied *os.File
	if w.to != nil {
		if copied, err = w.to.OpenFile(filepath.FromSlash(name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644); err != nil {
			return err
		}
		out = io.MultiWriter(sum, copied)
	}
	n, err := io.Copy(out, io.LimitReader(in, limit+1))
	if copied != nil {
		err = errors.Join(err, copied.Close())
	}
	if err == nil && n > limit {
		err = errTooLarge // the file grew while it was read
	}
	w.total += n
	w.files[name] = [sha256.Size]byte(sum.Sum(nil))
	return err
}

// openRegular opens a regular file and rejects a symbolic link. It checks the file type before
// opening, because opening a pipe or a device may have side effects, and then that it has opened
// the same file.
func openRegular(root *os.Root, name string, limit int64) (*os.File, error) {
	there, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !there.Mode().IsRegular() {
		return nil, fmt.Errorf("it is not a regular file (%s): links and devices are refused", there.Mode().Type())
	}
	if there.Size() > limit {
		return nil, errTooLarge
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if opened, err := f.Stat(); err != nil || !os.SameFile(there, opened) {
		return nil, errors.Join(errors.New("it was replaced while being read"), err, f.Close())
	}
	return f, nil
}
