package sign

import (
	"context"
	"crypto/x509"
	"fmt"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
)

// Identity is the signer's identity in the certificate. It is empty for a bare key and in a
// dry run; the fields about a CI run are empty for other identities.
type Identity struct {
	Subject, Issuer string
	// Repository is the URL of the source repository, Ref its full git ref, Commit the commit,
	// Run the URL of the run, Runner the runner environment.
	Repository, Ref, Commit, Run, Runner string
}

// Identity returns the identity in the signer's certificate, which it requests if there is
// none yet.
func (s *Signer) Identity(ctx context.Context) (Identity, error) {
	if s.certificate == nil {
		return Identity{}, nil
	}
	der, err := s.certificate(ctx)
	if err != nil {
		return Identity{}, err
	}
	return identityOf(der)
}

// identityOf returns the identity in a certificate.
func identityOf(der []byte) (Identity, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return Identity{}, fmt.Errorf("reading the certificate to sign with: %w", err)
	}
	if IsDryRun(cert) {
		return Identity{}, nil
	}
	c, err := certificate.SummarizeCertificate(cert)
	if err != nil {
		return Identity{}, fmt.Errorf("reading the certificate to sign with: %w", err)
	}
	return Identity{
		Subject: c.SubjectAlternativeName, Issuer: c.Issuer, Repository: c.SourceRepositoryURI,
		Ref: c.SourceRepositoryRef, Commit: c.SourceRepositoryDigest, Run: c.RunInvocationURI, Runner: c.RunnerEnvironment,
	}, nil
}

// Root returns the trust root for the signer's certificates and log entries; nil means that
// of the public instance.
func (s *Signer) Root() root.TrustedMaterial { return s.root }
