// Package layout reads OCI image layouts as far as both runners need it: which image a layout
// contains, and the layout as the single file that engines import.
package layout

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"dagger/slipway/ci/beneath"
)

// maxIndex is the size limit of an index in bytes; one with a single image has some hundred.
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

// read returns the content of an index or a manifest.
func read(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxIndex+1))
	if err == nil && len(raw) > maxIndex {
		err = fmt.Errorf("%q has more than %d bytes, expected fewer", name, maxIndex)
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
