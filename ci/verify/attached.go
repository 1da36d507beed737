package verify

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/cosign/v2/pkg/oci"
	"github.com/sigstore/cosign/v2/pkg/oci/static"

	"dagger/slipway/ci/sign"
)

// Signatures verifies the signatures that cosign keeps for an image with the given digest.
// It returns how many are as expected, and why each other one is not. err is an error
// reading them.
func (e Expectation) Signatures(ctx context.Context, found oci.Signatures, image v1.Hash) (good int, others []error, err error) {
	opts, err := e.imageOptions(cosign.SimpleClaimVerifier)
	if err != nil {
		return 0, nil, err
	}
	err = fetchEach(found, func(f fetched) {
		if err := e.judge(ctx, f, image, opts, cosign.VerifyImageSignature); err != nil {
			others = append(others, err)
		} else {
			good++
		}
	})
	if err != nil {
		return 0, nil, fmt.Errorf("reading the signatures: %w", err)
	}
	return good, others, nil
}

// Attestation is a signed statement about an image.
type Attestation struct {
	// PredicateType is the predicate type that the statement declares.
	PredicateType string
	// Statement is the in-toto statement, nil if it was refused.
	Statement []byte
	// Commit is the commit of the run that signed it, "" if the certificate names none.
	Commit string
	// Refused says why the attestation is not as expected: signed by someone else, or about
	// another image. It is nil if it is as expected.
	Refused error
}

// Attestations verifies the attestations that cosign keeps for an image with the given
// digest. err is an error reading them.
func (e Expectation) Attestations(ctx context.Context, found oci.Signatures, image v1.Hash) ([]Attestation, error) {
	opts, err := e.imageOptions(cosign.IntotoSubjectClaimVerifier)
	if err != nil {
		return nil, err
	}
	var all []Attestation
	err = fetchEach(found, func(f fetched) {
		a, err := open(f.payload)
		if err == nil {
			err = e.judge(ctx, f, image, opts, cosign.VerifyBlobAttestation)
		}
		if cert, e := f.Cert(); e == nil {
			a.Commit = runOf(cert)
		}
		if a.Refused = err; err != nil {
			a.Statement = nil // not verified, so not to be used
		}
		all = append(all, a)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the attestations: %w", err)
	}
	return all, nil
}

// open reads the statement in an envelope without verifying its signature.
func open(envelope []byte) (Attestation, error) {
	if err := sign.CheckEnvelope(envelope); err != nil {
		return Attestation{}, err
	}
	var e dsse.Envelope
	if err := json.Unmarshal(envelope, &e); err != nil {
		return Attestation{}, fmt.Errorf("reading the envelope: %w", err)
	}
	raw, err := base64.StdEncoding.DecodeString(e.Payload)
	if err != nil {
		return Attestation{}, fmt.Errorf("reading the envelope: %w", err)
	}
	if err := sign.CheckStatement(raw); err != nil {
		return Attestation{}, err
	}
	var s statement
	if err := json.Unmarshal(raw, &s); err != nil {
		return Attestation{}, fmt.Errorf("reading the statement: %w", err)
	}
	return Attestation{PredicateType: s.PredicateType, Statement: raw}, nil
}

// States returns an error unless an unsigned statement has the given predicate type and is
// about the image with the given digest.
func States(raw []byte, predicateType string, image v1.Hash) error {
	var s statement
	if err := json.Unmarshal(raw, &s); err != nil {
		return fmt.Errorf("reading the statement: %w", err)
	}
	if s.PredicateType != predicateType {
		return fmt.Errorf("the statement holds a %q, expected a %q", s.PredicateType, predicateType)
	}
	for _, subject := range s.Subject {
		if subject.Digest[image.Algorithm] == image.Hex {
			return nil
		}
	}
	return fmt.Errorf("the statement is not about the image %s", image)
}

// judge checks the signer, then has cosign verify the signature.
func (e Expectation) judge(ctx context.Context, s oci.Signature, image v1.Hash, opts *cosign.CheckOpts,
	verify func(context.Context, oci.Signature, v1.Hash, *cosign.CheckOpts) (bool, error),
) error {
	if err := e.checkAttached(s); err != nil {
		return err
	}
	whole, err := static.Copy(s)
	if err != nil {
		return fmt.Errorf("reading its annotations: %w", err)
	}
	logged, err := verify(ctx, whole, image, opts)
	if err == nil && !logged {
		err = errors.New("it is in no transparency log")
	}
	return err
}

// checkAttached compares the certificate of a signature with the expected signer.
func (e Expectation) checkAttached(s oci.Signature) error {
	if e.PublicKey != nil {
		return nil
	}
	cert, err := s.Cert()
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	if cert == nil {
		return errors.New("signed with a key, expected a certificate: pass the key if that is intended")
	}
	return e.checkCertificate(cert)
}

// imageOptions returns cosign's options for verifying signatures of images. Log entries are
// verified offline, because signatures of images carry them.
func (e Expectation) imageOptions(claim func(oci.Signature, v1.Hash, map[string]any) error) (*cosign.CheckOpts, error) {
	opts := &cosign.CheckOpts{TrustedMaterial: e.Root, ClaimVerifier: claim, Offline: true}
	return opts, e.signer(opts)
}
