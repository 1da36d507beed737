package images

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"

	"dagger/slipway/e2e/imagereg"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/oci"
	"dagger/slipway/e2e/sigstack"
	"dagger/slipway/e2e/sigstack/fault"
)

// onRegistries runs a test with each kind of registry.
func onRegistries(t *testing.T, test func(*testing.T, *imagereg.Registry)) {
	for _, kind := range []string{imagereg.GGCR, imagereg.Distribution} {
		t.Run(kind, func(t *testing.T) { test(t, oci.StartRegistry(t, kind)) })
	}
}

// imageRepository returns the demo image's repository, behind the registry's proxy.
func imageRepository(t testing.TB, reg *imagereg.Registry) name.Repository {
	t.Helper()
	repo, err := name.NewRepository(strings.TrimPrefix(reg.Proxy.URL, "http://") + "/" + oci.Source)
	kit.Check(t, err)
	return repo
}

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

// wantJudged verifies an image and its attestations with both versions of cosign and with
// slipway.
func wantJudged(t *testing.T, s *sigstack.Stack, ref string) {
	t.Helper()
	for _, major := range []int{2, 3} {
		for _, args := range [][]string{{"verify"}, {"verify-attestation", "--type", "spdxjson"}, {"verify-attestation", "--type", "slsaprovenance1"}} {
			oci.Cosign(t, s, major, ref, args...).WantCode(t, 0)
		}
	}
	got := oci.Verify(t, s, ref).WantCode(t, 0)
	for _, want := range []string{"signed by " + oci.Identity + ", 1 signatures", "SBOM (SPDX): signed by " + oci.Identity, "provenance (SLSA): built by " + oci.Identity + " from commit " + oci.Commit} {
		if !strings.Contains(got.Stdout, want) {
			t.Errorf("slipway verify does not say %q:\n%s", want, got.Stdout)
		}
	}
}
