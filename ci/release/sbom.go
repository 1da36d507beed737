package release

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"

	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sbom"
	"dagger/slipway/ci/sign"
)

// document is an SBOM of a binary, and the binary's digest.
type document struct {
	content []byte
	binary  [sha256.Size]byte
}

// writeDocuments makes the SBOMs of every binary, and writes those that are artifacts of their
// own to out. It returns all of them by artifact name. They are made before anything is signed,
// so that an error leaves no entry in a transparency log.
func (r *Release) writeDocuments(out string, place func(target, name string) string) (map[string]document, error) {
	documents := map[string]document{}
	for _, a := range r.Plan.Artifacts {
		if a.Kind != plan.SBOM && a.Kind != plan.Attestation {
			continue
		}
		d, err := r.document(a, place(a.Target, a.Binaries[0]))
		if err != nil {
			return nil, err
		}
		documents[a.Name] = d
		if a.Kind != plan.SBOM {
			continue
		}
		if err := write(filepath.Join(out, a.Name), d.writeTo); err != nil {
			return nil, err
		}
	}
	return documents, nil
}

// writeSBOM writes the SBOM of a binary.
func (r *Release) writeSBOM(to string, a plan.Artifact, binary string) error {
	d, err := r.document(a, binary)
	if err != nil {
		return err
	}
	return write(to, d.writeTo)
}

func (d document) writeTo(w io.Writer) error {
	_, err := w.Write(d.content)
	return err
}

// writeAttestation writes the SBOM of a binary as a signed in-toto statement about the binary's
// digest.
func (r *Release) writeAttestation(ctx context.Context, signer *sign.Signer, to string, a plan.Artifact, d document) error {
	statement, err := json.Marshal(map[string]any{
		"_type":         "https://in-toto.io/Statement/v1",
		"subject":       []any{map[string]any{"name": a.Binaries[0], "digest": map[string]string{"sha256": hex.EncodeToString(d.binary[:])}}},
		"predicateType": a.PredicateType(),
		"predicate":     json.RawMessage(d.content),
	})
	if err != nil {
		return fmt.Errorf("writing %q: %w", a.Name, err)
	}
	same := func(earlier []byte) bool { return bytes.Equal(earlier, statement) }
	bundle, err := r.signStatement(ctx, signer, a.Name, statement, d.binary, same)
	if err != nil {
		return fmt.Errorf("signing %q: %w", a.Name, err)
	}
	return write(to, document{content: bundle}.writeTo)
}

// document makes the SBOM of a binary.
func (r *Release) document(a plan.Artifact, binary string) (document, error) {
	sum, err := dist.Digest(binary)
	if err != nil {
		return document{}, fmt.Errorf("making the SBOM %q: %w", a.Name, err)
	}
	d, err := sbom.New(sbom.Input{
		Binary: a.Binaries[0], SHA256: sum, Target: a.Target, Graph: r.crates[a.Target], Lock: r.Workspace.Lock,
		Source: r.source(r.crates[a.Target]), Rust: r.rust,
	})
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

// source returns the commit that the workspace's crates were built from, and the repository
// named by the crate's manifest. It returns the zero value if either is unknown.
func (r *Release) source(g sbom.Graph) sbom.Source {
	if r.Plan.Source.Commit == "" || r.Plan.Source.Dirty || len(g.Crates) == 0 {
		return sbom.Source{}
	}
	u, err := url.Parse(g.Crates[0].Repository)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return sbom.Source{}
	}
	return sbom.Source{Repository: g.Crates[0].Repository, Commit: r.Plan.Source.Commit}
}
