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

	"dagger/slipway/ci/dist"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sbom"
	"dagger/slipway/ci/sign"
)

// writeSBOM writes the SBOM of a binary.
func (r *Release) writeSBOM(to string, a plan.Artifact, binary string) error {
	document, _, err := r.document(a, binary)
	if err != nil {
		return err
	}
	return write(to, func(w io.Writer) error {
		_, err := w.Write(document)
		return err
	})
}

// writeAttestation writes the SBOM of a binary in a signed statement that names
// the binary by its digest.
func (r *Release) writeAttestation(ctx context.Context, signer *sign.Signer, to string, a plan.Artifact, binary string) error {
	document, sum, err := r.document(a, binary)
	if err != nil {
		return err
	}
	statement, err := json.Marshal(map[string]any{
		"_type":         "https://in-toto.io/Statement/v1",
		"subject":       []any{map[string]any{"name": a.Binaries[0], "digest": map[string]string{"sha256": hex.EncodeToString(sum[:])}}},
		"predicateType": a.PredicateType(),
		"predicate":     json.RawMessage(document),
	})
	if err != nil {
		return fmt.Errorf("writing %q: %w", a.Name, err)
	}
	same := func(earlier []byte) bool { return bytes.Equal(earlier, statement) }
	bundle, err := r.signStatement(ctx, signer, a.Name, statement, sum, same)
	if err != nil {
		return fmt.Errorf("signing %q: %w", a.Name, err)
	}
	return write(to, func(w io.Writer) error {
		_, err := w.Write(bundle)
		return err
	})
}

// document makes the SBOM of a binary, and the binary's digest.
func (r *Release) document(a plan.Artifact, binary string) ([]byte, [sha256.Size]byte, error) {
	sum, err := dist.Digest(binary)
	if err != nil {
		return nil, sum, fmt.Errorf("making the SBOM %q: %w", a.Name, err)
	}
	d, err := sbom.New(sbom.Input{
		Binary: a.Binaries[0], SHA256: sum, Target: a.Target, Graph: r.crates[a.Target], Lock: r.Workspace.Lock,
		Source: r.source(r.crates[a.Target]), Rust: r.rust,
	})
	if err != nil {
		return nil, sum, err
	}
	var out bytes.Buffer
	if a.Format == plan.SPDX {
		err = d.WriteSPDX(&out)
	} else {
		err = d.WriteCycloneDX(&out)
	}
	return out.Bytes(), sum, err
}

// source is the commit that crates of the workspace came from, where that is
// known: the crate's manifest says of which repository.
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
