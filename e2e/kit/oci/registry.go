package oci

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"dagger/slipway/e2e/imagereg"
	"dagger/slipway/e2e/kit"
)

// StartRegistry starts an empty registry of a kind (imagereg.GGCR, imagereg.Distribution),
// which ends with the test.
func StartRegistry(t testing.TB, kind string) *imagereg.Registry {
	t.Helper()
	r, err := imagereg.Start(kind, filepath.Join(t.TempDir(), "registry"))
	kit.Check(t, err)
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// DirectRepository returns the demo image's repository in a registry, bypassing its proxy.
func DirectRepository(t testing.TB, reg *imagereg.Registry) name.Repository {
	t.Helper()
	repo, err := name.NewRepository(reg.Host + "/" + Source)
	kit.Check(t, err)
	return repo
}

// TagDigest returns the digest of a tag, "" if it does not exist.
func TagDigest(t testing.TB, repo name.Repository, tag string) string {
	t.Helper()
	head, err := remote.Head(repo.Tag(tag))
	if err != nil && strings.Contains(err.Error(), "404") {
		return ""
	}
	kit.Check(t, err)
	return head.Digest.String()
}

// RandomImage returns an image with layers of random content.
func RandomImage(t testing.TB, size int64, layers int64) v1.Image {
	t.Helper()
	img, err := random.Image(size, layers)
	kit.Check(t, err)
	return img
}

// LayoutDigest returns the digest of the only descriptor in a layout's index.
func LayoutDigest(t testing.TB, dir string) string {
	t.Helper()
	var index v1.IndexManifest
	kit.Check(t, json.Unmarshal([]byte(kit.Read(t, dir, "index.json")), &index))
	if len(index.Manifests) != 1 {
		t.Fatalf("%q has %d images", dir, len(index.Manifests))
	}
	return index.Manifests[0].Digest.String()
}
