package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	sigstoreroot "github.com/sigstore/sigstore-go/pkg/root"

	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/publish"
	ocirepo "dagger/slipway/ci/repository"
	"dagger/slipway/ci/secret"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/verify"
	"dagger/slipway/ci/version"
	"dagger/slipway/e2e/imagereg"
	"dagger/slipway/e2e/sigstack"
	"dagger/slipway/e2e/sigstack/fault"
)

const (
	imageWorkflow = "containerd/runwasi/.github/workflows/sign.yml@refs/heads/main"
	imageIdentity = "https://github.com/" + imageWorkflow
	imageSource   = "containerd/runwasi/demo"
	imageCommit   = "0123456789abcdef0123456789abcdef01234567"
	spdxType      = "https://spdx.dev/Document"
)

// imageIdentityFlags are cosign's flags for verifying images in the release document.
var imageIdentityFlags = []string{"--certificate-identity", imageIdentity, "--certificate-oidc-issuer", "https://token.actions.githubusercontent.com"}

// onRegistries runs a test with each kind of registry.
func onRegistries(t *testing.T, test func(*testing.T, *imagereg.Registry)) {
	for _, kind := range []string{imagereg.GGCR, imagereg.Distribution} {
		t.Run(kind, func(t *testing.T) { test(t, startRegistry(t, kind)) })
	}
}

func startRegistry(t testing.TB, kind string) *imagereg.Registry {
	t.Helper()
	r, err := imagereg.Start(kind, filepath.Join(t.TempDir(), "registry"))
	check(t, err)
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// imageRepository returns the demo image's repository, behind the registry's proxy.
func imageRepository(t testing.TB, reg *imagereg.Registry) name.Repository {
	t.Helper()
	repo, err := name.NewRepository(strings.TrimPrefix(reg.Proxy.URL, "http://") + "/" + imageSource)
	check(t, err)
	return repo
}

// straight returns the same repository, bypassing the proxy.
func straight(t testing.TB, reg *imagereg.Registry) name.Repository {
	t.Helper()
	repo, err := name.NewRepository(reg.Host + "/" + imageSource)
	check(t, err)
	return repo
}

func versionOf(t testing.TB, v string) version.Version {
	t.Helper()
	parsed, err := version.Parse(v)
	check(t, err)
	return parsed
}

func randomImage(t testing.TB, size int64, layers int64) v1.Image {
	t.Helper()
	img, err := random.Image(size, layers)
	check(t, err)
	return img
}

// imageRelease is the release of one image.
type imageRelease struct {
	entity ocirepo.Entity
	image  *publish.Image
	signer *sign.Signer
	who    verify.Expectation
}

// imageClaims returns the claims of a run of the images' workflow on the images' commit,
// with changes.
func imageClaims(changes sigstack.Claims) sigstack.Claims {
	all := sigstack.Claims{"job_workflow_ref": imageWorkflow, "sha": imageCommit}
	maps.Copy(all, changes)
	return all
}

// imageStack returns the Sigstore stack with tokens of the images' workflow.
func imageStack(t testing.TB) *sigstack.Stack {
	t.Helper()
	s := stack(t)
	s.HandOut(imageClaims(nil))
	return s
}

func trusted(t testing.TB, s *sigstack.Stack) sigstoreroot.TrustedMaterial {
	t.Helper()
	r, err := sigstoreroot.NewTrustedRootFromPath(s.TrustedRoot)
	check(t, err)
	return r
}

func newImageRelease(t testing.TB, s *sigstack.Stack, repo name.Repository, v string, e ocirepo.Entity) imageRelease {
	t.Helper()
	image, err := publish.NewImage(ocirepo.New(repo, authn.NewMultiKeychain()), versionOf(t, v), e)
	check(t, err)
	trust := trusted(t, s)
	signer, err := sign.New(sign.Options{
		Token:  sign.GitHubToken(secret.New(s.TokenRequestURL()), secret.New(s.TokenRequestToken())),
		Fulcio: s.FulcioURL, Rekor: s.RekorURL, Root: trust,
	})
	check(t, err)
	who, err := verify.Expect("containerd/runwasi", imageIdentity, verify.Issuer, nil)
	check(t, err)
	who.Root = trust
	return imageRelease{e, image, signer, who}
}

// effects returns the effects of the release in order.
func (r imageRelease) effects() []publish.Effect {
	return []publish.Effect{
		r.image.PushEffect("push"),
		r.image.SignEffect("sign", r.signer, r.who),
		r.image.AttestEffect("attest the SBOM", spdxType, r.sbom, r.signer, r.who),
		r.image.AttestEffect("attest the provenance", provenance.PredicateType, r.provenance, r.signer, r.who),
		r.image.TagEffect("tag"),
		r.image.LatestEffect("move latest"),
	}
}

func (r imageRelease) sbom(context.Context) ([]byte, error) {
	hash := strings.TrimPrefix(r.image.Digest().DigestStr(), "sha256:")
	return json.Marshal(map[string]any{
		"_type":         provenance.StatementType,
		"subject":       []any{map[string]any{"name": r.image.Digest().Context().Name(), "digest": map[string]string{"sha256": hash}}},
		"predicateType": spdxType,
		"predicate":     map[string]any{"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "demo", "dataLicense": "CC0-1.0"},
	})
}

func (r imageRelease) provenance(context.Context) ([]byte, error) {
	s, err := r.statement("https://github.com/containerd/runwasi")
	if err != nil {
		return nil, err
	}
	return s.JSON()
}

func (r imageRelease) statement(from string) (provenance.Statement, error) {
	sum, err := provenance.ParseDigest(r.image.Digest().DigestStr())
	if err != nil {
		return provenance.Statement{}, err
	}
	any := sha256.Sum256([]byte("anything"))
	return provenance.New(provenance.Input{
		Subjects:   map[string][sha256.Size]byte{r.image.Digest().Context().Name(): sum},
		Parameters: provenance.Parameters{Crate: "wasi-demo-app", Version: r.image.Tag().TagStr(), Targets: []string{"wasm32-wasip1"}, Repository: from, Ref: "refs/heads/main"},
		Commit:     imageCommit,
		Toolchain:  provenance.Image{Reference: "rust:1.96.0", Digest: fmt.Sprintf("sha256:%x", any)},
		Lock:       any, Plan: any, Rust: "1.96.0", Builder: provenance.Builder{ID: imageIdentity},
	})
}

// performAll performs effects like a release does, and returns the state of each.
func performAll(t testing.TB, effects []publish.Effect) ([]string, error) {
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

// wantStates performs effects and compares their states.
func wantStates(t testing.TB, effects []publish.Effect, want ...string) {
	t.Helper()
	got, err := performAll(t, effects)
	check(t, err)
	if !slices.Equal(got, want) {
		t.Errorf("the effects were %q, expected %q", got, want)
	}
}

// times returns a list of n equal states.
func times(n int, state string) []string { return slices.Repeat([]string{state}, n) }

// writes returns the number of requests that change something.
func writes(p *fault.Proxy) int { return counts(p, http.MethodPost, http.MethodPatch, http.MethodPut) }

func counts(p *fault.Proxy, methods ...string) int {
	n := 0
	for _, r := range p.Requests() {
		if slices.Contains(methods, r.Method) {
			n++
		}
	}
	return n
}

// at returns the digest of a tag, "" if it does not exist.
func at(t testing.TB, repo name.Repository, tag string) string {
	t.Helper()
	head, err := remote.Head(repo.Tag(tag))
	if err != nil && strings.Contains(err.Error(), "404") {
		return ""
	}
	check(t, err)
	return head.Digest.String()
}

// wantJudged verifies an image and its attestations with both versions of cosign and with
// slipway.
func wantJudged(t *testing.T, s *sigstack.Stack, ref string) {
	t.Helper()
	for _, major := range []int{2, 3} {
		for _, args := range [][]string{{"verify"}, {"verify-attestation", "--type", "spdxjson"}, {"verify-attestation", "--type", "slsaprovenance1"}} {
			judgeImage(t, s, major, ref, args...).wantCode(t, 0)
		}
	}
	got := verifyImage(t, s, ref).wantCode(t, 0)
	for _, want := range []string{"signed by " + imageIdentity + ", 1 signatures", "SBOM (SPDX): signed by " + imageIdentity, "provenance (SLSA): built by " + imageIdentity + " from commit " + imageCommit} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("slipway verify does not say %q:\n%s", want, got.stdout)
		}
	}
}

// judgeImage verifies with cosign, with the flags that a user of that version needs:
// version 2 is configured by environment variables, version 3 by a trusted root.
func judgeImage(t testing.TB, s *sigstack.Stack, major int, ref string, args ...string) result {
	t.Helper()
	env := s.CosignEnv()
	if major == 3 {
		env, args = nil, append(slices.Clone(args), "--trusted-root", s.TrustedRoot)
	}
	return judge(t, major, t.TempDir(), env, slices.Concat(args, imageIdentityFlags, []string{ref})...)
}

func verifyImage(t testing.TB, s *sigstack.Stack, ref string) result {
	t.Helper()
	return command{args: []string{slipway, "verify", "--repository", "containerd/runwasi", "--trusted-root", s.TrustedRoot, "--image", ref}}.run(t)
}
