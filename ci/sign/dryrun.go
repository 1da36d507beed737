package sign

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// DryRunOrganization is the organization in the subject of dry-run certificates, by which
// verification recognises them.
const DryRunOrganization = "slipway dry run: this is no release"

// DryRun returns the signer for a dry run. It contacts no server. The key is derived from
// the tag only, so anyone can make it: the signatures prove nothing, deliberately, and the
// tarballs of a dry run have the same bytes on every machine. The certificate's subject
// says that this is not a release.
func DryRun(tag string) (*Signer, error) {
	seed := sha256.Sum256([]byte(DryRunOrganization + "\n" + tag))
	seed[0] = 0 // less than the order of the curve, so that the key is valid
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		return nil, fmt.Errorf("making the dry-run key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(seed[:16]),
		Subject:      pkix.Name{CommonName: "dry run", Organization: []string{DryRunOrganization}},
		NotBefore:    time.Unix(0, 0).UTC(),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // RFC 5280, 4.1.2.5: no expiry
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	der, err := x509.CreateCertificate(nil, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("making the dry-run certificate: %w", err)
	}
	s := &Signer{keys: ofKey(key, true)}
	s.certificate = func(context.Context) ([]byte, error) { return der, nil }
	return s, nil
}

// IsDryRun reports whether a certificate is a dry run's.
func IsDryRun(cert *x509.Certificate) bool {
	return strings.Join(cert.Subject.Organization, " ") == DryRunOrganization
}
