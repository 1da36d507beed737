// Package layout reads OCI image layouts as far as both runners need it: which image a layout
// contains, and the layout as the single file that engines import.
package layout

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"dagger/slipway/ci/beneath"
)

// maxIndex is the size limit of an index, a manifest or a configuration in bytes; an index with a
// single image has some hundred.
const maxIndex = 4 << 20

// NameOf is [Name] for the layout in a directory, which is read without following links.
func NameOf(dir string) (string, error) {
	d, err := beneath.OpenDir(dir)
	if err != nil {
		return "", fmt.Errorf("reading OCI layout: %w", err)
	}
	defer d.Close()
	return Name(d)
}

// Name returns the name of a layout's image in plans: its digest, independent of the layout's
// location. A layout must contain exactly one image, whose manifest has that digest.
func Name(fsys fs.FS) (string, error) {
	raw, err := read(fsys, "index.json")
	if err != nil {
		return "", fmt.Errorf("reading OCI layout: %w", err)
	}
	var i v1.IndexManifest
	if err := json.Unmarshal(raw, &i); err != nil {
		return "", fmt.Errorf("reading OCI layout: \"index.json\": %w", err)
	}
	if len(i.Manifests) != 1 {
		return "", fmt.Errorf("reading OCI layout: it has %d images, expected one", len(i.Manifests))
	}
	digest := i.Manifests[0].Digest
	manifest, err := read(fsys, path.Join("blobs", digest.Algorithm, digest.Hex))
	if err == nil {
		err = CheckBytes("the manifest", manifest, digest)
	}
	if err != nil {
		return "", fmt.Errorf("reading OCI layout: %w", err)
	}
	return "layout@" + digest.String(), nil
}

// CheckBytes returns an error unless content has the digest. Anyone can write any bytes to a blob of
// a layout, and reading it does not compare them with its name. what is the content's name in the
// error.
func CheckBytes(what string, content []byte, want v1.Hash) error {
	if got := fmt.Sprintf("sha256:%x", sha256.Sum256(content)); got != want.String() {
		return fmt.Errorf("%s has digest %s, expected %s: fetch or make the image again", what, got, want)
	}
	return nil
}

// CheckImage compares an image's manifest and configuration with their digests, because a layout on
// disk may be damaged, or made to look like another image. It does not read the layers.
func CheckImage(img v1.Image, digest v1.Hash) error {
	raw, err := img.RawManifest()
	if err == nil {
		err = CheckBytes("the manifest", raw, digest)
	}
	if err != nil {
		return err
	}
	manifest, err := img.Manifest()
	if err != nil {
		return err
	}
	if raw, err = img.RawConfigFile(); err != nil {
		return err
	}
	return CheckBytes("the configuration", raw, manifest.Config.Digest)
}

// maxImages is how many indexes and manifests a layout may have.
const maxImages = 1_000

// CheckFiles returns an error unless the files of the layout in a directory are fit to be read with
// go-containerregistry, which follows links and reads indexes, manifests and configurations into
// memory whatever their size. Missing files are left to the reader.
func CheckFiles(dir string) error {
	d, err := beneath.OpenDir(dir)
	if err != nil {
		return fmt.Errorf("reading OCI layout: %w", err)
	}
	defer d.Close()
	names := []string{"index.json"}
	for i := 0; i < len(names); i++ {
		more, err := checkFile(d, names[i])
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("reading OCI layout: %w", err)
		}
		for _, name := range more {
			if slices.Contains(names, name) {
				continue
			}
			if names = append(names, name); len(names) > maxImages {
				return fmt.Errorf("reading OCI layout: it has more than %d indexes and manifests, expected fewer", maxImages)
			}
		}
	}
	return nil
}

// checkFile checks an index or a manifest, and the configuration and layers that it names. It returns
// the names of the indexes and manifests that it names.
func checkFile(d *beneath.Dir, name string) (more []string, err error) {
	raw, err := read(d, name)
	if err != nil {
		return nil, err
	}
	var named struct {
		Manifests []v1.Descriptor `json:"manifests"`
		Config    *v1.Descriptor  `json:"config"`
		Layers    []v1.Descriptor `json:"layers"`
	}
	if err := json.Unmarshal(raw, &named); err != nil {
		return nil, fmt.Errorf("%q: %w", name, err)
	}
	for _, m := range named.Manifests {
		more = append(more, blob(m))
	}
	if named.Config != nil {
		if _, err := read(d, blob(*named.Config)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	for _, l := range named.Layers {
		if err := d.Check(blob(l), false); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return more, nil
}

// blob returns the name of a blob in a layout.
func blob(d v1.Descriptor) string { return path.Join("blobs", d.Digest.Algorithm, d.Digest.Hex) }

// read returns the content of an index, a manifest or a configuration.
func read(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxIndex+1))
	if err == nil && len(raw) > maxIndex {
		raw, err = nil, fmt.Errorf("%q has more than %d bytes, expected fewer", name, maxIndex)
	}
	return raw, err
}

// WriteTar writes a layout as a tar archive. Equal files give equal bytes, whatever their owners
// and times.
func WriteTar(w io.Writer, fsys fs.FS) error {
	t := tar.NewWriter(w)
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		return addFile(t, fsys, name)
	})
	if err != nil {
		return fmt.Errorf("reading OCI layout: %w", err)
	}
	return t.Close()
}

func addFile(t *tar.Writer, fsys fs.FS, name string) error {
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: info.Size(), Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err = io.Copy(t, f)
	return err
}
