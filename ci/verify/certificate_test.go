package verify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net/url"
	"strings"
	"testing"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
)

// claims holds the extensions of a Fulcio certificate by name; "san" is its identity.
type claims map[string]string

var oids = map[string]asn1.ObjectIdentifier{
	"issuer": certificate.OIDIssuerV2, "repository": certificate.OIDSourceRepositoryURI, "ref": certificate.OIDSourceRepositoryRef,
	"runner": certificate.OIDRunnerEnvironment, "commit": certificate.OIDSourceRepositoryDigest,
}

// of returns a certificate with the given claims, except those that are "-".
func of(t *testing.T, c claims) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatal(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	if strings.Contains(c["san"], "://") {
		san, err := url.Parse(c["san"])
		fatal(t, err)
		template.URIs = []*url.URL{san}
	} else {
		template.EmailAddresses = []string{c["san"]}
	}
	for name, oid := range oids {
		if c[name] == "-" || c[name] == "" {
			continue
		}
		value, err := asn1.MarshalWithParams(c[name], "utf8")
		fatal(t, err)
		template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{Id: oid, Value: value})
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	fatal(t, err)
	cert, err := x509.ParseCertificate(der)
	fatal(t, err)
	return cert
}

const workflow = "https://github.com/owner/name/.github/workflows/action-build.yml@refs/heads/main"

// by returns the claims of a regular run of the release workflow, with changes.
func by(changes claims) claims {
	all := claims{"san": workflow, "issuer": Issuer, "repository": "https://github.com/owner/name", "ref": "refs/heads/main", "runner": GitHubHosted, "commit": commit1}
	for name, value := range changes {
		all[name] = value
	}
	return all
}

// TestCheckCertificate checks that a certificate is refused unless every part is as
// expected, and that the error names the part.
func TestCheckCertificate(t *testing.T) {
	const (
		central    = "https://github.com/central/ci/.github/workflows/action-build.yml@refs/tags/v1"
		enterprise = "https://git.example.com/owner/name/.github/workflows/action-build.yml@refs/heads/trunk"
		gitlab     = "https://gitlab.com/owner/name//.gitlab-ci.yml@refs/heads/main"
		ghes       = "https://git.example.com/_services/token"
	)
	tests := []struct {
		name                         string
		claims                       claims
		repository, identity, issuer string
		ref, runner, commit          string
		want                         string // "" if it is accepted
	}{
		{name: "the workflow", claims: by(nil), repository: "owner/name"},
		{name: "by its identity alone", claims: by(nil), identity: workflow},
		{name: "on the commit", claims: by(nil), repository: "owner/name", commit: commit1},
		{name: "another repository that calls it", claims: by(claims{"repository": "https://github.com/evil/name"}), repository: "owner/name", want: `source repository is "https://github.com/evil/name", expected "https://github.com/owner/name": a run of another repository called the workflow`},
		{name: "the same, by its identity alone", claims: by(claims{"repository": "https://github.com/evil/name"}), identity: workflow, want: "a run of another repository called the workflow"},
		{name: "one that begins alike", claims: by(claims{"repository": "https://github.com/owner/name2"}), repository: "owner/name", want: "source repository"},
		{name: "one in other case", claims: by(claims{"repository": "https://github.com/Owner/name"}), repository: "owner/name", want: "source repository"},
		{name: "one on another host", claims: by(claims{"repository": "https://git.example.com/owner/name"}), repository: "owner/name", want: "source repository"},
		{name: "another branch", claims: by(claims{"ref": "refs/heads/evil"}), repository: "owner/name", want: `source ref is "refs/heads/evil", expected "refs/heads/main": the run was on another branch or tag`},
		{name: "a tag of the branch's name", claims: by(claims{"ref": "refs/tags/main"}), repository: "owner/name", want: "source ref"},
		{name: "a runner of somebody's own", claims: by(claims{"runner": SelfHosted}), repository: "owner/name", want: `runner environment is "self-hosted", expected "github-hosted"`},
		{name: "such a runner, expected", claims: by(claims{"runner": SelfHosted}), repository: "owner/name", runner: SelfHosted},
		{name: "another runner than such", claims: by(nil), repository: "owner/name", runner: SelfHosted, want: "runner environment"},
		{name: "another commit", claims: by(claims{"commit": commit2}), repository: "owner/name", commit: commit1, want: "commit is \"" + commit2 + `", expected "` + commit1},
		{name: "another workflow", claims: by(claims{"san": strings.Replace(workflow, "action-build", "other", 1)}), repository: "owner/name", want: "identity is"},
		{name: "another issuer", claims: by(claims{"issuer": "https://token.actions.evil.ghe.com"}), repository: "owner/name", want: "issuer is"},
		{name: "no repository", claims: by(claims{"repository": "-"}), repository: "owner/name", want: "names no source repository"},
		{name: "no ref", claims: by(claims{"ref": "-"}), repository: "owner/name", want: "names no source ref"},
		{name: "no runner", claims: by(claims{"runner": "-"}), repository: "owner/name", want: "names no runner environment"},
		{name: "no commit", claims: by(claims{"commit": "-"}), repository: "owner/name", commit: commit1, want: "names no commit"},
		{name: "nothing of a source", claims: claims{"san": workflow, "issuer": Issuer}, repository: "owner/name", want: "names no source repository"},
		{name: "nothing, of another issuer", claims: claims{"san": workflow, "issuer": "https://sts.example.com"}, identity: workflow, issuer: "https://sts.example.com", want: "names no source repository"},
		{name: "no issuer", claims: claims{"san": "a@example.com"}, identity: "a@example.com", want: "issuer is"},
		{name: "no workflow of GitHub's issuer", claims: by(claims{"san": "a@example.com"}), identity: "a@example.com", want: "no expected value was given: pass it (--repository)"},
		{name: "a central workflow", claims: by(claims{"san": central}), repository: "owner/name", identity: central},
		{name: "a central workflow, called by others", claims: by(claims{"san": central, "repository": "https://github.com/evil/name"}), repository: "owner/name", identity: central, want: "source repository"},
		{name: "a central workflow, on the ref that is named", claims: by(claims{"san": central, "ref": "refs/heads/trunk"}), repository: "owner/name", identity: central, ref: "refs/heads/trunk"},
		{name: "Enterprise", claims: by(claims{"san": enterprise, "issuer": ghes, "repository": "https://git.example.com/owner/name", "ref": "refs/heads/trunk"}), repository: "owner/name", identity: enterprise, issuer: ghes},
		{name: "Enterprise, another repository", claims: by(claims{"san": enterprise, "issuer": ghes, "repository": "https://git.example.com/evil/name", "ref": "refs/heads/trunk"}), repository: "owner/name", identity: enterprise, issuer: ghes, want: "source repository"},
		{name: "Enterprise, a repository of github.com", claims: by(claims{"san": enterprise, "issuer": ghes, "ref": "refs/heads/trunk"}), repository: "owner/name", identity: enterprise, issuer: ghes, want: "source repository"},
		{name: "a person", claims: claims{"san": "a@example.com", "issuer": "https://accounts.example.com"}, repository: "owner/name", identity: "a@example.com", issuer: "https://accounts.example.com"},
		{name: "a person with a source", claims: claims{"san": "a@example.com", "issuer": "https://accounts.example.com", "repository": "https://github.com/evil/name"}, identity: "a@example.com", issuer: "https://accounts.example.com", want: "no expected value was given"},
		{name: "GitLab", claims: claims{"san": gitlab, "issuer": "https://gitlab.com", "repository": "https://gitlab.com/owner/name", "ref": "refs/heads/main", "runner": "gitlab-hosted"}, identity: gitlab, issuer: "https://gitlab.com"},
		{name: "GitLab, another project", claims: claims{"san": gitlab, "issuer": "https://gitlab.com", "repository": "https://gitlab.com/evil/name", "ref": "refs/heads/main"}, identity: gitlab, issuer: "https://gitlab.com", want: "source repository"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.issuer == "" {
				tt.issuer = Issuer
			}
			e, err := Expect(tt.repository, tt.identity, tt.issuer, nil)
			fatal(t, err)
			e = e.From(tt.ref, tt.runner)
			e.Commit = tt.commit
			err = e.checkCertificate(of(t, tt.claims))
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("the error is %v, expected one that says %q", err, tt.want)
			}
		})
	}
}

// TestCheckCertificateExpectsNothing checks that an incomplete expectation accepts no
// certificate.
func TestCheckCertificateExpectsNothing(t *testing.T) {
	for name, e := range map[string]Expectation{
		"nothing":      {},
		"an issuer":    {Issuer: Issuer},
		"the signer":   {Issuer: Issuer, Identity: workflow},
		"no ref":       {Issuer: Issuer, Identity: workflow, SourceURI: "https://github.com/owner/name", Runner: GitHubHosted},
		"no runner":    {Issuer: Issuer, Identity: workflow, SourceURI: "https://github.com/owner/name", SourceRef: "refs/heads/main"},
		"no such host": {Issuer: Issuer, Identity: workflow, SourceURI: "owner/name", SourceRef: "refs/heads/main", Runner: GitHubHosted},
	} {
		if err := e.checkCertificate(of(t, by(nil))); err == nil {
			t.Errorf("%s: a certificate is taken for what is expected", name)
		}
	}
}
