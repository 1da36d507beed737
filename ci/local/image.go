package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/repository"
)

// image is an unpacked root filesystem.
type image struct {
	Version int `json:"version"` // storeVersion at the time of unpacking

	Digest string   `json:"digest"` // of the manifest, or of the tree for a step's output
	Env    []string `json:"env"`
	Tree   string   `json:"tree"` // digest of the unpacked files

	root   string
	pinned string // digest of what the reference named, as "sha256:…"
}

// unpackImage returns an unpacked image, from the store if possible. See openImage for ref and
// dir.
func (s *store) unpackImage(ctx context.Context, ref, dir string) (got image, err error) {
	img, pinned, err := openImage(ctx, ref, dir)
	if err != nil {
		return image{}, err
	}
	digest, err := img.Digest()
	if err != nil {
		return image{}, fmt.Errorf("opening image %q: %w", ref, err)
	}
	unlock, err := s.lockEntry(ctx, digest.Hex, nil)
	if err != nil {
		return image{}, err
	}
	defer unlock()
	defer func() { got.pinned = pinned.String() }()
	if got, err := s.readImage(digest.Hex); err == nil {
		return got, nil
	}
	if err := s.makeImage(ctx, img, digest.Hex); err != nil {
		return image{}, fmt.Errorf("unpacking image %q: %w", ref, err)
	}
	return s.readImage(digest.Hex)
}

// readImage returns an unpacked image from the store.
func (s *store) readImage(digest string) (image, error) {
	dir := filepath.Join(s.dir, "images", digest)
	raw, err := os.ReadFile(filepath.Join(dir, "image.json"))
	if err != nil {
		return image{}, err
	}
	var got image
	if err := json.Unmarshal(raw, &got); err != nil || got.Digest != digest || got.Version != storeVersion {
		return image{}, fmt.Errorf("reading unpacked image %q: its description is damaged or from another version", digest)
	}
	got.root = filepath.Join(dir, "rootfs")
	s.used("images", digest)
	return got, nil
}

func (s *store) makeImage(ctx context.Context, img v1.Image, digest string) error {
	config, err := readConfig(img)
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
	if err := unpackLayers(ctx, img, root); err != nil {
		return err
	}
	if err := addMountPoints(root); err != nil {
		return err
	}
	tree, err := digestTree(ctx, root)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(image{Version: storeVersion, Digest: digest, Env: config.Config.Env, Tree: tree})
	if err != nil {
		return err
	}
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "image.json"), raw, 0o644), own(dir)); err != nil {
		return err
	}
	if err := beneath.RemoveAll(filepath.Join(s.dir, "images", digest)); err != nil { // a damaged image
		return err
	}
	return s.commit(dir, "images", digest)
}

// addMountPoints creates the files that a step with a network gets from this machine, unless the
// image has them: they cannot be created in a read-only root.
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

// readConfig returns an image's configuration. go-containerregistry reads as many bytes as the
// manifest says into memory, so that size is checked first.
func readConfig(img v1.Image) (*v1.ConfigFile, error) {
	manifest, err := img.Manifest()
	if err != nil {
		return nil, err
	}
	if size := manifest.Config.Size; size < 0 || size > repository.MaxSmall {
		return nil, fmt.Errorf("its manifest says that its configuration has %d bytes, expected at most %d", size, repository.MaxSmall)
	}
	return img.ConfigFile()
}
