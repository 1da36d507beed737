// Package oci releases images to registries on loopback and verifies them.
package oci

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/publish"
	ocirepo "dagger/slipway/ci/repository"
	"dagger/slipway/ci/secret"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/verify"
	"dagger/slipway/ci/version"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// What releases of the demo image are signed as, where they go, and from which commit they
// are.
const (
	Workflow = "containerd/runwasi/.github/workflows/sign.yml@refs/heads/main"
	Identity = "https://github.com/" + Workflow
	Source   = "containerd/runwasi/demo"
	Commit   = "0123456789abcdef0123456789abcdef01234567"
	SPDXType = "https://spdx.dev/Document"
)

// Release is the release of one image by effects of ci/publish, without a build.
type Release struct {
	Entity ocirepo.Entity
	Image  *publish.Image
	Signer *sign.Signer
	Who    verify.Expectation
}

// Claims returns the claims of a run of the images' workflow on their commit, with
// changes.
func Claims(changes sigstack.Claims) sigstack.Claims {
	all := sigstack.Claims{"job_workflow_ref": Workflow, "sha": Commit}
	maps.Copy(all, changes)
	return all
}

// OpenStack returns the stack of sigstore.Open with tokens of the images' workflow.
func OpenStack(t testing.TB) *sigstack.Stack {
	t.Helper()
	s := sigstore.Open(t)
	s.HandOut(Claims(nil))
	return s
}

// NewRelease returns the release of an image as a version, signed with tokens of the
// stack.
func NewRelease(t testing.TB, s *sigstack.Stack, repo name.Repository, v string, e ocirepo.Entity) Release {
	t.Helper()
	parsed, err := version.Parse(v)
	kit.Check(t, err)
	image, err := publish.NewImage(ocirepo.New(repo, authn.NewMultiKeychain()), parsed, e)
	kit.Check(t, err)
	trust := sigstore.TrustedRoot(t, s)
	signer, err := sign.New(sign.Options{
		Token:  sign.GitHubToken(secret.New(s.TokenRequestURL()), secret.New(s.TokenRequestToken())),
		Fulcio: s.FulcioURL, Rekor: s.RekorURL, Root: trust,
	})
	kit.Check(t, err)
	who, err := verify.Expect("containerd/runwasi", Identity, verify.Issuer, nil)
	kit.Check(t, err)
	who.Root = trust
	return Release{e, image, signer, who}
}

// Effects returns the effects of the release in order.
func (r Release) Effects() []publish.Effect {
	return []publish.Effect{
		r.Image.PushEffect("push"),
		r.Image.SignEffect("sign", r.Signer, r.Who),
		r.Image.AttestEffect("attest the SBOM", SPDXType, r.SBOM, r.Signer, r.Who),
		r.Image.AttestEffect("attest the provenance", provenance.PredicateType, r.Provenance, r.Signer, r.Who),
		r.Image.TagEffect("tag"),
		r.Image.LatestEffect("move latest"),
	}
}

// Perform performs effects as a release does, and returns the state of each until one
// fails.
func Perform(t testing.TB, effects []publish.Effect) ([]string, error) {
	t.Helper()
	var states []string
	for _, e := range effects {
		o, err := e.Perform(t.Context(), ocirepo.Transient)
		states = append(states, o.State)
		if err != nil {
			return states, err
		}
	}
	return states, nil
}

// WantStates performs effects, and fails the test unless their states are these.
func WantStates(t testing.TB, effects []publish.Effect, want ...string) {
	t.Helper()
	got, err := Perform(t, effects)
	kit.Check(t, err)
	if !slices.Equal(got, want) {
		t.Errorf("the effects were %q, expected %q", got, want)
	}
}

// States returns a state n times.
func States(n int, state string) []string { return slices.Repeat([]string{state}, n) }
