package oci

import (
	"bytes"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// configFile returns an image's configuration (image-spec, config.md). Without diff IDs it has
// an empty list, because null would be invalid.
func configFile(p v1.Platform, c v1.Config, diffIDs ...v1.Hash) v1.ConfigFile {
	return v1.ConfigFile{
		OS:           p.OS,
		Architecture: p.Architecture,
		Created:      v1.Time{Time: epoch},
		Config:       c,
		RootFS:       v1.RootFS{Type: "layers", DiffIDs: append([]v1.Hash{}, diffIDs...)},
	}
}

func sum(raw []byte) (v1.Hash, int64) {
	digest, size, _ := v1.SHA256(bytes.NewReader(raw)) // reading from memory cannot fail
	return digest, size
}
