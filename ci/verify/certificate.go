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

// checkCertificate returns an error unless a certificate says of its holder exactly
// what is expected, by the extensions that Fulcio has copied from the token (Fulcio,
// "Sigstore OID information"). Every signature by a certificate passes here, of a file,
// a statement or an image. Whether the certificate is one of Fulcio's, cosign says.
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

// checkSource compares where a run was. Certificates of people name no source, and those
// of other services than GitHub's may name none.
func (e Expectation) checkSource(c certificate.Extensions) error {
	actions := e.actions()
	if !actions && c.SourceRepositoryURI == "" {
		return nil
	}
	for _, f := range []struct{ what, got, want, option, reason string }{
		{"source repository", c.SourceRepositoryURI, e.SourceURI, "--repository", "a run of another repository called the workflow"},
		{"source ref", c.SourceRepositoryRef, e.SourceRef, "--source-ref", "the run was on another branch or tag"},
		{"runner environment", c.RunnerEnvironment, e.Runner, "--runner-environment", "whoever owns a runner can have anything signed on it; where that is right, expect it (--runner-environment)"},
		{"commit", c.SourceRepositoryDigest, e.Commit, "", "the run was on another commit"},
	} {
		required := f.option != "" && (actions || f.what != "runner environment")
		switch {
		case f.want == "" && required:
			return fmt.Errorf("the certificate's %s is %q, and nothing says which one is expected: name it (%s)", f.what, f.got, f.option)
		case f.want != "" && f.got == "":
			return fmt.Errorf("the certificate names no %s, expected %q", f.what, f.want)
		case f.want != "" && f.got != f.want:
			return fmt.Errorf("the certificate's %s is %q, expected %q: %s", f.what, f.got, f.want, f.reason)
		}
	}
	return nil
}

// runOf is the commit that the run of a certificate was on, "" for none.
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

// signer tells cosign who must have signed: the exact identity, or the key. What
// cosign can compare of the source it compares as well: the older extensions say the
// same in other words.
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
