package sigstack

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
)

const blob = "shim-demo-x86_64-linux-musl.tar.gz"

// verify2 is the command of a release document, verbatim.
var verify2 = []string{
	"verify-blob", "--certificate", blob + ".pem", "--signature", blob + ".sig",
	"--certificate-identity", "https://github.com/containerd/runwasi/.github/workflows/action-build.yml@refs/heads/main",
	"--certificate-oidc-issuer", "https://token.actions.githubusercontent.com", blob,
}

// sign2 returns the command that signs blob in the classic format.
func sign2(token ...string) []string {
	args := []string{"sign-blob", "--yes", "--output-signature", blob + ".sig", "--output-certificate", blob + ".pem", blob}
	if len(token) > 0 {
		args = append(args, "--identity-token", token[0])
	}
	return args
}

func TestStackCosign2(t *testing.T) {
	s := start(t)
	c := newJudge(t, 2, s.CosignEnv())
	c.write(t, blob, "a tarball")
	c.must(t, sign2(token(t, s, nil))...)
	if out := c.must(t, verify2...); !strings.Contains(out, "Verified OK") {
		t.Errorf("verifying said %q", out)
	}
	// .pem is PEM in base64.
	raw, err := base64.StdEncoding.DecodeString(string(c.read(t, blob+".pem")))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		t.Fatalf("no PEM in %q", raw)
	}
	wantCertificate(t, block.Bytes)
	if n := s.Fulcio.Count("/api/v1/signingCert"); n != 1 {
		t.Errorf("Fulcio was asked %d times for a certificate, expected once", n)
	}
	if n := s.Rekor.Count("/api/v1/log/entries/retrieve"); n != 1 {
		t.Errorf("Rekor was searched %d times, expected once: by verifying", n)
	}
	c.write(t, blob, "another tarball")
	if out, err := c.run(verify2...); err == nil {
		t.Errorf("another tarball is verified: %s", out)
	}
}

// TestStackCosign2FromActions has cosign get its token as in a GitHub job.
func TestStackCosign2FromActions(t *testing.T) {
	s := start(t)
	c := newJudge(t, 2, slices.Concat(s.CosignEnv(), s.ActionsEnv()))
	c.write(t, blob, "a tarball")
	c.must(t, sign2()...)
	c.must(t, verify2...)
	if rs := s.Tokens.Requests(); len(rs) != 1 || rs[0].Path != "/token" || rs[0].Status != 200 {
		t.Errorf("the token endpoint got %+v, expected one request", rs)
	}
}

// TestStackCosign2Refused checks a wrong identity, and tokens that Fulcio must refuse.
func TestStackCosign2Refused(t *testing.T) {
	s := start(t)
	c := newJudge(t, 2, s.CosignEnv())
	c.write(t, blob, "a tarball")
	c.must(t, sign2(token(t, s, Claims{"job_workflow_ref": "evil/runwasi/.github/workflows/action-build.yml@refs/heads/main"}))...)
	if out, err := c.run(verify2...); err == nil || !strings.Contains(out, "evil/runwasi") {
		t.Errorf("another repository's workflow: %v, %s", err, out)
	}
	for name, overrides := range map[string]Claims{
		"expired":        Expired(),
		"other audience": {"aud": "https://github.com/containerd"},
		"no sha":         {"sha": nil},
		"other issuer":   {"iss": "https://accounts.example.com"},
	} {
		s.Fulcio.Reset()
		if out, err := c.run(sign2(token(t, s, overrides))...); err == nil {
			t.Errorf("%s: signed: %s", name, out)
		}
		if rs := s.Fulcio.Requests(); len(rs) != 1 || rs[0].Status != 400 {
			t.Errorf("%s: Fulcio got %+v, expected one request that it answers with 400", name, rs)
		}
	}
}

func TestStackCosign3(t *testing.T) {
	s := start(t)
	c := newJudge(t, 3, nil)
	c.write(t, blob, "a tarball")
	bundle := blob + ".sigstore.json"
	c.must(t, "sign-blob", "--yes", "--identity-token", token(t, s, nil), "--signing-config", s.SigningConfig,
		"--trusted-root", s.TrustedRoot, "--bundle", bundle, blob)
	verify := []string{
		"verify-blob", "--trusted-root", s.TrustedRoot, "--bundle", bundle, "--use-signed-timestamps",
		"--certificate-identity", Identity, "--certificate-oidc-issuer", Issuer, blob,
	}
	c.must(t, verify...)
	var b struct {
		VerificationMaterial struct {
			Certificate               struct{ RawBytes []byte }
			TlogEntries               []struct{ KindVersion struct{ Kind string } }
			TimestampVerificationData struct{ Rfc3161Timestamps []any }
		}
	}
	if err := json.Unmarshal(c.read(t, bundle), &b); err != nil {
		t.Fatal(err)
	}
	m := b.VerificationMaterial
	wantCertificate(t, m.Certificate.RawBytes)
	if len(m.TlogEntries) != 1 || m.TlogEntries[0].KindVersion.Kind != "hashedrekord" || len(m.TimestampVerificationData.Rfc3161Timestamps) != 1 {
		t.Errorf("the bundle has the log entries %+v and %d timestamps; expected one each", m.TlogEntries, len(m.TimestampVerificationData.Rfc3161Timestamps))
	}
	if n := s.TSA.Count("/api/v1/timestamp"); n != 1 {
		t.Errorf("the timestamp authority was asked %d times, expected once", n)
	}
	c.write(t, blob, "another tarball")
	if out, err := c.run(verify...); err == nil {
		t.Errorf("another tarball is verified: %s", out)
	}
}

// wantCertificate compares the identity and issuer of a DER certificate with those of the
// release document, and checks that it has an SCT.
func wantCertificate(t *testing.T, der []byte) {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.URIs) != 1 || c.URIs[0].String() != Identity {
		t.Errorf("the certificate's SAN is %v, expected %s", c.URIs, Identity)
	}
	// 1.3.6.1.4.1.57264.1.8 holds the issuer as a DER string, 1.1 as plain bytes.
	var v2 string
	if _, err := asn1.Unmarshal(extensionOf(c, 1, 3, 6, 1, 4, 1, 57264, 1, 8), &v2); err != nil || v2 != Issuer {
		t.Errorf("the certificate's issuer is %q, %v; expected %s", v2, err, Issuer)
	}
	if v1 := string(extensionOf(c, 1, 3, 6, 1, 4, 1, 57264, 1, 1)); v1 != Issuer {
		t.Errorf("the certificate's issuer is %q in the old extension, expected %s", v1, Issuer)
	}
	if len(extensionOf(c, 1, 3, 6, 1, 4, 1, 11129, 2, 4, 2)) == 0 {
		t.Error("the certificate has no SCT (RFC 6962, section 3.3)")
	}
}

// extensionOf returns the value of an extension of c, nil if there is none.
func extensionOf(c *x509.Certificate, id ...int) []byte {
	for _, e := range c.Extensions {
		if e.Id.Equal(id) {
			return e.Value
		}
	}
	return nil
}
