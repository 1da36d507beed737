package verify

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"dagger/slipway/ci/sign"
)

// maxBundle is the largest bundle that is read, in bytes.
const maxBundle = sign.MaxBundle

// signed is a parsed Sigstore bundle.
type signed struct {
	bundle *bundle.Bundle
	cert   *x509.Certificate // nil if a bare key signs

	signature []byte
	digest    []byte // of the file, in a bundle that signs a file
	envelope  bool   // it signs a statement
	payload   []byte // the statement
}

// parse parses a bundle without verifying it.
func parse(raw []byte) (*signed, error) {
	pb, err := sign.ParseBundle(raw)
	if err != nil {
		return nil, fmt.Errorf("reading the bundle: %w: expected a Sigstore bundle", err)
	}
	b, err := bundle.NewBundle(pb)
	if err != nil {
		return nil, fmt.Errorf("reading the bundle: %w: expected a Sigstore bundle", err)
	}
	s := &signed{bundle: b}
	if der := b.GetVerificationMaterial().GetCertificate().GetRawBytes(); der != nil {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("reading the bundle's certificate: %w", err)
		}
		s.cert = cert
	}
	if m := b.GetMessageSignature(); m != nil {
		s.signature, s.digest = m.GetSignature(), m.GetMessageDigest().GetDigest()
		return s, nil
	}
	signatures := b.GetDsseEnvelope().GetSignatures()
	if len(signatures) != 1 {
		return nil, fmt.Errorf("reading the bundle: it has %d signatures, expected one", len(signatures))
	}
	s.signature, s.envelope, s.payload = signatures[0].GetSig(), true, b.GetDsseEnvelope().GetPayload()
	return s, nil
}

// dryRun reports whether the bundle was signed in a dry run.
func (s *signed) dryRun() bool { return s.cert != nil && sign.IsDryRun(s.cert) }

// run returns a phrase naming the commit of the run that signed the bundle, "" if the
// certificate names none.
func (s *signed) run() string {
	if commit := runOf(s.cert); commit != "" {
		return ", in a run on commit " + commit
	}
	return ""
}

// Signature returns an error unless the bundle is a signature of the file with the given
// digest by the expected signer.
func Signature(ctx context.Context, bundle []byte, sum [sha256.Size]byte, e Expectation) error {
	s, err := parse(bundle)
	if err != nil {
		return err
	}
	return s.verify(ctx, sum, e)
}

// Statement returns the statement in a bundle. It returns an error unless the statement is
// about the file with the given digest and signed by the expected signer.
func Statement(ctx context.Context, bundle []byte, sum [sha256.Size]byte, e Expectation) ([]byte, error) {
	s, err := parse(bundle)
	if err != nil {
		return nil, err
	}
	return s.payload, s.verifyStatement(ctx, sum, e)
}

// verify returns an error unless the bundle is a signature of the file with the given
// digest by the expected signer. The plain comparisons come first because their errors are
// clearer; cosign's verification repeats them cryptographically.
func (s *signed) verify(ctx context.Context, sum [sha256.Size]byte, e Expectation) error {
	if s.envelope {
		return errors.New("the bundle signs a statement, expected one that signs the file")
	}
	if !bytes.Equal(s.digest, sum[:]) {
		return fmt.Errorf("the signature is for another file, with sha256 %x: this one has %x", s.digest, sum)
	}
	return s.holds(ctx, sum, e)
}

// verifyStatement returns an error unless the bundle is a statement about the file with the
// given digest by the expected signer.
func (s *signed) verifyStatement(ctx context.Context, sum [sha256.Size]byte, e Expectation) error {
	if !s.envelope {
		return errors.New("the bundle signs a file, expected one that signs a statement")
	}
	return s.holds(ctx, sum, e)
}

// holds checks the signer, then has cosign verify the bundle.
func (s *signed) holds(ctx context.Context, sum [sha256.Size]byte, e Expectation) error {
	if err := s.checkSigner(e); err != nil {
		return err
	}
	opts, err := s.options(e)
	if err != nil {
		return err
	}
	if _, err := cosign.VerifyNewBundle(ctx, opts, verify.WithArtifactDigest("sha256", sum[:]), s.bundle); err != nil {
		return fmt.Errorf("the signature is not valid: %w", err)
	}
	return nil
}

// options returns cosign's options for verifying the bundle.
func (s *signed) options(e Expectation) (*cosign.CheckOpts, error) {
	opts := &cosign.CheckOpts{NewBundleFormat: true, TrustedMaterial: e.Root, Offline: true}
	opts.UseSignedTimestamps = len(s.bundle.GetVerificationMaterial().GetTimestampVerificationData().GetRfc3161Timestamps()) > 0
	return opts, e.signer(opts)
}

// checkSigner compares the signer of the bundle, a key or a certificate identity, with the
// expected one.
func (s *signed) checkSigner(e Expectation) error {
	switch {
	case e.PublicKey != nil && s.cert != nil:
		return errors.New("signed with a certificate, expected the given key")
	case e.PublicKey != nil:
		return nil
	case s.cert == nil:
		return errors.New("signed with a key, expected a certificate: pass the key if that is intended")
	}
	return e.checkCertificate(s.cert)
}

// intact returns an error unless the key in the bundle signed the file with the given
// digest. It does not say who holds that key.
func (s *signed) intact(sum [sha256.Size]byte) error {
	key, ok := s.cert.PublicKey.(*ecdsa.PublicKey)
	if !ok || s.envelope || !bytes.Equal(s.digest, sum[:]) || !ecdsa.VerifyASN1(key, sum[:], s.signature) {
		return errors.New("a dry run's signature, and not for this file")
	}
	return nil
}

// intactStatement returns an error unless the key in the bundle signed the statement in it.
func (s *signed) intactStatement() error {
	key, ok := s.cert.PublicKey.(*ecdsa.PublicKey)
	sum := sha256.Sum256(dsse.PAE(s.bundle.GetDsseEnvelope().GetPayloadType(), s.payload))
	if !ok || !s.envelope || !ecdsa.VerifyASN1(key, sum[:], s.signature) {
		return errors.New("a dry run's signature, and not for this statement")
	}
	return nil
}
