package local

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"dagger/slipway/ci/step"
)

// image is an unpacked root filesystem.
type image struct {
	Digest string   `json:"digest"` // of the manifest, or of the tree of a step's output
	Env    []string `json:"env"`
	Tree   string   `json:"tree"` // digest of the unpacked files

	root   string
	pinned string // digest, "sha256:…", of what the reference named
}

// platform is what images are taken for.
var platform = v1.Platform{OS: "linux", Architecture: strings.TrimPrefix(step.Platform, "linux/")}

// checkMachine returns an error when programs of that platform do not run on a machine
// of an architecture.
func checkMachine(arch string) error {
	if arch != platform.Architecture {
		return fmt.Errorf("opening the local runner: this machine is linux/%s, and steps run on %s everywhere, so that the same bytes come out: use --runner dagger with an engine, which emulates it", arch, step.Platform)
	}
	return nil
}

// openImage finds an image by reference: the path of an OCI layout on disk, or
// a reference to a registry. The digest is that of what the reference names: of
// the index where it is one.
func openImage(ctx context.Context, ref string) (v1.Image, v1.Hash, error) {
	if _, err := os.Stat(filepath.Join(ref, "oci-layout")); err == nil {
		return openLayout(ref)
	}
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return nil, v1.Hash{}, fmt.Errorf("opening image %q: it is neither a directory with an OCI layout nor an image reference: %w", ref, err)
	}
	named, err := remote.Get(parsed, remote.WithContext(ctx), remote.WithPlatform(platform), remote.WithAuthFromKeychain(authn.DefaultKeychain))
	if err != nil {
		return nil, v1.Hash{}, fmt.Errorf("opening image %q: %w", ref, err)
	}
	img, err := named.Image()
	if err != nil {
		return nil, v1.Hash{}, fmt.Errorf("opening image %q: %w", ref, err)
	}
	return img, named.Digest, nil
}

func openLayout(dir string) (v1.Image, v1.Hash, error) {
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return nil, v1.Hash{}, fmt.Errorf("opening OCI layout %q: %w", dir, err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, v1.Hash{}, fmt.Errorf("opening OCI layout %q: %w", dir, err)
	}
	var found []v1.Descriptor
	for _, m := range manifest.Manifests {
		if m.Platform == nil || m.Platform.Satisfies(platform) {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		return nil, v1.Hash{}, fmt.Errorf("opening OCI layout %q: it has %d images for %s, expected one", dir, len(found), platform)
	}
	if found[0].MediaType.IsIndex() {
		return nil, v1.Hash{}, fmt.Errorf("opening OCI layout %q: it holds an index of images, expected an image", dir)
	}
	img, err := index.Image(found[0].Digest)
	return img, found[0].Digest, err
}

// unpackImage returns the unpacked image, from the store when it is there.
func (s *store) unpackImage(ctx context.Context, ref string) (got image, err error) {
	img, pinned, err := openImage(ctx, ref)
	if err != nil {
		return image{}, err
	}
	digest, err := img.Digest()
	if err != nil {
		return image{}, fmt.Errorf("opening image %q: %w", ref, err)
	}
	unlock, err := s.lockEntry(ctx, digest.Hex)
	if err != nil {
		return image{}, err
	}
	defer unlock()
	defer func() { got.pinned = pinned.String() }()
	if got, err := s.readImage(digest.Hex); err == nil {
		return got, nil
	}
	if err := s.makeImage(img, digest.Hex); err != nil {
		return image{}, fmt.Errorf("unpacking image %q: %w", ref, err)
	}
	return s.readImage(digest.Hex)
}

// readImage returns an unpacked image of the store.
func (s *store) readImage(digest string) (image, error) {
	dir := filepath.Join(s.dir, "images", digest)
	raw, err := os.ReadFile(filepath.Join(dir, "image.json"))
	if err != nil {
		return image{}, err
	}
	var got image
	if err := json.Unmarshal(raw, &got); err != nil || got.Digest != digest {
		return image{}, fmt.Errorf("reading unpacked image %q: its description is damaged", digest)
	}
	got.root = filepath.Join(dir, "rootfs")
	s.used("images", digest)
	return got, nil
}

func (s *store) makeImage(img v1.Image, digest string) error {
	config, err := img.ConfigFile()
	if err != nil {
		return err
	}
	dir, err := s.temp("image-")
	if err != nil {
		return err
	}
	root := filepath.Join(dir, "rootfs")
	if err := os.Mkdir(root, 0o755); err != nil {
		return err
	}
	if err := verifyLayers(img); err != nil {
		return err
	}
	files := mutate.Extract(img)
	err = untar(files, root)
	if err = errors.Join(err, files.Close()); err != nil {
		return err
	}
	if err := addMountPoints(root); err != nil {
		return err
	}
	tree, err := digestTree(root, nil)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(image{Digest: digest, Env: config.Config.Env, Tree: tree})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "image.json"), raw, 0o644); err != nil {
		return err
	}
	if err := removeAll(filepath.Join(s.dir, "images", digest)); err != nil { // a damaged one
		return err
	}
	return s.commit(dir, "images", digest)
}

// addMountPoints makes the files that a step with the network gets from this
// machine, where the image has none: they cannot be made in a read-only root.
func addMountPoints(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.MkdirAll("etc", 0o755); err != nil {
		return err
	}
	for _, name := range hostFiles {
		f, err := root.OpenFile(name[1:], os.O_CREATE|os.O_RDONLY, 0o644)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

// verifyLayers compares each layer's bytes with its digest: a layout on disk
// may have been damaged, and nothing else looks.
func verifyLayers(img v1.Image) error {
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	for _, l := range layers {
		want, err := l.Digest()
		if err != nil {
			return err
		}
		blob, err := l.Compressed()
		if err != nil {
			return err
		}
		got, _, err := v1.SHA256(blob)
		if err = errors.Join(err, blob.Close()); err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("layer %q has the bytes of %q: fetch or make the image again", want, got)
		}
	}
	return nil
}

// untar writes an archive below dir. [os.Root] keeps every name and link
// inside; devices and set-id bits are left out, for nothing in a sandbox has
// the right to use them.
func untar(r io.Reader, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
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

// topEntries lists what is at the top of a root filesystem, links as "name -> to".
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
