package oci

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// index is an image index with exactly these manifest bytes.
type index struct {
	manifest []byte
	images   map[v1.Hash]v1.Image
}

// Index makes an image index (image-spec, image-index.md) of images for different platforms.
// Platforms are taken from the images' configurations. Entries are sorted by platform, whatever
// the order of images.
func Index(images []v1.Image, annotations map[string]string) (v1.ImageIndex, error) {
	fail := func(err error) (v1.ImageIndex, error) { return nil, fmt.Errorf("making an image index: %w", err) }
	if len(images) == 0 {
		return fail(errors.New("there are no images; expected one for each platform"))
	}
	made := &index{images: map[v1.Hash]v1.Image{}}
	byPlatform := map[string]v1.Descriptor{}
	for _, img := range images {
		d, err := describe(img)
		if err != nil {
			return fail(err)
		}
		if _, twice := byPlatform[d.Platform.String()]; twice {
			return fail(fmt.Errorf("there are two images for %s; expected one for each platform", d.Platform))
		}
		byPlatform[d.Platform.String()], made.images[d.Digest] = d, img
	}
	var sorted []v1.Descriptor
	for _, p := range slices.Sorted(maps.Keys(byPlatform)) {
		sorted = append(sorted, byPlatform[p])
	}
	manifest := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: sorted, Annotations: annotations}
	var err error
	if made.manifest, err = json.Marshal(manifest); err != nil {
		return fail(err)
	}
	return made, nil
}

// describe returns an image's descriptor with the platform from its configuration; a wasm
// artifact's configuration has it in the same fields. It sets no artifact type, because
// go-containerregistry would treat every image as an artifact.
func describe(img v1.Image) (d v1.Descriptor, err error) {
	config, err := img.ConfigFile()
	if err != nil {
		return d, err
	}
	raw, err := img.RawManifest()
	if err != nil {
		return d, err
	}
	if d.MediaType, err = img.MediaType(); err != nil {
		return d, err
	}
	d.Digest, d.Size = sum(raw)
	if d.Platform = config.Platform(); d.Platform == nil || d.Platform.OS == "" || d.Platform.Architecture == "" {
		return d, fmt.Errorf("the configuration of image %s says no platform; expected os and architecture", d.Digest)
	}
	return d, nil
}

// describeIndex returns an index's descriptor. It has no platform, because an index covers
// several.
func describeIndex(index v1.ImageIndex) (d v1.Descriptor, err error) {
	raw, err := index.RawManifest()
	if err != nil {
		return d, err
	}
	d.Digest, d.Size = sum(raw)
	d.MediaType, err = index.MediaType()
	return d, err
}

func (i *index) MediaType() (types.MediaType, error) { return types.OCIImageIndex, nil }
func (i *index) RawManifest() ([]byte, error)        { return i.manifest, nil }
func (i *index) Size() (int64, error)                { return int64(len(i.manifest)), nil }

func (i *index) Digest() (v1.Hash, error) {
	digest, _ := sum(i.manifest)
	return digest, nil
}

func (i *index) IndexManifest() (*v1.IndexManifest, error) {
	var m v1.IndexManifest
	return &m, json.Unmarshal(i.manifest, &m)
}

func (i *index) Image(h v1.Hash) (v1.Image, error) {
	img, ok := i.images[h]
	if !ok {
		return nil, fmt.Errorf("looking for image %s: the index has none with that digest", h)
	}
	return img, nil
}

func (i *index) ImageIndex(h v1.Hash) (v1.ImageIndex, error) {
	return nil, fmt.Errorf("looking for image index %s: the index only has images", h)
}
