package local

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// untar extracts an archive below root, which keeps every name and link inside. keep is called
// with each entry and its cleaned name, and decides whether it is extracted. Devices and set-id
// bits are omitted, because nothing in a sandbox may use them.
func untar(r io.Reader, root *os.Root, keep func(name string, h *tar.Header) (bool, error)) error {
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path.Clean("/"+h.Name), "/")
		if name == "" {
			continue
		}
		kept, err := keep(name, h)
		if err != nil {
			return err
		}
		if !kept {
			continue
		}
		if err := untarEntry(root, archive, name, h); err != nil {
			return fmt.Errorf("entry %q: %w", h.Name, err)
		}
	}
}

func untarEntry(root *os.Root, content io.Reader, name string, h *tar.Header) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	mode := fs.FileMode(h.Mode).Perm()
	switch h.Typeflag {
	case tar.TypeDir:
		if err := root.MkdirAll(name, 0o755); err != nil {
			return err
		}
		return root.Chmod(name, mode|0o700)
	case tar.TypeReg:
		f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode|0o200)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, content)
		return errors.Join(err, f.Chmod(mode|0o400), f.Close(), root.Chtimes(name, h.ModTime, h.ModTime))
	case tar.TypeSymlink:
		return root.Symlink(h.Linkname, name)
	case tar.TypeLink:
		return root.Link(strings.TrimPrefix(path.Clean("/"+h.Linkname), "/"), name)
	}
	return nil
}

// topEntries lists the top-level entries of a root filesystem, with links as "name -> target".
func topEntries(root string) ([]string, error) {
	list, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("reading root filesystem: %w", err)
	}
	var entries []string
	for _, e := range list {
		if e.Type()&fs.ModeSymlink == 0 {
			entries = append(entries, e.Name())
			continue
		}
		to, err := os.Readlink(filepath.Join(root, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading root filesystem: %w", err)
		}
		entries = append(entries, e.Name()+" -> "+to)
	}
	return entries, nil
}
