package verify

import (
	"crypto/x509"
	"fmt"
	"net/url"
	"strings"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
)

// checkCertificate returns an error unless a certificate's identity and source are exactly
// those expected, by the extensions that Fulcio copies from the token (Fulcio, "Sigstore
// OID information"). It is called for every signature with a certificate: of a file, a
// statement or an image. cosign verifies that Fulcio issued the certificate.
func (e Expectation) checkCertificate(cert *x509.Certificate) error {
	c, err := certificate.SummarizeCertificate(cert)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	if c.Issuer != e.Issuer || c.Issuer == "" {
		return fmt.Errorf("the certificate's issuer is %q, expected %q", c.Issuer, e.Issuer)
	}
	if c.SubjectAlternativeName != e.Identity || e.Identity == "" {
		return fmt.Errorf("the certificate's identity is %q, expected %q", c.SubjectAlternativeName, e.Identity)
	}
	return e.checkSource(c.Extensions)
}

// checkSource compares where a run took place. Certificates of people name no source, and
// those of services other than GitHub may not either.
func (e Expectation) checkSource(c certificate.Extensions) error {
	actions := e.actions()
	if !actions && c.SourceRepositoryURI == "" {
		return nil
	}
	for _, f := range []struct{ what, got, want, option, reason string }{
		{"source repository", c.SourceRepositoryURI, e.SourceURI, "--repository", "a run of another repository called the workflow"},
		{"source ref", c.SourceRepositoryRef, e.SourceRef, "--source-ref", "the run was on another branch or tag"},
		{"runner environment", c.RunnerEnvironment, e.Runner, "--runner-environment", "whoever owns a runner can sign anything on it; if that is intended, pass --runner-environment"},
		{"commit", c.SourceRepositoryDigest, e.Commit, "", "the run was on another commit"},
	} {
		required := f.option != "" && (actions || f.what != "runner environment")
		switch {
		case f.want == "" && required:
			return fmt.Errorf("the certificate's %s is %q, but no expected value was given: pass it (%s)", f.what, f.got, f.option)
		case f.want != "" && f.got == "":
			return fmt.Errorf("the certificate names no %s, expected %q", f.what, f.want)
		case f.want != "" && f.got != f.want:
			return fmt.Errorf("the certificate's %s is %q, expected %q: %s", f.what, f.got, f.want, f.reason)
		}
	}
	return nil
}

// runOf returns the commit of the run that a certificate was issued for, "" if it names
// none.
func runOf(cert *x509.Certificate) string {
	if cert == nil {
		return ""
	}
	c, err := certificate.SummarizeCertificate(cert)
	if err != nil {
		return ""
	}
	return c.SourceRepositoryDigest
}

// signer sets the expected signer in cosign's options: the exact identity, or the key.
// cosign also compares what it can of the source; the older extensions that it reads hold
// the same values.
func (e Expectation) signer(opts *cosign.CheckOpts) error {
	if e.PublicKey == nil {
		opts.Identities = []cosign.Identity{{Issuer: e.Issuer, Subject: e.Identity}}
		if u, err := url.Parse(e.SourceURI); err == nil && e.actions() {
			opts.CertGithubWorkflowRepository = strings.TrimPrefix(u.Path, "/")
			opts.CertGithubWorkflowRef, opts.CertGithubWorkflowSha = e.SourceRef, e.Commit
		}
		return nil
	}
	key, err := cryptoutils.UnmarshalPEMToPublicKey(e.PublicKey)
	if err != nil {
		return fmt.Errorf("reading the public key: %w", err)
	}
	opts.SigVerifier, err = signature.LoadDefaultVerifier(key)
	return err
}
