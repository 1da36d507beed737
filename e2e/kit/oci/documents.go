package oci

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"

	"dagger/slipway/ci/provenance"
)

// SBOM returns an SPDX statement about the image.
func (r Release) SBOM(context.Context) ([]byte, error) {
	hash := strings.TrimPrefix(r.Image.Digest().DigestStr(), "sha256:")
	return json.Marshal(map[string]any{
		"_type":         provenance.StatementType,
		"subject":       []any{map[string]any{"name": r.Image.Digest().Context().Name(), "digest": map[string]string{"sha256": hash}}},
		"predicateType": SPDXType,
		"predicate":     map[string]any{"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "demo", "dataLicense": "CC0-1.0"},
	})
}

// Provenance returns a SLSA statement about the image, built from runwasi's repository.
func (r Release) Provenance(context.Context) ([]byte, error) {
	s, err := r.Statement("https://github.com/containerd/runwasi")
	if err != nil {
		return nil, err
	}
	return s.JSON()
}

// Statement returns the provenance of the image as built from a repository.
func (r Release) Statement(from string) (provenance.Statement, error) {
	sum, err := provenance.ParseDigest(r.Image.Digest().DigestStr())
	if err != nil {
		return provenance.Statement{}, err
	}
	any := sha256.Sum256([]byte("anything"))
	return provenance.New(provenance.Input{
		Subjects:   map[string][sha256.Size]byte{r.Image.Digest().Context().Name(): sum},
		Parameters: provenance.Parameters{Crate: "wasi-demo-app", Version: r.Image.Tag().TagStr(), Targets: []string{"wasm32-wasip1"}, Repository: from, Ref: "refs/heads/main"},
		Commit:     Commit,
		Toolchain:  provenance.Image{Reference: "rust:1.96.0", Digest: fmt.Sprintf("sha256:%x", any)},
		Lock:       any, Plan: any, Rust: "1.96.0", Builder: provenance.Builder{ID: Identity},
	})
}
