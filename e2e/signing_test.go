package e2e

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"dagger/slipway/e2e/cosign"
	"dagger/slipway/e2e/sigstack"
)

// openStack starts the Sigstore stack shared by all signing tests, because a process can
// have only one.
var openStack = sync.OnceValues(func() (*sigstack.Stack, error) {
	ctx, cancel := timeout()
	defer cancel()
	return sigstack.Start(ctx, filepath.Join(scratch, "sigstack"))
})

// stack returns the shared stack without faults and with no requests counted.
func stack(t testing.TB) *sigstack.Stack {
	t.Helper()
	s, err := openStack()
	check(t, err)
	clean := func() {
		handOut(s, nil)
		for _, p := range proxies(s) {
			p.Clear()
			p.Reset()
		}
	}
	clean()
	t.Cleanup(clean)
	return s
}

// head is the commit from which the release of [signed] is built.
var head string

// handOut makes the token endpoint return tokens of a run on that commit, with additional
// claims.
func handOut(s *sigstack.Stack, claims sigstack.Claims) {
	all := sigstack.Claims{"sha": head}
	maps.Copy(all, claims)
	s.HandOut(all)
}

// commit makes a workspace a git repository, and sets head to its commit.
func commit(t testing.TB, s *sigstack.Stack, source string) {
	t.Helper()
	repository(t, source, "main")
	head = git(t, source, "rev-parse", "HEAD")
	handOut(s, nil)
}

// stackFlags returns the flags that point the slipway command at the stack.
func stackFlags(s *sigstack.Stack) []string {
	return []string{"--fulcio-url", s.FulcioURL, "--rekor-url", s.RekorURL, "--trusted-root", s.TrustedRoot}
}

// signed returns a release of shim-demo from a clone, signed like in a GitHub Actions job.
func signed(t testing.TB, s *sigstack.Stack) release {
	t.Helper()
	r := demo(t)
	r.source = example(t)
	commit(t, s, r.source)
	r.flags, r.env = stackFlags(s), s.ActionsEnv()
	return r
}

// judge runs cosign of a major version without access to the public Sigstore.
func judge(t testing.TB, major int, dir string, env []string, args ...string) result {
	t.Helper()
	path, err := cosign.Command(major)
	check(t, err)
	base := []string{"HOME=" + t.TempDir(), "HTTPS_PROXY=http://127.0.0.1:9", "NO_PROXY=127.0.0.1", "SIGSTORE_ID_TOKEN="}
	return command{args: append([]string{path}, args...), dir: dir, env: slices.Concat(base, env)}.run(t)
}

// identity is the flags for verification in the release document.
var identity = []string{
	"--certificate-identity", "https://github.com/containerd/runwasi/.github/workflows/action-build.yml@refs/heads/main",
	"--certificate-oidc-issuer", "https://token.actions.githubusercontent.com",
}

// unpack unpacks a tarball by the command in the release document.
func unpack(t testing.TB, tarball string) string {
	t.Helper()
	dir := t.TempDir()
	command{args: []string{"tar", "-xvf", tarball}, dir: dir}.run(t).wantCode(t, 0)
	return dir
}

// verifyCommand runs `slipway verify` with the stack's trust root.
func verifyCommand(t testing.TB, s *sigstack.Stack, paths ...string) result {
	t.Helper()
	args := []string{slipway, "verify", "--repository", "containerd/runwasi", "--trusted-root", s.TrustedRoot}
	return command{args: append(args, paths...), env: []string{"GITHUB_REPOSITORY="}}.run(t)
}

// cosign2 runs the command of the release document verbatim.
func cosign2(t testing.TB, s *sigstack.Stack, dir, binary string) result {
	t.Helper()
	args := append([]string{"verify-blob", "--certificate", binary + ".pem", "--signature", binary + ".sig"}, identity...)
	return judge(t, 2, dir, s.CosignEnv(), append(args, binary)...)
}

// cosign3 verifies the bundle like users of version 3.
func cosign3(t testing.TB, s *sigstack.Stack, dir, binary string) result {
	t.Helper()
	args := append([]string{"verify-blob", "--bundle", binary + ".sigstore.json", "--trusted-root", s.TrustedRoot}, identity...)
	return judge(t, 3, dir, nil, append(args, binary)...)
}

// wantSigned verifies both tarballs with slipway and both versions of cosign.
func wantSigned(t *testing.T, s *sigstack.Stack, out string) {
	t.Helper()
	whole := verifyCommand(t, s, out).wantCode(t, 0)
	for _, want := range []string{"built by " + identity[1] + " from commit " + head, "the SBOM of shim-demo-v1", "SHA256SUMS: named by the provenance"} {
		if !strings.Contains(whole.stdout, want) {
			t.Errorf("slipway verify does not say %q of the whole release:\n%s", want, whole.stdout)
		}
	}
	for _, arch := range []string{"x86_64", "aarch64"} {
		tarball := filepath.Join(out, "shim-demo-"+arch+"-linux-musl.tar.gz")
		dir := unpack(t, tarball)
		if got := cosign2(t, s, dir, "shim-demo-v1").wantCode(t, 0); !strings.Contains(got.stderr, "Verified OK") {
			t.Errorf("cosign 2 says %q", got.stderr)
		}
		cosign3(t, s, dir, "shim-demo-v1").wantCode(t, 0)
		for _, path := range []string{tarball, dir} {
			if got := verifyCommand(t, s, path).wantCode(t, 0); !strings.Contains(got.stdout, "signed by "+identity[1]) {
				t.Errorf("slipway verify says %q", got.stdout)
			}
		}
		bundle := filepath.Join(out, "shim-demo.provenance.sigstore.json")
		for _, file := range []string{tarball, filepath.Join(out, "SHA256SUMS"), filepath.Join(dir, "shim-demo-v1")} {
			args := slices.Concat([]string{"verify-blob-attestation", "--bundle", bundle, "--type", "slsaprovenance1", "--trusted-root", s.TrustedRoot}, identity, []string{file})
			judge(t, 2, dir, nil, append(args, "--new-bundle-format")...).wantCode(t, 0)
			judge(t, 3, dir, nil, args...).wantCode(t, 0)
		}
		for kind, ending := range map[string]string{"cyclonedx": ".cdx", "spdxjson": ".spdx"} {
			bundle := filepath.Join(out, "shim-demo-v1-"+arch+"-linux-musl"+ending+".sigstore.json")
			args := slices.Concat([]string{"verify-blob-attestation", "--bundle", bundle, "--type", kind, "--trusted-root", s.TrustedRoot}, identity, []string{"shim-demo-v1"})
			judge(t, 2, dir, nil, append(args, "--new-bundle-format")...).wantCode(t, 0)
			judge(t, 3, dir, nil, args...).wantCode(t, 0)
			check(t, os.WriteFile(filepath.Join(dir, "other"), []byte("other"), 0o644))
			if judge(t, 3, dir, nil, append(args[:len(args)-1], "other")...).code == 0 {
				t.Errorf("cosign 3 takes the %s attestation for one of another file", kind)
			}
		}
	}
}

func testSigned(t *testing.T, w *runner) {
	s := stack(t)
	r := signed(t, s)
	got := w.command("dist", r).run(t).wantCode(t, 0)
	if !strings.Contains(got.stdout, "shim-demo/v0.1.0 is built, tested and signed; nothing was published") {
		t.Errorf("the summary says\n%s", got.stdout)
	}
	if f, k, e := s.Fulcio.Count(""), s.Tokens.Count(""), s.Rekor.Count("/api/v1/log/entries"); f != 1 || k != 1 || e != 7 {
		t.Errorf("%d certificates, %d tokens and %d log entries for two binaries with two attestations each and the provenance, expected 1, 1 and 7", f, k, e)
	}
	wantSums(t, r.out)
	wantSigned(t, s, r.out)
	t.Run("with timestamps", func(t *testing.T) {
		stamped := r
		stamped.out = filepath.Join(t.TempDir(), "out")
		stamped.flags = append(slices.Clone(r.flags), "--timestamp-url", s.TSAURL+"/api/v1/timestamp")
		w.command("dist", stamped).run(t).wantCode(t, 0)
		if n := s.TSA.Count(""); n != 7 {
			t.Errorf("%d timestamps for two binaries with two attestations each and the provenance", n)
		}
		wantSigned(t, s, stamped.out)
	})
}

func TestSigningLocal(t *testing.T) {
	w, _ := local(t)
	testSigned(t, w)
}

func TestSigningDagger(t *testing.T) { testSigned(t, dagger(t)) }

// TestSigningDryRun checks that a dry run contacts no server, that its artifacts have the
// form of a release's, and that all verifiers refuse them.
func TestSigningDryRun(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	r := signed(t, s)
	r.flags = nil // a dry run has no such flags
	w.release(t, r).wantCode(t, 0)
	for _, p := range proxies(s) {
		if n := p.Count(""); n != 0 {
			t.Errorf("a dry run sent %d requests: %v", n, p.Requests())
		}
	}
	tarball := filepath.Join(r.out, "shim-demo-x86_64-linux-musl.tar.gz")
	got := verifyCommand(t, s, tarball).wantCode(t, 1)
	if !strings.Contains(got.stdout, "This is not a release: a dry run made it") {
		t.Errorf("slipway verify says\n%s", got.stdout)
	}
	dir := unpack(t, tarball)
	for version, refused := range map[int]result{2: cosign2(t, s, dir, "shim-demo-v1"), 3: cosign3(t, s, dir, "shim-demo-v1")} {
		if refused.code == 0 {
			t.Errorf("cosign %d takes a dry run for a release", version)
		}
	}
	text, err := base64.StdEncoding.DecodeString(read(t, dir, "shim-demo-v1.pem"))
	check(t, err)
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	check(t, err)
	if subject := cert.Subject.String(); !strings.Contains(subject, "dry run") || !strings.Contains(subject, "this is no release") {
		t.Errorf("the certificate's subject is %q, expected it to say what it is", subject)
	}
}

// TestSigningKey signs with a key generated by cosign.
func TestSigningKey(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	keys := t.TempDir()
	judge(t, 2, keys, []string{"COSIGN_PASSWORD=secret"}, "generate-key-pair").wantCode(t, 0)
	r := signed(t, s)
	r.flags = append(r.flags, "--key", filepath.Join(keys, "cosign.key"))
	r.env = []string{"COSIGN_PASSWORD=secret"}
	w.command("dist", r).run(t).wantCode(t, 0)
	if n := s.Fulcio.Count("") + s.Tokens.Count(""); n != 0 {
		t.Errorf("%d requests for an identity, though a key signs", n)
	}
	tarball := filepath.Join(r.out, "shim-demo-aarch64-linux-musl.tar.gz")
	dir, public := unpack(t, tarball), filepath.Join(keys, "cosign.pub")
	want := read(t, public)
	if got := read(t, dir, "shim-demo-v1.pub"); strings.TrimSpace(got) != strings.TrimSpace(want) {
		t.Errorf("the tarball's public key is\n%s\nexpected\n%s", got, want)
	}
	judge(t, 2, dir, s.CosignEnv(), "verify-blob", "--key", public, "--signature", "shim-demo-v1.sig", "shim-demo-v1").wantCode(t, 0)
	judge(t, 3, dir, nil, "verify-blob", "--key", public, "--bundle", "shim-demo-v1.sigstore.json", "--trusted-root", s.TrustedRoot, "shim-demo-v1").wantCode(t, 0)
	ours := command{args: []string{slipway, "verify", "--key", public, "--trusted-root", s.TrustedRoot, tarball}}
	ours.run(t).wantCode(t, 0)
	if got := verifyCommand(t, s, tarball).wantCode(t, 1); !strings.Contains(got.stdout, "signed with a key, expected a certificate") {
		t.Errorf("slipway verify with an identity says\n%s", got.stdout)
	}
	t.Run("wrong password", func(t *testing.T) {
		wrong := r
		wrong.env = []string{"COSIGN_PASSWORD=wrong"}
		w.command("dist", wrong).run(t).wantCode(t, 1).wantError(t, "reading the signing key", "its password")
	})
	check(t, os.WriteFile(filepath.Join(dir, "shim-demo-v1"), bytes.Repeat([]byte("x"), 10), 0o755))
	ours.args[len(ours.args)-1] = dir
	if got := ours.run(t).wantCode(t, 1); !strings.Contains(got.stdout, "the signature is for another file") {
		t.Errorf("slipway verify of another binary says\n%s", got.stdout)
	}
}
