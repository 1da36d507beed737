package signing

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// signed returns a release of shim-demo from a clone, signed like in a GitHub Actions job.
func signed(t testing.TB, s *sigstack.Stack) kit.Release {
	t.Helper()
	r := kit.Demo(t)
	r.Source = kit.Example(t)
	sigstore.Commit(t, s, r.Source)
	r.Flags, r.Env = sigstore.Flags(s), s.ActionsEnv()
	return r
}

// verifyCommand runs `slipway verify` with the stack's trust root.
func verifyCommand(t testing.TB, s *sigstack.Stack, paths ...string) kit.Result {
	t.Helper()
	args := []string{kit.Slipway, "verify", "--repository", "containerd/runwasi", "--trusted-root", s.TrustedRoot}
	return kit.Command{Args: append(args, paths...), Env: []string{"GITHUB_REPOSITORY="}}.Run(t)
}

// cosign3 verifies the bundle like users of version 3.
func cosign3(t testing.TB, s *sigstack.Stack, dir, binary string) kit.Result {
	t.Helper()
	args := append([]string{"verify-blob", "--bundle", binary + ".sigstore.json", "--trusted-root", s.TrustedRoot}, sigstore.Identity...)
	return sigstore.Cosign(t, 3, dir, nil, append(args, binary)...)
}

// wantSigned verifies both tarballs with slipway and both versions of cosign.
func wantSigned(t *testing.T, s *sigstack.Stack, out string) {
	t.Helper()
	whole := verifyCommand(t, s, out).WantCode(t, 0)
	for _, want := range []string{"built by " + sigstore.Identity[1] + " from commit " + sigstore.Head(), "the SBOM of shim-demo-v1", "SHA256SUMS: named by the provenance"} {
		if !strings.Contains(whole.Stdout, want) {
			t.Errorf("slipway verify does not say %q of the whole release:\n%s", want, whole.Stdout)
		}
	}
	for _, arch := range []string{"x86_64", "aarch64"} {
		tarball := filepath.Join(out, "shim-demo-"+arch+"-linux-musl.tar.gz")
		dir := sigstore.Unpack(t, tarball)
		if got := sigstore.Cosign2(t, s, dir, "shim-demo-v1").WantCode(t, 0); !strings.Contains(got.Stderr, "Verified OK") {
			t.Errorf("cosign 2 says %q", got.Stderr)
		}
		cosign3(t, s, dir, "shim-demo-v1").WantCode(t, 0)
		for _, path := range []string{tarball, dir} {
			if got := verifyCommand(t, s, path).WantCode(t, 0); !strings.Contains(got.Stdout, "signed by "+sigstore.Identity[1]) {
				t.Errorf("slipway verify says %q", got.Stdout)
			}
		}
		bundle := filepath.Join(out, "shim-demo.provenance.sigstore.json")
		for _, file := range []string{tarball, filepath.Join(out, "SHA256SUMS"), filepath.Join(dir, "shim-demo-v1")} {
			args := slices.Concat([]string{"verify-blob-attestation", "--bundle", bundle, "--type", "slsaprovenance1", "--trusted-root", s.TrustedRoot}, sigstore.Identity, []string{file})
			sigstore.Cosign(t, 2, dir, nil, append(args, "--new-bundle-format")...).WantCode(t, 0)
			sigstore.Cosign(t, 3, dir, nil, args...).WantCode(t, 0)
		}
		for kind, ending := range map[string]string{"cyclonedx": ".cdx", "spdxjson": ".spdx"} {
			bundle := filepath.Join(out, "shim-demo-v1-"+arch+"-linux-musl"+ending+".sigstore.json")
			args := slices.Concat([]string{"verify-blob-attestation", "--bundle", bundle, "--type", kind, "--trusted-root", s.TrustedRoot}, sigstore.Identity, []string{"shim-demo-v1"})
			sigstore.Cosign(t, 2, dir, nil, append(args, "--new-bundle-format")...).WantCode(t, 0)
			sigstore.Cosign(t, 3, dir, nil, args...).WantCode(t, 0)
			kit.Check(t, os.WriteFile(filepath.Join(dir, "other"), []byte("other"), 0o644))
			if sigstore.Cosign(t, 3, dir, nil, append(args[:len(args)-1], "other")...).Code == 0 {
				t.Errorf("cosign 3 takes the %s attestation for one of another file", kind)
			}
		}
	}
}

func testSigned(t *testing.T, w *kit.Runner) {
	s := sigstore.Open(t)
	r := signed(t, s)
	got := w.Command("dist", r).Run(t).WantCode(t, 0)
	if !strings.Contains(got.Stdout, "shim-demo/v0.1.0 is built, tested and signed; nothing was published") {
		t.Errorf("the summary says\n%s", got.Stdout)
	}
	if f, k, e := s.Fulcio.Count(""), s.Tokens.Count(""), s.Rekor.Count("/api/v1/log/entries"); f != 1 || k != 1 || e != 7 {
		t.Errorf("%d certificates, %d tokens and %d log entries for two binaries with two attestations each and the provenance, expected 1, 1 and 7", f, k, e)
	}
	kit.WantDemoSums(t, r.Out)
	wantSigned(t, s, r.Out)
	t.Run("with timestamps", func(t *testing.T) {
		stamped := r
		stamped.Out = filepath.Join(t.TempDir(), "out")
		stamped.Flags = append(slices.Clone(r.Flags), "--timestamp-url", s.TSAURL+"/api/v1/timestamp")
		w.Command("dist", stamped).Run(t).WantCode(t, 0)
		if n := s.TSA.Count(""); n != 7 {
			t.Errorf("%d timestamps for two binaries with two attestations each and the provenance", n)
		}
		wantSigned(t, s, stamped.Out)
	})
}

func TestSigningLocal(t *testing.T) {
	w, _ := kit.Local(t)
	testSigned(t, w)
}

func TestSigningDagger(t *testing.T) { testSigned(t, kit.Dagger(t)) }

// TestSigningDryRun checks that a dry run contacts no server, that its artifacts have the
// form of a release's, and that all verifiers refuse them.
func TestSigningDryRun(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	r := signed(t, s)
	r.Flags = nil // a dry run has no such flags
	w.Release(t, r).WantCode(t, 0)
	for _, p := range sigstore.Proxies(s) {
		if n := p.Count(""); n != 0 {
			t.Errorf("a dry run sent %d requests: %v", n, p.Requests())
		}
	}
	tarball := filepath.Join(r.Out, "shim-demo-x86_64-linux-musl.tar.gz")
	got := verifyCommand(t, s, tarball).WantCode(t, 1)
	if !strings.Contains(got.Stdout, "This is not a release: a dry run made it") {
		t.Errorf("slipway verify says\n%s", got.Stdout)
	}
	dir := sigstore.Unpack(t, tarball)
	for version, refused := range map[int]kit.Result{2: sigstore.Cosign2(t, s, dir, "shim-demo-v1"), 3: cosign3(t, s, dir, "shim-demo-v1")} {
		if refused.Code == 0 {
			t.Errorf("cosign %d takes a dry run for a release", version)
		}
	}
	text, err := base64.StdEncoding.DecodeString(kit.Read(t, dir, "shim-demo-v1.pem"))
	kit.Check(t, err)
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	kit.Check(t, err)
	if subject := cert.Subject.String(); !strings.Contains(subject, "dry run") || !strings.Contains(subject, "this is no release") {
		t.Errorf("the certificate's subject is %q, expected it to say what it is", subject)
	}
}

// TestSigningKey signs with a key generated by cosign.
func TestSigningKey(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	keys := t.TempDir()
	sigstore.Cosign(t, 2, keys, []string{"COSIGN_PASSWORD=secret"}, "generate-key-pair").WantCode(t, 0)
	r := signed(t, s)
	r.Flags = append(r.Flags, "--key", filepath.Join(keys, "cosign.key"))
	r.Env = []string{"COSIGN_PASSWORD=secret"}
	w.Command("dist", r).Run(t).WantCode(t, 0)
	if n := s.Fulcio.Count("") + s.Tokens.Count(""); n != 0 {
		t.Errorf("%d requests for an identity, though a key signs", n)
	}
	tarball := filepath.Join(r.Out, "shim-demo-aarch64-linux-musl.tar.gz")
	dir, public := sigstore.Unpack(t, tarball), filepath.Join(keys, "cosign.pub")
	want := kit.Read(t, public)
	if got := kit.Read(t, dir, "shim-demo-v1.pub"); strings.TrimSpace(got) != strings.TrimSpace(want) {
		t.Errorf("the tarball's public key is\n%s\nexpected\n%s", got, want)
	}
	sigstore.Cosign(t, 2, dir, s.CosignEnv(), "verify-blob", "--key", public, "--signature", "shim-demo-v1.sig", "shim-demo-v1").WantCode(t, 0)
	sigstore.Cosign(t, 3, dir, nil, "verify-blob", "--key", public, "--bundle", "shim-demo-v1.sigstore.json", "--trusted-root", s.TrustedRoot, "shim-demo-v1").WantCode(t, 0)
	ours := kit.Command{Args: []string{kit.Slipway, "verify", "--key", public, "--trusted-root", s.TrustedRoot, tarball}}
	ours.Run(t).WantCode(t, 0)
	if got := verifyCommand(t, s, tarball).WantCode(t, 1); !strings.Contains(got.Stdout, "signed with a key, expected a certificate") {
		t.Errorf("slipway verify with an identity says\n%s", got.Stdout)
	}
	t.Run("wrong password", func(t *testing.T) {
		wrong := r
		wrong.Env = []string{"COSIGN_PASSWORD=wrong"}
		w.Command("dist", wrong).Run(t).WantCode(t, 1).WantError(t, "reading the signing key", "its password")
	})
	kit.Check(t, os.WriteFile(filepath.Join(dir, "shim-demo-v1"), bytes.Repeat([]byte("x"), 10), 0o755))
	ours.Args[len(ours.Args)-1] = dir
	if got := ours.Run(t).WantCode(t, 1); !strings.Contains(got.Stdout, "the signature is for another file") {
		t.Errorf("slipway verify of another binary says\n%s", got.Stdout)
	}
}
