// Package oci makes OCI images without a container engine. Equal inputs give equal digests.
package oci

import (
	"archive/tar"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/klauspost/pgzip"
)

// epoch is the timestamp of every file and image, for reproducible digests.
var epoch = time.Unix(0, 0).UTC()

// WriteRootLayout writes an OCI layout with one image for linux/amd64 to dir, which must not
// exist. The image has one layer with the files below root, sorted, owned by 0 and without
// timestamps, and env as its environment. Equal trees give equal digests.
func WriteRootLayout(dir, root string, env []string, comment string) (digest string, err error) {
	layerFile := dir + ".layer"
	defer func() { _ = os.Remove(layerFile) }()
	if err := writeLayer(layerFile, root); err != nil {
		return "", fmt.Errorf("writing layer of %q: %w", root, err)
	}
	layer, err := tarball.LayerFromFile(layerFile, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return "", fmt.Errorf("writing layer of %q: %w", root, err)
	}
	img := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	img = mutate.ConfigMediaType(img, types.OCIConfigJSON)
	img, err = mutate.ConfigFile(img, &v1.ConfigFile{
		OS: "linux", Architecture: "amd64", Created: v1.Time{Time: epoch},
		RootFS: v1.RootFS{Type: "layers"}, Config: v1.Config{Env: env, Cmd: []string{"/bin/bash"}},
	})
	if err != nil {
		return "", err
	}
	img, err = mutate.Append(img, mutate.Addendum{Layer: layer, History: v1.History{Created: v1.Time{Time: epoch}, CreatedBy: comment}})
	if err != nil {
		return "", err
	}
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return "", fmt.Errorf("writing OCI layout %q: %w", dir, err)
	}
	platform := &v1.Platform{OS: "linux", Architecture: "amd64"}
	if err := path.AppendImage(img, layout.WithPlatform(*platform)); err != nil {
		return "", fmt.Errorf("writing OCI layout %q: %w", dir, err)
	}
	hash, err := img.Digest()
	return hash.String(), err
}

// writeLayer writes the files below root as a gzip-compressed tar archive.
func writeLayer(name, root string) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	z, err := pgzip.NewWriterLevel(f, pgzip.BestSpeed)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	err = filepath.WalkDir(root, func(file string, e fs.DirEntry, err error) error {
		if err != nil || file == root {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		return addFile(t, file, filepath.ToSlash(rel), e)
	})
	if err != nil {
		return err
	}
	if err := t.Close(); err != nil {
		return err
	}
	return z.Close()
}

func addFile(t *tar.Writer, file, name string, e fs.DirEntry) error {
	info, err := e.Info()
	if err != nil {
		return err
	}
	link := ""
	if e.Type()&fs.ModeSymlink != 0 {
		if link, err = os.Readlink(file); err != nil {
			return err
		}
	}
	h, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	h.Name, h.ModTime = name, epoch
	h.AccessTime, h.ChangeTime = time.Time{}, time.Time{}
	h.Uid, h.Gid, h.Uname, h.Gname = 0, 0, "", ""
	h.Mode &= 0o777
	if err := t.WriteHeader(h); err != nil || !e.Type().IsRegular() {
		return err
	}
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(t, in)
	return err
}
