package sign

import (
	"context"
	"crypto/x509"
	"fmt"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
)

// Identity is what the certificate of a signer says of who signs. All of it is
// empty for a bare key and in a dry run; what is about a run in continuous
// integration is empty elsewhere.
type Identity struct {
	Subject, Issuer string
	// Repository is the URL of the source, Ref a full git ref of it, Commit its
	// commit, Run the URL of the run, Runner the environment of its runner.
	Repository, Ref, Commit, Run, Runner string
}

// Identity asks for the certificate, where there is none yet, and reads it.
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

// identityOf reads a certificate.
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

// Root is what the signer's certificates and log entries are checked against;
// nil means that of the public instance.
func (s *Signer) Root() root.TrustedMaterial { return s.root }
