package oci

import (
	"slices"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// IdentityFlags are cosign's flags for verifying images in the release document.
var IdentityFlags = []string{"--certificate-identity", Identity, "--certificate-oidc-issuer", "https://token.actions.githubusercontent.com"}

// Cosign runs a verification of cosign on an image, with the flags that a user of that
// version needs: version 2 is configured by environment variables, version 3 by a trusted
// root.
func Cosign(t testing.TB, s *sigstack.Stack, major int, ref string, args ...string) kit.Result {
	t.Helper()
	env := s.CosignEnv()
	if major == 3 {
		env, args = nil, append(slices.Clone(args), "--trusted-root", s.TrustedRoot)
	}
	return sigstore.Cosign(t, major, t.TempDir(), env, slices.Concat(args, IdentityFlags, []string{ref})...)
}

// Verify runs `slipway verify` on an image.
func Verify(t testing.TB, s *sigstack.Stack, ref string) kit.Result {
	t.Helper()
	return kit.Command{Args: []string{kit.Slipway, "verify", "--repository", "containerd/runwasi", "--trusted-root", s.TrustedRoot, "--image", ref}}.Run(t)
}
