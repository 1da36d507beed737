package oci

import (
	"encoding/json"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// layer is the single layer of an image. It is streamed from its file on each read, so memory
// use does not grow with its size.
type layer struct {
	file           string
	mediaType      types.MediaType
	content        content
	digest, diffID v1.Hash
	size           int64
}

func newLayer(file string, mediaType types.MediaType, c content) (*layer, error) {
	digest, size, err := c.digest()
	return &layer{file, mediaType, c, digest, digest, size}, err
}

// newGzippedLayer returns a compressed layer, whose diff ID is the digest of the uncompressed
// archive (image-spec, config.md, "Layer DiffID").
func newGzippedLayer(file string, mediaType types.MediaType, c content) (*layer, error) {
	diffID, _, err := c.digest()
	if err != nil {
		return nil, err
	}
	l, err := newLayer(file, mediaType, c.gzipped())
	l.diffID = diffID
	return l, err
}

func (l *layer) Digest() (v1.Hash, error)            { return l.digest, nil }
func (l *layer) DiffID() (v1.Hash, error)            { return l.diffID, nil }
func (l *layer) Size() (int64, error)                { return l.size, nil }
func (l *layer) MediaType() (types.MediaType, error) { return l.mediaType, nil }
func (l *layer) Compressed() (io.ReadCloser, error) {
	return l.content.openUnchanged(l.file, l.digest), nil
}

func (l *layer) describe() v1.Descriptor {
	return v1.Descriptor{MediaType: l.mediaType, Size: l.size, Digest: l.digest}
}

// image is an image with exactly these configuration and manifest bytes.
type image struct {
	config, manifest []byte
	layer            *layer
}

// newImage makes an image of a configuration and a layer (image-spec, manifest.md). The
// manifest does not refer to the image's destination, so the digest is the same in every
// registry and under every tag.
func newImage(config any, configType types.MediaType, l *layer, annotations map[string]string) (v1.Image, error) {
	raw, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	digest, size := sum(raw)
	manifest, err := json.Marshal(v1.Manifest{
		SchemaVersion: 2,
		MediaType:     types.OCIManifestSchema1,
		Config:        v1.Descriptor{MediaType: configType, Size: size, Digest: digest},
		Layers:        []v1.Descriptor{l.describe()},
		Annotations:   annotations,
	})
	if err != nil {
		return nil, err
	}
	return partial.CompressedToImage(&image{raw, manifest, l})
}

func (i *image) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }
func (i *image) RawConfigFile() ([]byte, error)      { return i.config, nil }
func (i *image) RawManifest() ([]byte, error)        { return i.manifest, nil }

func (i *image) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) {
	if h != i.layer.digest {
		return nil, fmt.Errorf("looking for layer %s: the image has %s only", h, i.layer.digest)
	}
	return i.layer, nil
}
