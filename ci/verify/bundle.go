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

// maxBundle is the size over which a bundle is not read.
const maxBundle = sign.MaxBundle

// signed is a Sigstore bundle.
type signed struct {
	bundle *bundle.Bundle
	cert   *x509.Certificate // nil where a bare key signs

	signature []byte
	digest    []byte // of the file, in a bundle that signs one
	envelope  bool   // it signs a statement
	payload   []byte // the statement
}

// parse reads a bundle and says nothing yet of its worth.
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

// dryRun reports whether a dry run has made it.
func (s *signed) dryRun() bool { return s.cert != nil && sign.IsDryRun(s.cert) }

// run says for people of which commit the run was that signed it, where it was one.
func (s *signed) run() string {
	if commit := runOf(s.cert); commit != "" {
		return ", in a run on commit " + commit
	}
	return ""
}

// Signature returns an error unless a bundle is a signature of the file with that
// digest by whom it is expected of.
func Signature(ctx context.Context, bundle []byte, sum [sha256.Size]byte, e Expectation) error {
	s, err := parse(bundle)
	if err != nil {
		return err
	}
	return s.verify(ctx, sum, e)
}

// Statement returns the statement that a bundle holds. It is an error unless that is
// about a file with that digest, and signed by whom it is expected of.
func Statement(ctx context.Context, bundle []byte, sum [sha256.Size]byte, e Expectation) ([]byte, error) {
	s, err := parse(bundle)
	if err != nil {
		return nil, err
	}
	return s.payload, s.verifyStatement(ctx, sum, e)
}

// verify returns why the bundle is no signature of the file with that digest by
// whom it is expected of. The plain comparisons come first, for their words;
// the last one repeats them all with what stands behind them.
func (s *signed) verify(ctx context.Context, sum [sha256.Size]byte, e Expectation) error {
	if s.envelope {
		return errors.New("the bundle signs a statement, expected one that signs the file")
	}
	if !bytes.Equal(s.digest, sum[:]) {
		return fmt.Errorf("the signature is of another file: of sha256 %x, and this one has %x", s.digest, sum)
	}
	return s.holds(ctx, sum, e)
}

// verifyStatement returns why the bundle is no statement about a file with that
// digest by whom it is expected of.
func (s *signed) verifyStatement(ctx context.Context, sum [sha256.Size]byte, e Expectation) error {
	if !s.envelope {
		return errors.New("the bundle signs a file, expected one that signs a statement")
	}
	return s.holds(ctx, sum, e)
}

// holds asks cosign for its judgement, after the plain comparison of the signer.
func (s *signed) holds(ctx context.Context, sum [sha256.Size]byte, e Expectation) error {
	if err := s.checkSigner(e); err != nil {
		return err
	}
	opts, err := s.options(e)
	if err != nil {
		return err
	}
	if _, err := cosign.VerifyNewBundle(ctx, opts, verify.WithArtifactDigest("sha256", sum[:]), s.bundle); err != nil {
		return fmt.Errorf("the signature does not hold: %w", err)
	}
	return nil
}

// options are cosign's, for its verification of bundles.
func (s *signed) options(e Expectation) (*cosign.CheckOpts, error) {
	opts := &cosign.CheckOpts{NewBundleFormat: true, TrustedMaterial: e.Root, Offline: true}
	opts.UseSignedTimestamps = len(s.bundle.GetVerificationMaterial().GetTimestampVerificationData().GetRfc3161Timestamps()) > 0
	return opts, e.signer(opts)
}

// checkSigner compares what signs the bundle with what is expected to: a key, or the
// holder of a certificate.
func (s *signed) checkSigner(e Expectation) error {
	switch {
	case e.PublicKey != nil && s.cert != nil:
		return errors.New("a certificate signs it, expected the given key")
	case e.PublicKey != nil:
		return nil
	case s.cert == nil:
		return errors.New("a key signs it, expected a certificate: give the key if that is right")
	}
	return e.checkCertificate(s.cert)
}

// intact returns an error unless the bundle's own key signed the file with that
// digest. It says nothing of who holds the key.
func (s *signed) intact(sum [sha256.Size]byte) error {
	key, ok := s.cert.PublicKey.(*ecdsa.PublicKey)
	if !ok || s.envelope || !bytes.Equal(s.digest, sum[:]) || !ecdsa.VerifyASN1(key, sum[:], s.signature) {
		return errors.New("a dry run's signature, and it is not of this file")
	}
	return nil
}

// intactStatement returns an error unless the bundle's own key signed the
// statement that it holds.
func (s *signed) intactStatement() error {
	key, ok := s.cert.PublicKey.(*ecdsa.PublicKey)
	sum := sha256.Sum256(dsse.PAE(s.bundle.GetDsseEnvelope().GetPayloadType(), s.payload))
	if !ok || !s.envelope || !ecdsa.VerifyASN1(key, sum[:], s.signature) {
		return errors.New("a dry run's signature, and it is not of this statement")
	}
	return nil
}
