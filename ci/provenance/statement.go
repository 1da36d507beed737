// Package provenance makes and checks the SLSA provenance of a release, an in-toto
// statement: who built which files from which source. It uses no network, clock or files.
// Signing is up to another package.
//
// It has types of its own because those of the in-toto module are generated from protocol
// buffers, whose JSON is deliberately not stable.
package provenance

import (
	"bytes"
	"encoding/json"
	"fmt"
)

const (
	// StatementType is the type of an in-toto Statement v1.
	StatementType = "https://in-toto.io/Statement/v1"
	// PredicateType is the type of SLSA provenance v1.
	PredicateType = "https://slsa.dev/provenance/v1"
	// BuildType identifies the contract in docs/provenance.md of this repository. A TypeURI
	// must be an RFC 3986 URI and need not resolve (in-toto attestation, "TypeURI"). This one
	// belongs to no host, so that it is the same in every fork and verifiers can compare it
	// with a constant. An incompatible contract gets another UUID.
	BuildType = "urn:uuid:4800bc1b-209b-4d8c-893f-d04e0831f8e7"
)

// Statement is an in-toto Statement v1 with SLSA provenance v1 as its predicate.
type Statement struct {
	Type          string     `json:"_type"`
	Subject       []Resource `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     Predicate  `json:"predicate"`
}

// Resource has the fields of an in-toto ResourceDescriptor that slipway's provenance uses.
// Digests are in hexadecimal, by algorithm.
type Resource struct {
	Name      string            `json:"name,omitempty"`
	URI       string            `json:"uri,omitempty"`
	Digest    map[string]string `json:"digest,omitempty"`
	MediaType string            `json:"mediaType,omitempty"`
}

// Predicate is SLSA provenance v1.
type Predicate struct {
	BuildDefinition BuildDefinition `json:"buildDefinition"`
	RunDetails      RunDetails      `json:"runDetails"`
}

// BuildDefinition describes the inputs of the build.
type BuildDefinition struct {
	BuildType            string     `json:"buildType"`
	ExternalParameters   Parameters `json:"externalParameters"`
	InternalParameters   Internal   `json:"internalParameters,omitzero"`
	ResolvedDependencies []Resource `json:"resolvedDependencies"`
}

// Parameters holds everything that the caller of the build chose. Nothing else from the
// caller reaches the build.
type Parameters struct {
	// Crate is the crate that was built, "" for an image that contains File.
	Crate   string   `json:"crate,omitempty"`
	Version string   `json:"version"`
	Targets []string `json:"targets"` // target triples, sorted
	// Toolchain is the image that was requested; "" left the choice to the workspace and
	// slipway.
	Toolchain string `json:"toolchain,omitempty"`
	// ToolchainBase is the Debian image requested as the base of slipway's own toolchain; ""
	// left the choice to slipway.
	ToolchainBase string `json:"toolchainBase,omitempty"`
	// Image is the name of the OCI image that was made, "" if files were released. File is the
	// source file in the image, if its content was not built.
	Image string `json:"image,omitempty"`
	File  string `json:"file,omitempty"`
	// Directory is the workspace's directory in the repository, slash-separated, "" for the
	// root.
	Directory string `json:"directory,omitempty"`
	// Repository is an absolute URL, Ref a full git ref ("refs/heads/main") of it.
	Repository string `json:"repository,omitempty"`
	Ref        string `json:"ref,omitempty"`
}

// Internal holds what the builder decided, not its caller.
type Internal struct {
	Rust       string `json:"rust,omitempty"`       // the release that the compiler reported
	RustCommit string `json:"rustCommit,omitempty"` // the commit that it reported
}

// RunDetails describes the run of the build.
type RunDetails struct {
	Builder    Builder    `json:"builder"`
	Metadata   Metadata   `json:"metadata,omitzero"`
	Byproducts []Resource `json:"byproducts,omitempty"`
}

// OwnMachine is the builder ID of builds on someone's own machine, and of every dry run. It
// vouches for nothing: see docs/provenance.md, "What it is worth".
const OwnMachine = "urn:uuid:0d6ad0b0-7a2c-4b4e-9b0c-6a3ad6b7c5d1"

// Builder names who is trusted to have built as the provenance says.
type Builder struct {
	ID      string            `json:"id"`                // a URI
	Version map[string]string `json:"version,omitempty"` // by component
}

// Metadata identifies the run. Times are RFC 3339 in UTC.
type Metadata struct {
	InvocationID string `json:"invocationId,omitempty"`
	StartedOn    string `json:"startedOn,omitempty"`
	FinishedOn   string `json:"finishedOn,omitempty"`
}

// JSON renders the statement, indented. Equal statements give equal bytes.
func (s Statement) JSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		return nil, fmt.Errorf("writing provenance: %w", err)
	}
	return b.Bytes(), nil
}
