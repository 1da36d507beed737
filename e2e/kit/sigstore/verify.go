package sigstore

import (
	"slices"
	"testing"

	sigstoreroot "github.com/sigstore/sigstore-go/pkg/root"

	"dagger/slipway/e2e/cosign"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/sigstack"
)

// Identity is the flags of cosign and slipway for verification in the release document.
var Identity = []string{
	"--certificate-identity", "https://github.com/containerd/runwasi/.github/workflows/action-build.yml@refs/heads/main",
	"--certificate-oidc-issuer", "https://token.actions.githubusercontent.com",
}

// TrustedRoot returns the stack's trust root.
func TrustedRoot(t testing.TB, s *sigstack.Stack) sigstoreroot.TrustedMaterial {
	t.Helper()
	r, err := sigstoreroot.NewTrustedRootFromPath(s.TrustedRoot)
	kit.Check(t, err)
	return r
}

// Cosign runs cosign of a major version, without access to the public Sigstore.
func Cosign(t testing.TB, major int, dir string, env []string, args ...string) kit.Result {
	t.Helper()
	path, err := cosign.Command(major)
	kit.Check(t, err)
	base := []string{"HOME=" + t.TempDir(), "HTTPS_PROXY=http://127.0.0.1:9", "NO_PROXY=127.0.0.1", "SIGSTORE_ID_TOKEN="}
	return kit.Command{Args: append([]string{path}, args...), Dir: dir, Env: slices.Concat(base, env)}.Run(t)
}

// Cosign2 verifies a binary with cosign 2, by the command in the release document.
func Cosign2(t testing.TB, s *sigstack.Stack, dir, binary string) kit.Result {
	t.Helper()
	args := append([]string{"verify-blob", "--certificate", binary + ".pem", "--signature", binary + ".sig"}, Identity...)
	return Cosign(t, 2, dir, s.CosignEnv(), append(args, binary)...)
}

// Unpack unpacks a tarball by the command in the release document, and returns the
// directory.
func Unpack(t testing.TB, tarball string) string {
	t.Helper()
	dir := t.TempDir()
	kit.Command{Args: []string{"tar", "-xvf", tarball}, Dir: dir}.Run(t).WantCode(t, 0)
	return dir
}
