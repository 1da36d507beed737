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

// Issuer is the issuer of the tokens of GitHub Actions.
const Issuer = "https://token.actions.githubusercontent.com"

// Workflow is the workflow, with its branch, that signs the releases of a
// repository.
const Workflow = ".github/workflows/action-build.yml@" + branch

// branch is the ref that releases are made from unless something says otherwise.
const branch = "refs/heads/main"

// workflows stands in the identity of every workflow of GitHub Actions, after its
// repository.
const workflows = "/.github/workflows/"

// The environments of a runner, as GitHub's tokens name them (claim
// runner_environment).
const (
	GitHubHosted = "github-hosted"
	SelfHosted   = "self-hosted"
)

// Identity is the certificate identity of a workflow of a GitHub repository.
func Identity(repository, workflow string) string {
	return "https://github.com/" + repository + "/" + workflow
}

// Expectation says who must have signed. All of it is compared exactly.
type Expectation struct {
	// Identity and Issuer are those of the certificate.
	Identity, Issuer string
	// SourceURI is the URI of the repository that the run must have been of, SourceRef
	// the full git ref that it was on, and Runner the environment of its runner. The
	// identity alone does not say: a reusable workflow signs with its own identity for
	// every repository that calls it. A workflow of GitHub Actions is refused unless all
	// three are expected; for a person's identity, and with a key, they are empty.
	SourceURI, SourceRef, Runner string
	// PublicKey is the key that must have signed, in PEM, where no certificate is used.
	PublicKey []byte
	// Root is what certificates, log entries and timestamps are checked against.
	Root root.TrustedMaterial
	// Crate and Version are those that must have been released; "" leaves that open.
	Crate, Version string
	// Commit is the one that was built: provenance must name it, and the run of a
	// certificate must have been on it. Plan is the digest of the plan. Empty ones leave
	// that open.
	Commit string
	Plan   [sha256.Size]byte
	// DryRun expects the signatures of a dry run: for the run that made them.
	DryRun bool
}

// Expect makes an expectation without a root of trust: a key where one is given,
// else the exact identity, "" for that of the repository's release workflow. The
// source is the repository on the identity's host, "" for the identity's own one, at
// the ref of the identity, on a runner of GitHub's own. It is an error when nothing
// says who must have signed.
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

// From returns e with another source ref or runner environment, where one is given.
func (e Expectation) From(sourceRef, runner string) Expectation {
	e.SourceRef, e.Runner = cmp.Or(sourceRef, e.SourceRef), cmp.Or(runner, e.Runner)
	return e
}

// actions reports whether the expected signer is a workflow of GitHub Actions, or of
// GitHub Enterprise's.
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

// source is the URI of the repository that follows from the identity, and the ref,
// "" where none does. GitLab's identities have "//" before the file.
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
		ref = "" // a tag or a commit of a workflow that lives elsewhere is none of the source's
	}
	if repository = cmp.Or(repository, own); repository == "" {
		return "", ""
	}
	return host + repository, ref
}
