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

// DryRunOrganization is the organization in the subject of the certificates of
// dry runs, by which verification knows them.
const DryRunOrganization = "slipway dry run: this is no release"

// DryRun makes the signer of a dry run. Nothing of it reaches a server. Its key
// follows from the tag alone, so that anyone can make it: its signatures prove
// nothing, which is the point, and the tarballs of a dry run are the same bytes
// on every machine. The certificate says in its subject that this is no release.
func DryRun(tag string) (*Signer, error) {
	seed := sha256.Sum256([]byte(DryRunOrganization + "\n" + tag))
	seed[0] = 0 // below the order of the curve: a valid private key
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		return nil, fmt.Errorf("making the key of a dry run: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(seed[:16]),
		Subject:      pkix.Name{CommonName: "dry run", Organization: []string{DryRunOrganization}},
		NotBefore:    time.Unix(0, 0).UTC(),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), // RFC 5280, 4.1.2.5: no end
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	der, err := x509.CreateCertificate(nil, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("making the certificate of a dry run: %w", err)
	}
	s := &Signer{keys: ofKey(key, true)}
	s.certificate = func(context.Context) ([]byte, error) { return der, nil }
	return s, nil
}

// IsDryRun reports whether a certificate is one of a dry run.
func IsDryRun(cert *x509.Certificate) bool {
	return strings.Join(cert.Subject.Organization, " ") == DryRunOrganization
}
