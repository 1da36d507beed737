package sign

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/url"
	"strings"

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
		return Identity{}, fmt.Errorf("reading the signing certificate: %w", err)
	}
	if IsDryRun(cert) {
		return Identity{}, nil
	}
	c, err := certificate.SummarizeCertificate(cert)
	if err != nil {
		return Identity{}, fmt.Errorf("reading the signing certificate: %w", err)
	}
	return Identity{
		Subject: c.SubjectAlternativeName, Issuer: c.Issuer, Repository: c.SourceRepositoryURI,
		Ref: c.SourceRepositoryRef, Commit: c.SourceRepositoryDigest, Run: c.RunInvocationURI, Runner: c.RunnerEnvironment,
	}, nil
}

// Root returns the trust root for the signer's certificates and log entries; nil means that
// of the public instance.
func (s *Signer) Root() root.TrustedMaterial { return s.root }

// workflows is a part of the subject of every workflow's identity, and of no other.
const workflows = "/.github/workflows/"

// IsWorkflow reports whether the identity is that of a workflow of GitHub Actions.
func (i Identity) IsWorkflow() bool { return strings.Contains(i.Subject, workflows) }

// RepositoryPath returns the path of the source repository, like owner/name.
func (i Identity) RepositoryPath() string {
	u, err := url.Parse(i.Repository)
	if err != nil {
		return i.Repository
	}
	return strings.Trim(u.Path, "/")
}

// CosignFlags returns cosign's flags that expect this signer and, for a workflow, the calling
// repository, ref and commit: a reusable workflow has the same identity in every repository
// that calls it.
func (i Identity) CosignFlags() []string {
	flags := []string{"--certificate-identity " + i.Subject, "--certificate-oidc-issuer " + i.Issuer}
	if !i.IsWorkflow() {
		return flags
	}
	return append(flags, "--certificate-github-workflow-repository "+i.RepositoryPath(),
		"--certificate-github-workflow-ref "+i.Ref, "--certificate-github-workflow-sha "+i.Commit)
}
