// Package provenance makes and checks the SLSA provenance of a release: who built
// which files from which source, as an in-toto statement. It is pure: no network,
// no clock, no files. Signing it is another package's.
//
// The structures are its own: the module of the in-toto project is generated from
// protocol buffers, and their JSON is kept from being the same bytes every time.
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
	// BuildType names the contract that docs/provenance.md of this repository
	// writes down. A TypeURI must be an RFC 3986 URI and need not resolve (in-toto
	// attestation, "TypeURI"). This one belongs to no host, so that it is the same
	// in every fork and verifiers can compare it with a constant. A contract that
	// means something else gets another UUID.
	BuildType = "urn:uuid:4800bc1b-209b-4d8c-893f-d04e0831f8e7"
)

// Statement is an in-toto Statement v1 that holds SLSA provenance v1.
type Statement struct {
	Type          string     `json:"_type"`
	Subject       []Resource `json:"subject"`
	PredicateType string     `json:"predicateType"`
	Predicate     Predicate  `json:"predicate"`
}

// Resource is an in-toto ResourceDescriptor, as far as provenance of slipway has
// one: what it is called, where it is, its digests by algorithm, in hexadecimal.
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

// BuildDefinition is what went into the build.
type BuildDefinition struct {
	BuildType            string     `json:"buildType"`
	ExternalParameters   Parameters `json:"externalParameters"`
	InternalParameters   Internal   `json:"internalParameters,omitzero"`
	ResolvedDependencies []Resource `json:"resolvedDependencies"`
}

// Parameters is everything that a caller chose. Nothing else that a caller says
// reaches the build.
type Parameters struct {
	// Crate is what was built; it is "" of an image that holds a File of the source.
	Crate   string   `json:"crate,omitempty"`
	Version string   `json:"version"`
	Targets []string `json:"targets"` // target triples, sorted
	// Toolchain is the image that was asked for; "" left the choice to the
	// workspace and to slipway.
	Toolchain string `json:"toolchain,omitempty"`
	// ToolchainBase is the Debian image that slipway's own toolchain was asked to
	// be made with; "" left the choice to slipway.
	ToolchainBase string `json:"toolchainBase,omitempty"`
	// Image is the name of the OCI image that was made, "" where files were released;
	// File is what it holds where that was not built.
	Image string `json:"image,omitempty"`
	File  string `json:"file,omitempty"`
	// Directory is the workspace's below the repository's root, slash-separated, "" for the
	// root itself.
	Directory string `json:"directory,omitempty"`
	// Repository is an absolute URL, Ref a full git ref ("refs/heads/main") of it.
	Repository string `json:"repository,omitempty"`
	Ref        string `json:"ref,omitempty"`
}

// Internal is what the builder, not its caller, decided.
type Internal struct {
	Rust string `json:"rust,omitempty"` // the compiler's release, as it said itself
}

// RunDetails is what this build was.
type RunDetails struct {
	Builder    Builder    `json:"builder"`
	Metadata   Metadata   `json:"metadata,omitzero"`
	Byproducts []Resource `json:"byproducts,omitempty"`
}

// OwnMachine is the builder of whoever builds on a machine of their own, and of
// every dry run. It vouches for nothing: see docs/provenance.md, "What it is worth".
const OwnMachine = "urn:uuid:0d6ad0b0-7a2c-4b4e-9b0c-6a3ad6b7c5d1"

// Builder names who is trusted to have built as the provenance says.
type Builder struct {
	ID      string            `json:"id"`                // a URI
	Version map[string]string `json:"version,omitempty"` // by component
}

// Metadata is which run this was. Times are RFC 3339 in UTC.
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
