package rustdist

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// artifact is a component's tarball, compressed in two ways.
type artifact struct {
	Component component
	Version   string // as in manifests
	XZ, GZ    string // names of files
	XZHash    string // SHA-256 in hex
	GZHash    string
	Size      int64 // of the file XZ
}

// packComponent writes the tarballs of a component, whose files are in tree, to out.
func packComponent(ctx context.Context, r Release, c component, tree, out string) (artifact, error) {
	version := r.of(c.Package)
	name := c.Tarball + "-" + r.Version
	if c.Target != "*" {
		name += "-" + c.Target
	}
	a := artifact{Component: c, Version: version, XZ: name + ".tar.xz", GZ: name + ".tar.gz"}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return a, err
	}
	xz, err := compress(ctx, filepath.Join(out, a.XZ), "xz", "-1", "--threads=2", "--stdout")
	if err != nil {
		return a, err
	}
	gz, err := compress(ctx, filepath.Join(out, a.GZ), "pigz", "-1", "-n", "--stdout")
	if err != nil {
		return a, err
	}
	// Both must end, whatever happened to the other.
	written := writeInstaller(io.MultiWriter(xz, gz), r, c, name, version, tree)
	if err := errors.Join(written, xz.close(), gz.close()); err != nil {
		return a, fmt.Errorf("packing %q: %w", name, err)
	}
	a.XZHash, a.GZHash, a.Size = xz.hash(), gz.hash(), xz.size
	return a, nil
}

// writeInstaller writes a tarball in the layout of rust-installer, version 3: the directory
// of the component with a list of its files, and some files about the whole.
func writeInstaller(to io.Writer, r Release, c component, name, version, tree string) error {
	w := &installer{tar.NewWriter(to), name, time.Time{}, map[string]bool{}}
	var err error
	if w.time, err = time.Parse(time.DateOnly, r.Date); err != nil {
		return err
	}
	files, err := list(tree)
	if err != nil {
		return err
	}
	manifest := ""
	for _, f := range files {
		manifest += "file:" + f + "\n"
	}
	for _, file := range [][2]string{
		{"components", c.name() + "\n"},
		{"rust-installer-version", "3\n"},
		{"version", version},
		{"git-commit-hash", r.commitOf(c.Package)},
		{c.name() + "/manifest.in", manifest},
	} {
		text := file[1]
		if err := w.write(file[0], 0o644, int64(len(text)), strings.NewReader(text)); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := w.copy(filepath.Join(tree, f), c.name()+"/"+f); err != nil {
			return err
		}
	}
	return w.Close()
}

// list returns the paths of the regular files below a directory, sorted.
func list(tree string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(tree, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if !e.Type().IsRegular() {
			return fmt.Errorf("%q is no regular file, which rust-installer does not pack", file)
		}
		relative, err := filepath.Rel(tree, file)
		files = append(files, relative)
		return err
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%q is empty", tree)
	}
	return files, err
}

// installer is a tarball with everything in one directory.
type installer struct {
	*tar.Writer
	root string
	time time.Time
	dirs map[string]bool // those that were written
}

// parents writes the directories above a file that are not there yet, from the top: rustup
// wants each before what is in it.
func (w *installer) parents(name string) error {
	dir := path.Dir(name)
	if dir == "." || w.dirs[dir] {
		return nil
	}
	if err := w.parents(dir); err != nil {
		return err
	}
	w.dirs[dir] = true
	return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755, ModTime: w.time})
}

func (w *installer) write(name string, mode, size int64, content io.Reader) error {
	name = w.root + "/" + name
	if err := w.parents(name); err != nil {
		return err
	}
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: size, ModTime: w.time}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err := io.Copy(w, content)
	return err
}

func (w *installer) copy(from, name string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	mode := int64(0o644)
	if info.Mode()&0o100 != 0 {
		mode = 0o755
	}
	return w.write(name, mode, info.Size(), f)
}

// compressor is a program that compresses what is written to it into a file.
type compressor struct {
	io.WriteCloser
	cmd  *exec.Cmd
	file *os.File
	sum  io.Writer
	hash func() string
	size int64
}

func compress(ctx context.Context, to string, args ...string) (*compressor, error) {
	file, err := os.Create(to)
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	c := &compressor{cmd: exec.CommandContext(ctx, args[0], args[1:]...), file: file, hash: func() string { return hex.EncodeToString(sum.Sum(nil)) }}
	c.sum = io.MultiWriter(file, sum)
	c.cmd.Stdout, c.cmd.Stderr = writerFunc(func(p []byte) (int, error) {
		c.size += int64(len(p))
		return c.sum.Write(p)
	}), os.Stderr
	if c.WriteCloser, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return c, c.cmd.Start()
}

// close ends the program and the file.
func (c *compressor) close() error {
	return errors.Join(c.Close(), c.cmd.Wait(), c.file.Close())
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
