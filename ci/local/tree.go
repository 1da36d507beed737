package local

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"dagger/slipway/ci/beneath"
)

// sourceTime is the modification time of every source file in a sandbox: older than anything
// built from it, and the same on every machine.
var sourceTime = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// copyTree copies a directory into dst, which must exist, with modes and modification times, until
// ctx ends. Holes in files stay holes.
func copyTree(ctx context.Context, src, dst string) error {
	type stamp struct {
		name string
		info fs.FileInfo
	}
	var dirs []stamp // directories get their mode and time after their content
	count := beneath.Count{Limits: beneath.KeptLimits()}
	err := filepath.WalkDir(src, func(name string, e fs.DirEntry, err error) error {
		if err = cmp.Or(err, context.Cause(ctx)); err != nil {
			return err
		}
		rel, err := filepath.Rel(src, name)
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		size := int64(0)
		if info.Mode().IsRegular() {
			size = info.Size()
		}
		if err := count.Add(rel, size); err != nil {
			return err
		}
		to := filepath.Join(dst, rel)
		switch {
		case e.IsDir():
			dirs = append(dirs, stamp{to, info})
			return os.MkdirAll(to, 0o755)
		case e.Type()&fs.ModeSymlink != 0:
			return copyLink(name, to)
		case e.Type().IsRegular():
			return copyFile(ctx, name, to, info)
		}
		return nil // sockets and pipes are not part of a result
	})
	if err != nil {
		return fmt.Errorf("copying %q: %w", src, err)
	}
	for _, d := range slices.Backward(dirs) {
		if err := os.Chmod(d.name, d.info.Mode().Perm()|0o700); err != nil {
			return err
		}
		if err := os.Chtimes(d.name, d.info.ModTime(), d.info.ModTime()); err != nil {
			return err
		}
	}
	return nil
}

func copyLink(from, to string) error {
	target, err := os.Readlink(from)
	if err != nil {
		return err
	}
	return os.Symlink(target, to)
}

func copyFile(ctx context.Context, from, to string, info fs.FileInfo) (err error) {
	in, err := beneath.OpenFile(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, info.Mode().Perm()|0o200)
	if err != nil {
		return err
	}
	if err = copyContent(ctx, out, in); err == nil {
		err = out.Chmod(info.Mode().Perm())
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Chtimes(to, info.ModTime(), info.ModTime())
}

// digestTree returns a SHA-256 in hex of a file or directory: names, types, executable bits, link
// targets and contents, but not times. It fails when ctx ends.
func digestTree(ctx context.Context, root string) (string, error) {
	type entry struct{ line, file string }
	var entries []*entry
	err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err = cmp.Or(err, context.Cause(ctx)); err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case e.IsDir():
			entries = append(entries, &entry{line: "dir " + rel})
		case e.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(name)
			if err != nil {
				return err
			}
			entries = append(entries, &entry{line: "link " + rel + " -> " + to})
		case e.Type().IsRegular():
			info, err := e.Info()
			if err != nil {
				return err
			}
			entries = append(entries, &entry{line: fmt.Sprintf("file %s %t", rel, info.Mode()&0o111 != 0), file: name})
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("reading %q: %w", root, err)
	}
	err = each(ctx, len(entries), func(i int) error {
		if e := entries[i]; e.file != "" {
			sum, err := digestFile(ctx, e.file)
			e.line += " " + sum
			return err
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("reading %q: %w", root, err)
	}
	sum := sha256.New()
	for _, e := range entries { // in lexical order, from WalkDir
		_, _ = fmt.Fprintf(sum, "%s\x00", e.line)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func digestFile(ctx context.Context, name string) (string, error) {
	f, err := beneath.OpenFile(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, during{ctx, f}); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// each calls do for 0 to n-1 on all processors and returns the first error, or the cause of ctx's
// end.
func each(outer context.Context, n int, do func(i int) error) error {
	group, ctx := errgroup.WithContext(outer)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := 0; i < n && ctx.Err() == nil; i++ {
		group.Go(func() error { return do(i) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return context.Cause(outer)
}
