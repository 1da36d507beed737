package assemble

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"

	"dagger/slipway/ci/build"
	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sbom"
)

// document is an SBOM of a binary, and the binary's digest.
type document struct {
	content []byte
	binary  [sha256.Size]byte
}

// writeDocuments makes the SBOMs of every binary, and writes those that are artifacts of their
// own.
func (m *making) writeDocuments(context.Context) error {
	m.documents = map[string]document{}
	for _, a := range m.Build.Plan.Artifacts {
		if a.Kind != plan.SBOM && a.Kind != plan.Attestation {
			continue
		}
		d, err := m.document(a, m.place(a.Target, a.Binaries[0]))
		if err != nil {
			return err
		}
		m.documents[a.Name] = d
		if a.Kind != plan.SBOM {
			continue
		}
		if err := writeBytes(filepath.Join(m.out, a.Name), d.content); err != nil {
			return err
		}
	}
	return nil
}

// WriteSBOM writes the SBOM of a binary.
func (c *Crate) WriteSBOM(to string, a plan.Artifact, binary string) error {
	d, err := c.document(a, binary)
	if err != nil {
		return err
	}
	return writeBytes(to, d.content)
}

// writeAttestation writes the SBOM of a binary as a signed in-toto statement about the binary's
// digest.
func (m *making) writeAttestation(ctx context.Context, to string, a plan.Artifact) error {
	d := m.documents[a.Name]
	statement, err := newStatement(a.Binaries[0], hex.EncodeToString(d.binary[:]), a.PredicateType(), d.content)
	if err != nil {
		return fmt.Errorf("writing %q: %w", a.Name, err)
	}
	same := func(earlier []byte) bool { return bytes.Equal(earlier, statement) }
	bundle, err := m.signStatement(ctx, a.Name, statement, d.binary, same)
	if err != nil {
		return fmt.Errorf("signing %q: %w", a.Name, err)
	}
	return writeBytes(to, bundle)
}

// newStatement returns an in-toto statement about a subject with a SHA-256 in hexadecimal. predicate
// is JSON.
func newStatement(subject, digest, predicateType string, predicate []byte) ([]byte, error) {
	return json.Marshal(map[string]any{
		"_type":         "https://in-toto.io/Statement/v1",
		"subject":       []any{map[string]any{"name": subject, "digest": map[string]string{"sha256": digest}}},
		"predicateType": predicateType,
		"predicate":     json.RawMessage(predicate),
	})
}

// document makes the SBOM of a binary.
func (c *Crate) document(a plan.Artifact, binary string) (document, error) {
	sum, err := dist.Digest(binary)
	if err != nil {
		return document{}, fmt.Errorf("making the SBOM %q: %w", a.Name, err)
	}
	d, err := newSBOM(c.Build, c.Built, a.Binaries[0], a.Target, sum)
	if err != nil {
		return document{}, err
	}
	var out bytes.Buffer
	if a.Format == plan.SPDX {
		err = d.WriteSPDX(&out)
	} else {
		err = d.WriteCycloneDX(&out)
	}
	return document{content: out.Bytes(), binary: sum}, err
}

// newSBOM describes a binary of a crate.
func newSBOM(from *build.Crate, b *build.Built, binary, target string, sum [sha256.Size]byte) (*sbom.Document, error) {
	graph := b.Graphs[target]
	return sbom.New(sbom.Input{
		Binary: binary, SHA256: sum, Target: target, Graph: graph, Lock: b.Lock,
		Source: source(from.Plan.Source, graph), Rust: b.Rust,
	})
}

// source returns the commit that the workspace's crates were built from, and the repository
// named by the crate's manifest. It returns the zero value if either is unknown.
func source(of plan.Source, g sbom.Graph) sbom.Source {
	if of.Commit == "" || of.Dirty || len(g.Crates) == 0 {
		return sbom.Source{}
	}
	u, err := url.Parse(g.Crates[0].Repository)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return sbom.Source{}
	}
	return sbom.Source{Repository: g.Crates[0].Repository, Commit: of.Commit}
}
