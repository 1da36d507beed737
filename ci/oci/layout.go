package oci

import (
	"fmt"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

const (
	// refName is the annotation for an image's name in a layout (image-spec, annotations.md). Its
	// value is the tag, which is what skopeo looks for.
	refName = "org.opencontainers.image.ref.name"
	// containerdName is the annotation that `ctr image import` takes an image's name from.
	containerdName = "io.containerd.image.name"
)

// WriteImageLayout writes an OCI layout (image-spec, image-layout.md) with one v1.Image or
// v1.ImageIndex to dir, which must not exist, and returns its digest. reference is the full
// name of the image, with registry, repository and tag. It is only recorded in the layout, in
// the annotations of index.json's descriptor. On error dir is removed.
func WriteImageLayout(dir string, it mutate.Appendable, reference string) (digest v1.Hash, err error) {
	tag, err := name.NewTag(reference, name.StrictValidation)
	if err != nil {
		return digest, fmt.Errorf("writing OCI layout %q: the reference %.200q is not complete: %w; expected one like ghcr.io/owner/image:1.2.3", dir, reference, err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return digest, fmt.Errorf("writing OCI layout: %w; expected a directory that does not exist", err)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
			err = fmt.Errorf("writing OCI layout %q: %w", dir, err)
		}
	}()
	if err := appendTo(dir, it, map[string]string{refName: tag.TagStr(), containerdName: reference}); err != nil {
		return digest, err
	}
	return it.Digest()
}

func appendTo(dir string, it mutate.Appendable, annotations map[string]string) error {
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	var d v1.Descriptor
	switch it := it.(type) {
	case v1.Image:
		if d, err = describe(it); err == nil {
			err = path.WriteImage(it)
		}
	case v1.ImageIndex:
		if d, err = describeIndex(it); err == nil {
			err = path.WriteIndex(it)
		}
	default:
		err = fmt.Errorf("it is a %T; expected an image or an index", it)
	}
	if err != nil {
		return err
	}
	d.Annotations = annotations
	return path.AppendDescriptor(d)
}
