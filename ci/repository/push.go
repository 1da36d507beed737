package repository

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"
)

// Manifest is anything that can be written under a reference.
type Manifest = remote.Taggable

// Entity is an image or an image index.
type Entity interface {
	Manifest
	Digest() (v1.Hash, error)
}

// jobs is how many blobs are pushed at once, the same as crane's default.
const jobs = 4

// Push writes an entity under a reference: first its blobs, then the manifests that it contains,
// and last its own manifest, so that it is complete when it becomes visible. What the registry
// already has is not sent again.
func (r *Repository) Push(ctx context.Context, ref name.Reference, e Entity) error {
	all := contents{seen: map[v1.Hash]bool{}}
	if err := all.add(e); err != nil {
		return fmt.Errorf("pushing %q: %w", ref, err)
	}
	if err := r.uploadAll(ctx, all.blobs); err != nil {
		return fmt.Errorf("pushing %q: %w", ref, err)
	}
	for _, child := range all.children {
		if err := r.putChild(ctx, child); err != nil {
			return fmt.Errorf("pushing %q: %w", ref, err)
		}
	}
	return r.Put(ctx, ref, e)
}

// uploadAll uploads all blobs. The failure of one does not cancel the others, whose partial
// uploads would be lost.
func (r *Repository) uploadAll(ctx context.Context, blobs []v1.Layer) error {
	errs := make([]error, len(blobs))
	var all errgroup.Group
	all.SetLimit(jobs)
	for i, b := range blobs {
		all.Go(func() error {
			errs[i] = r.upload(ctx, b)
			return nil
		})
	}
	_ = all.Wait()
	return errors.Join(errs...)
}

func (r *Repository) putChild(ctx context.Context, child Entity) error {
	h, err := child.Digest()
	if err != nil {
		return err
	}
	ref := r.name.Digest(h.String())
	if _, there, err := r.Digest(ctx, ref); err != nil || there {
		return err
	}
	return r.Put(ctx, ref, child)
}

// contents lists what an entity consists of.
type contents struct {
	blobs    []v1.Layer
	children []Entity // each after its own children
	seen     map[v1.Hash]bool
}

func (c *contents) add(e Entity) error {
	switch e := e.(type) {
	case v1.Image:
		return c.image(e)
	case v1.ImageIndex:
		return c.index(e)
	}
	return fmt.Errorf("it is a %T, expected an image or an index", e)
}

func (c *contents) index(index v1.ImageIndex) error {
	m, err := index.IndexManifest()
	if err != nil {
		return fmt.Errorf("reading the index: %w", err)
	}
	for _, d := range m.Manifests {
		var child Entity
		switch {
		case d.MediaType.IsIndex():
			child, err = index.ImageIndex(d.Digest)
		case d.MediaType.IsImage():
			child, err = index.Image(d.Digest)
		default:
			err = fmt.Errorf("its media type is %q, expected that of an image or an index", d.MediaType)
		}
		if err == nil {
			err = c.add(child)
		}
		if err != nil {
			return fmt.Errorf("reading %s of the index: %w", d.Digest, err)
		}
		c.children = append(c.children, child)
	}
	return nil
}

func (c *contents) image(img v1.Image) error {
	layers, err := img.Layers()
	if err != nil {
		return fmt.Errorf("reading the layers: %w", err)
	}
	config, err := partial.ConfigLayer(img)
	if err != nil {
		return fmt.Errorf("reading the config: %w", err)
	}
	for _, l := range append(layers, config) {
		h, err := l.Digest()
		if err != nil {
			return fmt.Errorf("reading a layer: %w", err)
		}
		kind, err := l.MediaType()
		if err != nil {
			return fmt.Errorf("reading layer %s: %w", h, err)
		}
		if c.seen[h] || !kind.IsDistributable() {
			continue
		}
		c.seen[h] = true
		c.blobs = append(c.blobs, l)
	}
	return nil
}
