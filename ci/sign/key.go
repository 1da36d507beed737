package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore/pkg/signature/options"
)

// keypair is an ECDSA P-256 key that signs SHA-256 digests: what cosign generates and every
// version of it verifies. It implements sigstore-go's sign.Keypair.
type keypair struct {
	public *ecdsa.PublicKey
	sign   func(digest []byte) ([]byte, error)
}

// newKeypair generates an ephemeral key.
func newKeypair() (*keypair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("creating a signing key: %w", err)
	}
	return ofKey(key, false), nil
}

// ofKey wraps a private key. If deterministic, signatures follow RFC 6979.
func ofKey(key *ecdsa.PrivateKey, deterministic bool) *keypair {
	random := rand.Reader
	if deterministic {
		random = nil
	}
	return &keypair{public: &key.PublicKey, sign: func(digest []byte) ([]byte, error) { return key.Sign(random, digest, crypto.SHA256) }}
}

// loadKeypair decrypts a private key in cosign's format (an encrypted PEM file).
func loadKeypair(private, password []byte) (*keypair, error) {
	signer, err := cosign.LoadPrivateKey(private, password, nil)
	if err != nil {
		return nil, fmt.Errorf("reading the signing key: %w: expected a private key as `cosign generate-key-pair` writes it, and its password", err)
	}
	public, err := signer.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("reading the signing key: %w", err)
	}
	ec, ok := public.(*ecdsa.PublicKey)
	if !ok || ec.Curve != elliptic.P256() {
		return nil, fmt.Errorf("reading the signing key: it is %T, expected ECDSA on P-256, which `cosign generate-key-pair` makes", public)
	}
	sign := func(digest []byte) ([]byte, error) {
		return signer.SignMessage(nil, options.WithDigest(digest), options.WithCryptoSignerOpts(crypto.SHA256))
	}
	return &keypair{public: ec, sign: sign}, nil
}

// pem returns the public key in PEM.
func (k *keypair) pem() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(k.public)
	if err != nil {
		return nil, fmt.Errorf("writing the public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

func (k *keypair) GetHashAlgorithm() protocommon.HashAlgorithm {
	return protocommon.HashAlgorithm_SHA2_256
}

func (k *keypair) GetSigningAlgorithm() protocommon.PublicKeyDetails {
	return protocommon.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256
}

// GetHint returns the digest of the public key in the form that cosign uses.
func (k *keypair) GetHint() []byte {
	der, err := x509.MarshalPKIXPublicKey(k.public)
	if err != nil {
		return nil // cannot happen: a valid P-256 key can be encoded
	}
	sum := sha256.Sum256(der)
	return []byte(base64.StdEncoding.EncodeToString(sum[:]))
}

func (k *keypair) GetKeyAlgorithm() string { return "ECDSA" }

func (k *keypair) GetPublicKey() crypto.PublicKey { return k.public }

func (k *keypair) GetPublicKeyPem() (string, error) {
	raw, err := k.pem()
	return string(raw), err
}

// SignData signs the SHA-256 of data and returns the signature and that digest.
func (k *keypair) SignData(_ context.Context, data []byte) ([]byte, []byte, error) {
	sum := sha256.Sum256(data)
	sig, err := k.sign(sum[:])
	return sig, sum[:], err
}

// digestContent is a file of which only the digest is used, because it may be large.
type digestContent [sha256.Size]byte

func (d digestContent) PreAuthEncoding() []byte { return d[:] }

func (d digestContent) Bundle(b *protobundle.Bundle, sig, digest []byte, algorithm protocommon.HashAlgorithm) {
	b.Content = &protobundle.Bundle_MessageSignature{MessageSignature: &protocommon.MessageSignature{
		MessageDigest: &protocommon.HashOutput{Algorithm: algorithm, Digest: bytes.Clone(digest)},
		Signature:     sig,
	}}
}

// prehashed is a keypair for digestContent: its SignData is given a digest.
type prehashed struct{ *keypair }

func (k prehashed) SignData(_ context.Context, digest []byte) ([]byte, []byte, error) {
	sig, err := k.sign(digest)
	return sig, digest, err
}
