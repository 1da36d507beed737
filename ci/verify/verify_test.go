package verify

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sign"
)

// dryRun returns a directory with a binary and its dry-run signatures. Real signatures are
// tested in e2e with a real Sigstore.
func dryRun(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	put(t, dir, "app", "a binary")
	signer, err := sign.DryRun("app/v1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	sig, err := signer.File(t.Context(), filepath.Join(dir, "app"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "app"+plan.SignatureFile, string(sig.Sig))
	put(t, dir, "app"+plan.CertificateFile, string(sig.Cert))
	put(t, dir, "app"+plan.BundleFile, string(sig.Bundle))
	return dir
}

func put(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestDryRunIsNoRelease(t *testing.T) {
	r := Directory(t.Context(), dryRun(t), Expectation{Identity: "any", Issuer: Issuer})
	if r.Verdict != Bad || !r.DryRun || !strings.Contains(r.Text(), "This is not a release") {
		t.Errorf("verdict %q, dry run %t:\n%s", r.Verdict, r.DryRun, r.Text())
	}
}

func TestDryRunOfAnotherFile(t *testing.T) {
	dir := dryRun(t)
	put(t, dir, "app", "another binary")
	r := Directory(t.Context(), dir, Expectation{Identity: "any", Issuer: Issuer})
	if r.Verdict != Bad || !strings.Contains(r.Text(), "not for this file") {
		t.Errorf("verdict %q:\n%s", r.Verdict, r.Text())
	}
}

// TestFilesThatNothingSigns checks that a directory may hold a binary and its signatures,
// and no other file that is named like a signature.
func TestFilesThatNothingSigns(t *testing.T) {
	e := Expectation{Identity: "any", Issuer: Issuer, DryRun: true}
	if r := Directory(t.Context(), dryRun(t), e); r.Verdict != Good {
		t.Fatalf("verdict %q:\n%s", r.Verdict, r.Text())
	}
	for name, want := range map[string]string{
		"app.pub":               "not the key that signed",
		"app.pem.sig":           `it signs "app.pem", which signs "app" itself`,
		"app.sig.pub":           `it signs "app.sig", which signs "app" itself`,
		"app.sigstore.json.pem": `it signs "app.sigstore.json", which signs "app" itself`,
		"app.sig.sig.sig":       `it signs "app.sig.sig", which is missing`,
		"other.pem":             `it signs "other", which is missing`,
		"other":                 "it is not signed",
		".pem":                  "it is not signed",
	} {
		dir := dryRun(t)
		put(t, dir, name, "#!/bin/sh\n")
		if r := Directory(t.Context(), dir, e); r.Verdict != Bad || !strings.Contains(r.Text(), want) {
			t.Errorf("with %q the verdict is %q, expected that it says %q:\n%s", name, r.Verdict, want, r.Text())
		}
	}
}

// TestPathNames checks that a path is used literally, and that an empty path is refused.
func TestPathNames(t *testing.T) {
	e := Expectation{Identity: "any", Issuer: Issuer, DryRun: true}
	dir := filepath.Join(t.TempDir(), "rel[x]*?")
	if err := os.Rename(dryRun(t), dir); err != nil {
		t.Fatal(err)
	}
	if r := Path(t.Context(), dir, e); r.Verdict != Good {
		t.Errorf("%q is %q:\n%s", dir, r.Verdict, r.Text())
	}
	put(t, dir, "app-x86_64-linux-musl.tar.gz", "")
	if r := Path(t.Context(), dir, e); r.Verdict != Bad || !strings.Contains(r.Text(), "app-x86_64-linux-musl.tar.gz") {
		t.Errorf("a release's directory is %q:\n%s", r.Verdict, r.Text())
	}
	t.Chdir(dryRun(t))
	if r := Path(t.Context(), "", e); r.Verdict != Unknown || !strings.Contains(r.Text(), "the name is empty") {
		t.Errorf("an empty name is %q:\n%s", r.Verdict, r.Text())
	}
}

// TestClaimedBy checks that the tag of a reference claims a version even if a digest
// follows it.
func TestClaimedBy(t *testing.T) {
	digest := "@sha256:" + strings.Repeat("0a", 32)
	for reference, want := range map[string]string{"ghcr.io/a/b:1.0.1": "1.0.1", "ghcr.io/a/b:1.0.1" + digest: "1.0.1", "ghcr.io/a/b" + digest: "", "127.0.0.1:5000/a/b" + digest: "", "ghcr.io/a/b": ""} {
		if got, err := claimedBy(reference); err != nil || got != want {
			t.Errorf("%q claims %q, %v, expected %q", reference, got, err, want)
		}
	}
}

// TestClaimed checks that a tag that looks like a version claims one, or is refused.
func TestClaimed(t *testing.T) {
	for tag, want := range map[string]string{
		"1.0.1": "1.0.1", "v1.0.1": "1.0.1", "1.0.1-rc.1": "1.0.1-rc.1", "1.0.1_build": "1.0.1+build", "1.0.1-rc.1_curl-8.15.0": "1.0.1-rc.1+curl-8.15.0",
		"V1.0.1": "1.0.1", "release-1.0.1": "1.0.1", "rel1.0.1": "1.0.1", "vv1.0.1": "1.0.1", "_1.0.1": "1.0.1", "v_1.0.1": "1.0.1",
		"latest": "", "pr-12": "", "2x": "", "main": "", "sha-0a1b2c3": "", "vendor": "",
	} {
		if got, err := claimed(tag); err != nil || got != want {
			t.Errorf("tag %q claims %q, %v, expected %q", tag, got, err, want)
		}
	}
	for _, tag := range []string{"1", "v1", "1.0", "01.0.1", "1.0.1.2", "1.0.1_", "1.0.1_a_b", "1.0-rc1", "v1.0_x", "20261128", "release-1.0", "v.1"} {
		if got, err := claimed(tag); err == nil {
			t.Errorf("tag %q claims %q, expected an error", tag, got)
		}
	}
}

func TestNothingToVerify(t *testing.T) {
	for name, want := range map[string]Verdict{t.TempDir(): Bad, filepath.Join(t.TempDir(), "none"): Unknown} {
		if r := Path(t.Context(), name, Expectation{}); r.Verdict != want {
			t.Errorf("%q is %q, expected %q:\n%s", name, r.Verdict, want, r.Text())
		}
	}
}

func TestWorstVerdictStays(t *testing.T) {
	r := &Report{}
	for i, step := range []struct {
		add  Verdict
		want Verdict
	}{{Good, Good}, {Unknown, Unknown}, {Good, Unknown}, {Bad, Bad}, {Unknown, Bad}, {Good, Bad}} {
		if r.add(Check{Verdict: step.add}); r.Verdict != step.want {
			t.Errorf("after check %d the verdict is %q, expected %q", i, r.Verdict, step.want)
		}
	}
}

// FuzzParse checks that parse does not panic, and that a bundle it accepts has a signature.
func FuzzParse(f *testing.F) {
	signer, err := sign.DryRun("app/v1.0.0")
	if err != nil {
		f.Fatal(err)
	}
	name := filepath.Join(f.TempDir(), "app")
	if err := os.WriteFile(name, []byte("a binary"), 0o644); err != nil {
		f.Fatal(err)
	}
	sig, err := signer.File(f.Context(), name)
	if err != nil {
		f.Fatal(err)
	}
	statement, err := signer.Statement(f.Context(), []byte(`{"_type":"https://in-toto.io/Statement/v1"}`))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{sig.Bundle, statement, []byte("{}"), []byte(`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","messageSignature":{}}`)} {
		f.Add(seed)
	}
	sum, err := digest(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := parse(raw)
		if err != nil {
			return
		}
		if b.cert != nil {
			_ = b.intact(sum)
		}
		if err := b.verify(t.Context(), sum, Expectation{Identity: "nobody", Issuer: Issuer}); err == nil {
			t.Errorf("nobody has signed, and this is taken for it:\n%s", raw)
		}
	})
}
