package sign

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/sigstore/sigstore-go/pkg/bundle"
)

func TestDryRunIsTheSameEverywhere(t *testing.T) {
	name := filepath.Join(t.TempDir(), "binary")
	if err := os.WriteFile(name, []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	sign := func(tag string) Signature {
		t.Helper()
		s, err := DryRun(tag)
		if err != nil {
			t.Fatal(err)
		}
		sig, err := s.File(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return sig
	}
	a, b, other := sign("a/v1.0.0"), sign("a/v1.0.0"), sign("a/v1.0.1")
	if !bytes.Equal(a.Sig, b.Sig) || !bytes.Equal(a.Cert, b.Cert) || !bytes.Equal(a.Bundle, b.Bundle) {
		t.Errorf("two dry runs of one tag differ:\n%s\n%s", a.Bundle, b.Bundle)
	}
	if bytes.Equal(a.Sig, other.Sig) || bytes.Equal(a.Cert, other.Cert) {
		t.Error("dry runs of two tags share a key")
	}
}

func TestDryRunSignatureVerifiesAndSaysWhatItIs(t *testing.T) {
	s, err := DryRun("a/v1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("content"))
	got, err := s.digest(t.Context(), sum)
	if err != nil {
		t.Fatal(err)
	}
	text, err := base64.StdEncoding.DecodeString(string(got.Cert))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !IsDryRun(cert) || cert.Subject.CommonName != "dry run" {
		t.Errorf("the certificate's subject is %q, expected it to say that this is a dry run", cert.Subject)
	}
	raw, err := base64.StdEncoding.DecodeString(string(got.Sig))
	if err != nil {
		t.Fatal(err)
	}
	if !ecdsa.VerifyASN1(cert.PublicKey.(*ecdsa.PublicKey), sum[:], raw) {
		t.Error("the signature is not of the certificate's key")
	}
	var b bundle.Bundle
	if err := b.UnmarshalJSON(got.Bundle); err != nil {
		t.Fatalf("reading the bundle: %v\n%s", err, got.Bundle)
	}
	if entries := b.GetVerificationMaterial().GetTlogEntries(); len(entries) != 0 {
		t.Errorf("a dry run's bundle has log entries: %v", entries)
	}
	if b.MediaType != "application/vnd.dev.sigstore.bundle.v0.3+json" || !bytes.Equal(b.GetMessageSignature().GetSignature(), raw) {
		t.Errorf("the bundle is of type %q, or has another signature:\n%s", b.MediaType, got.Bundle)
	}
}
