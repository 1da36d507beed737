package verify

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"net/url"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/root"

	"dagger/slipway/ci/address"
)

// Issuer is the token issuer of GitHub Actions.
const Issuer = "https://token.actions.githubusercontent.com"

// Workflow is the workflow, with its ref, that signs the releases of a repository.
const Workflow = ".github/workflows/action-build.yml@" + branch

// branch is the default ref that releases are made from.
const branch = "refs/heads/main"

// workflows follows the repository in the identity of every GitHub Actions workflow.
const workflows = "/.github/workflows/"

// The runner environments, as in the runner_environment claim of GitHub's tokens.
const (
	GitHubHosted = "github-hosted"
	SelfHosted   = "self-hosted"
)

// Identity returns the certificate identity of a workflow of a GitHub repository.
func Identity(repository, workflow string) string {
	return "https://github.com/" + repository + "/" + workflow
}

// Expectation is what must have signed. Every field is compared exactly.
type Expectation struct {
	// Identity and Issuer are those in the certificate.
	Identity, Issuer string
	// SourceURI is the URI of the repository whose run must have signed, SourceRef the full
	// git ref of that run, and Runner its runner environment. The identity alone does not tell
	// them: a reusable workflow signs with its own identity for every repository that calls
	// it. For a GitHub Actions workflow all three are required; for a person's identity, or a
	// key, they are empty.
	SourceURI, SourceRef, Runner string
	// PublicKey is the key that must have signed, in PEM, if no certificate is used.
	PublicKey []byte
	// Root is the trust root for certificates, log entries and timestamps.
	Root root.TrustedMaterial
	// Crate and Version are those that must have been released; "" accepts any.
	Crate, Version string
	// Commit is the commit that was built: the provenance must name it, and the run named in
	// the certificate must have been on it. Plan is the digest of the plan. The zero value of
	// each accepts any.
	Commit string
	Plan   [sha256.Size]byte
	// DryRun accepts the signatures of a dry run. It is for the run that made them.
	DryRun bool
}

// Expect returns an expectation without a trust root: the key if one is given, else the
// exact identity, which defaults to the repository's release workflow. The source is the
// given repository on the identity's host, or if that is "" the identity's own, at the
// identity's ref, on a GitHub-hosted runner. It returns an error if no signer is named.
func Expect(repository, identity, issuer string, key []byte) (Expectation, error) {
	err := errors.Join(
		address.Check("the repository (--repository)", repository), address.Check("the issuer (--certificate-oidc-issuer)", issuer),
		address.CheckReference("the identity (--certificate-identity)", identity),
	)
	if err != nil {
		return Expectation{}, err
	}
	if repository == "" && identity == "" && key == nil {
		return Expectation{}, errors.New("checking who must have signed: name the repository (--repository owner/name), the exact identity (--certificate-identity) or a key (--key)")
	}
	e := Expectation{Identity: cmp.Or(identity, Identity(repository, Workflow)), Issuer: issuer, PublicKey: key}
	if key != nil {
		return e, nil
	}
	e.SourceURI, e.SourceRef = e.source(repository)
	if e.actions() {
		e.SourceRef, e.Runner = cmp.Or(e.SourceRef, branch), GitHubHosted
	}
	return e, nil
}

// From returns e with the source ref and runner environment replaced by those that are not
// empty.
func (e Expectation) From(sourceRef, runner string) Expectation {
	e.SourceRef, e.Runner = cmp.Or(sourceRef, e.SourceRef), cmp.Or(runner, e.Runner)
	return e
}

// actions reports whether the expected signer is a workflow of GitHub Actions, including
// GitHub Enterprise.
func (e Expectation) actions() bool {
	if strings.Contains(e.Identity, workflows) {
		return true
	}
	u, err := url.Parse(e.Issuer)
	if err != nil {
		return false
	}
	host := u.Hostname()
	return host == "token.actions.githubusercontent.com" ||
		strings.HasPrefix(host, "token.actions.") && strings.HasSuffix(host, ".ghe.com") || // Enterprise Cloud with data residency
		u.Path == "/_services/token" // Enterprise Server
}

// source returns the URI of the source repository and the ref implied by the identity, ""
// if it implies none. GitLab's identities have "//" before the file.
func (e Expectation) source(repository string) (uri, ref string) {
	u, err := url.Parse(e.Identity)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		if repository == "" || !e.actions() {
			return "", ""
		}
		return "https://github.com/" + repository, ""
	}
	if _, after, ok := strings.Cut(e.Identity, "@refs/"); ok {
		ref = "refs/" + after
	}
	host, own := "https://"+u.Host+"/", ""
	for _, before := range []string{workflows, "//"} {
		if path, _, ok := strings.Cut(strings.TrimPrefix(e.Identity, host), before); ok && own == "" {
			own = path
		}
	}
	if repository != "" && repository != own && !strings.HasPrefix(ref, "refs/heads/") {
		ref = "" // a tag or commit of a workflow in another repository is not a ref of the source
	}
	if repository = cmp.Or(repository, own); repository == "" {
		return "", ""
	}
	return host + repository, ref
}
