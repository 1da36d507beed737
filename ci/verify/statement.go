package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sign"
)

// statement is the part of an in-toto statement that all predicate types share.
type statement struct {
	PredicateType string `json:"predicateType"`
	Subject       []struct {
		Name   string            `json:"name"`
		Digest map[string]string `json:"digest"`
	} `json:"subject"`
	Predicate json.RawMessage `json:"predicate"`
}

// readStatement verifies that a bundle on disk is a statement about the file with the given
// digest by the expected signer, and returns it. It adds what is wrong to the report.
func (r *Report) readStatement(ctx context.Context, name string, sum [sha256.Size]byte, e Expectation) ([]byte, bool) {
	b, ok := r.readSigned(name)
	if !ok {
		return nil, false
	}
	return b.payload, r.statement(ctx, filepath.Base(name), b, sum, e)
}

// readSigned parses a bundle on disk. It adds what is wrong to the report.
func (r *Report) readSigned(name string) (*signed, bool) {
	raw, err := readBundle(name)
	if err == nil {
		var b *signed
		if b, err = parse(raw); err == nil {
			return b, true
		}
	}
	r.bad(filepath.Base(name), err)
	return nil, false
}

// statement reports whether a bundle is a statement about the file with the given digest by
// the expected signer.
func (r *Report) statement(ctx context.Context, base string, b *signed, sum [sha256.Size]byte, e Expectation) bool {
	if b.dryRun() {
		err := b.intactStatement()
		if err == nil {
			err = about(b.payload, sum)
		}
		r.dryRun(base, err, e)
		return err == nil
	}
	if err := b.verifyStatement(ctx, sum, e); err != nil {
		r.bad(base, err)
		return false
	}
	return true
}

func readBundle(name string) ([]byte, error) {
	raw, err := beneath.ReadFile(name, maxBundle)
	if err != nil {
		return nil, fmt.Errorf("reading the bundle: %w", err)
	}
	return raw, nil
}

// about returns an error unless a statement has a subject with the given digest.
func about(payload []byte, sum [sha256.Size]byte) error {
	var s statement
	if err := json.Unmarshal(payload, &s); err != nil {
		return fmt.Errorf("reading the statement: %w", err)
	}
	for _, subject := range s.Subject {
		if subject.Digest["sha256"] == hex.EncodeToString(sum[:]) {
			return nil
		}
	}
	return fmt.Errorf("the statement is not about the file with sha256 %x", sum)
}

// sbom verifies the signed SBOM of a binary and compares it with the plain one that is
// shipped too.
func (r *Report) sbom(ctx context.Context, dir string, plain, signed plan.Artifact, sum [sha256.Size]byte, e Expectation) {
	payload, ok := r.readStatement(ctx, filepath.Join(dir, signed.Name), sum, e)
	if !ok {
		return
	}
	var s statement
	if err := json.Unmarshal(payload, &s); err != nil {
		r.bad(signed.Name, fmt.Errorf("reading the statement: %w", err))
		return
	}
	if s.PredicateType != signed.PredicateType() {
		r.bad(signed.Name, fmt.Errorf("the statement holds a %q, expected a %q", s.PredicateType, signed.PredicateType()))
		return
	}
	document, err := beneath.ReadFile(filepath.Join(dir, plain.Name), maxBundle)
	if err == nil {
		err = sameJSON(document, s.Predicate)
	}
	if err != nil {
		r.bad(plain.Name, err)
		return
	}
	r.good(plain.Name, "the SBOM of %s that was signed for it", signed.Binaries[0])
}

func sameJSON(a, b []byte) error {
	var values [2]any
	for i, raw := range [][]byte{a, b} {
		if err := sign.CheckStatement(raw); err != nil {
			return fmt.Errorf("reading the document: %w", err)
		}
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		if err := d.Decode(&values[i]); err != nil {
			return fmt.Errorf("reading the document: %w", err)
		}
		if d.More() {
			return errors.New("reading the document: something follows it")
		}
	}
	if !reflect.DeepEqual(values[0], values[1]) {
		return errors.New("it is not the document that was signed")
	}
	return nil
}
