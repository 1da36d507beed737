// Package layout reads OCI image layouts as far as both runners need to: which
// image one holds, and the layout as the one file that engines import.
package layout

import (
	"archive/tar"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
)

// index is an OCI image index (image-spec, "OCI Image Index Specification").
type index struct {
	Manifests []struct {
		Digest   string `json:"digest"`
		Platform *struct {
			Architecture string `json:"architecture"`
			OS           string `json:"os"`
		} `json:"platform"`
	} `json:"manifests"`
}

// Name is what a plan calls the image of a layout: its digest, the same
// wherever the layout lies. A layout must hold one image.
func Name(fsys fs.FS) (string, error) {
	raw, err := fs.ReadFile(fsys, "index.json")
	if err != nil {
		return "", fmt.Errorf("reading OCI layout: %w", err)
	}
	var i index
	if err := json.Unmarshal(raw, &i); err != nil {
		return "", fmt.Errorf("reading OCI layout: \"index.json\": %w", err)
	}
	if len(i.Manifests) != 1 {
		return "", fmt.Errorf("reading OCI layout: it has %d images, expected one", len(i.Manifests))
	}
	return "layout@" + i.Manifests[0].Digest, nil
}

// WriteTar writes a layout as one tar archive.
func WriteTar(w io.Writer, fsys fs.FS) error {
	t := tar.NewWriter(w)
	if err := t.AddFS(fsys); err != nil {
		return fmt.Errorf("reading OCI layout: %w", err)
	}
	return t.Close()
}
