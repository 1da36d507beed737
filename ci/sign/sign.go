// Package sign signs the files of a release with Sigstore: keyless, with a certificate of
// Fulcio; with a key in cosign's format; or in a dry run, with a key that anyone can make.
// It produces the formats for users of cosign 2 (.sig, .pem) and cosign 3 (bundle).
package sign

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"google.golang.org/protobuf/encoding/protojson"

	"dagger/slipway/ci/dist"
)

// Signer signs the files of one release. It is safe for concurrent use: all signatures use
// one key, and one certificate as long as it is valid.
type Signer struct {
	keys *keypair
	// certificate returns the certificate of the key in DER; nil for a bare key.
	certificate func(context.Context) ([]byte, error)
	above       func() []*x509.Certificate // its issuers; not called for a bare key
	services    *services                  // nil if nothing is recorded in a log
	root        root.TrustedMaterial
}

// Signature is the signature of one file in all formats.
type Signature struct {
	// Sig is the content of the .sig file: the signature in base64.
	Sig []byte
	// Cert is the content of the .pem file: the certificate in PEM, in base64 as cosign 2
	// writes it. It is nil for a bare key.
	Cert []byte
	// Bundle is the content of the .sigstore.json file: a Sigstore bundle v0.3.
	Bundle []byte
}

// File signs a file. Memory use does not depend on its size.
func (s *Signer) File(ctx context.Context, name string) (Signature, error) {
	sum, err := dist.Digest(name)
	if err != nil {
		return Signature{}, fmt.Errorf("signing: %w", err)
	}
	return s.digest(ctx, sum)
}

// digest signs a file by its SHA-256.
func (s *Signer) digest(ctx context.Context, sum [sha256.Size]byte) (Signature, error) {
	b, err := s.bundle(ctx, digestContent(sum), prehashed{s.keys})
	if err != nil {
		return Signature{}, err
	}
	return forms(b)
}

// forms returns the signature in a bundle in all formats. For a statement only the bundle
// is used.
func forms(b *protobundle.Bundle) (Signature, error) {
	out := Signature{Sig: []byte(base64.StdEncoding.EncodeToString(b.GetMessageSignature().GetSignature()))}
	if der := b.GetVerificationMaterial().GetCertificate().GetRawBytes(); der != nil {
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		out.Cert = []byte(base64.StdEncoding.EncodeToString(text))
	}
	var err error
	out.Bundle, err = encode(b)
	return out, err
}

// PayloadType is the media type of the payload that Statement signs.
const PayloadType = "application/vnd.in-toto+json"

// Statement signs an in-toto statement in a DSSE envelope and returns both in a Sigstore
// bundle v0.3.
func (s *Signer) Statement(ctx context.Context, statement []byte) ([]byte, error) {
	b, err := s.bundle(ctx, &sign.DSSEData{Data: statement, PayloadType: PayloadType}, s.keys)
	if err != nil {
		return nil, err
	}
	return encode(b)
}

func (s *Signer) bundle(ctx context.Context, content sign.Content, keys sign.Keypair) (*protobundle.Bundle, error) {
	opts := sign.BundleOptions{Context: ctx}
	if s.certificate != nil {
		opts.CertificateProvider = provider(s.certificate)
	}
	if s.services != nil {
		if err := s.services.add(ctx, &opts); err != nil {
			return nil, err
		}
	}
	b, err := sign.Bundle(content, keys, opts)
	if err != nil && ctx.Err() != nil {
		err = errors.Join(context.Cause(ctx), err)
	}
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return b, nil
}

// provider passes sigstore-go an existing certificate.
type provider func(context.Context) ([]byte, error)

func (p provider) GetCertificate(ctx context.Context, _ sign.Keypair, _ *sign.CertificateProviderOptions) ([]byte, error) {
	return p(ctx)
}

// PublicKey returns the public key in PEM.
func (s *Signer) PublicKey() ([]byte, error) { return s.keys.pem() }

// encode renders a bundle. protojson varies white space between builds to discourage
// comparing its output, but these bytes go into tarballs.
func encode(b *protobundle.Bundle) ([]byte, error) {
	raw, err := protojson.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("writing the bundle: %w", err)
	}
	var out bytes.Buffer
	if err := json.Compact(&out, raw); err != nil {
		return nil, fmt.Errorf("writing the bundle: %w", err)
	}
	return out.Bytes(), nil
}
