package sign

import (
	"fmt"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Limits on a bundle. A parser allocates hundreds of bytes for each value, however short.
const (
	// MaxBundle is the size in bytes of the largest bundle that is read: that of a signature
	// has some kilobytes, that of an SBOM some megabytes.
	MaxBundle = 64 << 20
	// maxValues is how many JSON values a bundle may have: one from the public instance has
	// about a hundred. The statement counts as one.
	maxValues = 10_000
	// maxMaterial is how many bytes a bundle may have apart from its statement: certificates,
	// log entries and signatures. A log entry contains JSON that is parsed too.
	maxMaterial = 1 << 20
	// maxStatement is how many JSON values a statement may have: the SBOM of a crate with a
	// thousand dependencies has some ten thousand.
	maxStatement = 1 << 20
)

// ParseBundle parses a Sigstore bundle without verifying it. slipway parses bundles with
// this function only: it refuses those that would take far more memory than real ones.
func ParseBundle(raw []byte) (*protobundle.Bundle, error) {
	if len(raw) > MaxBundle {
		return nil, fmt.Errorf("it has %d bytes, expected at most %d", len(raw), MaxBundle)
	}
	if manyValues(raw, maxValues) {
		return nil, fmt.Errorf("it has more than %d JSON values, expected fewer", maxValues)
	}
	b := &protobundle.Bundle{}
	if err := protojson.Unmarshal(raw, b); err != nil {
		return nil, err
	}
	statement := b.GetDsseEnvelope().GetPayload()
	if size := proto.Size(b) - len(statement); size > maxMaterial {
		return nil, fmt.Errorf("it has %d bytes beside its statement, expected at most %d", size, maxMaterial)
	}
	return b, CheckStatement(statement)
}

// CheckStatement returns an error if parsing a statement would take far more memory than
// for real ones.
func CheckStatement(raw []byte) error {
	if len(raw) > MaxBundle {
		return fmt.Errorf("the statement has %d bytes, expected at most %d", len(raw), MaxBundle)
	}
	if manyValues(raw, maxStatement) {
		return fmt.Errorf("the statement has more than %d JSON values, expected fewer", maxStatement)
	}
	return nil
}

// CheckEnvelope returns an error if parsing a statement's envelope would take far more
// memory than for real ones.
func CheckEnvelope(raw []byte) error {
	if len(raw) > MaxBundle {
		return fmt.Errorf("the envelope has %d bytes, expected at most %d", len(raw), MaxBundle)
	}
	if manyValues(raw, maxValues) {
		return fmt.Errorf("the envelope has more than %d JSON values, expected fewer", maxValues)
	}
	return nil
}

// manyValues reports whether a JSON text may have more than most values. Outside strings,
// each value but the first follows one of these characters. Invalid JSON is left for the
// parser to refuse.
func manyValues(raw []byte, most int) bool {
	quoted := false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case !quoted && (c == ',' || c == ':' || c == '[' || c == '{'):
			if most--; most < 0 {
				return true
			}
		}
	}
	return false
}
