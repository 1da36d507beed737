package verify

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/sign"
)

// dryRun is a directory with a binary and what a dry run signs it with. What
// real signatures are worth, e2e tests against a real sigstore.
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
	if r.Verdict != Bad || !r.DryRun || !strings.Contains(r.Text(), "This is no release") {
		t.Errorf("verdict %q, dry run %t:\n%s", r.Verdict, r.DryRun, r.Text())
	}
}

func TestDryRunOfAnotherFile(t *testing.T) {
	dir := dryRun(t)
	put(t, dir, "app", "another binary")
	r := Directory(t.Context(), dir, Expectation{Identity: "any", Issuer: Issuer})
	if r.Verdict != Bad || !strings.Contains(r.Text(), "it is not of this file") {
		t.Errorf("verdict %q:\n%s", r.Verdict, r.Text())
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

// FuzzParse holds that no bundle makes the parser panic, and that whatever it
// takes has a signature to look at.
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
