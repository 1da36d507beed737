// Package documents validates the documents of a release with the reference packages for
// their formats, and compares recorded output of cargo with cargo's current output.
package documents

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/provenance"
	"dagger/slipway/ci/sbom"
)

const (
	testdata = "../../ci/sbom/testdata"
	example  = "../../examples/workspace"
	x8664    = "x86_64-unknown-linux-musl"
)

// judges lists the packages that judge.py uses, with versions.
var judges = []string{"cyclonedx-python-lib[json-validation]==11.12.0", "spdx-tools==0.8.5", "in-toto-attestation==0.9.3"}

// python makes a virtual environment with these packages and returns its interpreter.
func python(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("python3", "-m", "venv", dir).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: python3 -m venv does not work here (Debian: python3-venv): %v %s", err, lastLine(out))
	}
	interpreter := filepath.Join(dir, "bin", "python")
	args := append([]string{"-m", "pip", "install", "--quiet", "--disable-pip-version-check"}, judges...)
	if out, err := exec.Command(interpreter, args...).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: pip cannot install %s: %s", strings.Join(judges, " "), lastLine(out))
	}
	return interpreter
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

// judge returns the output of judge.py for files: a line for each error, then a summary.
func judge(t *testing.T, interpreter string, files ...string) string {
	t.Helper()
	out, err := exec.Command(interpreter, append([]string{"judge.py"}, files...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("judge.py: %v\n%s", err, out)
	}
	return string(out)
}

// TestJudged validates every document in the unit tests' testdata, one made from hostile
// input, and provenance statements; and checks that broken ones are rejected.
func TestJudged(t *testing.T) {
	interpreter := python(t)
	files, err := filepath.Glob(testdata + "/*.*.json")
	if err != nil || len(files) < 14 {
		t.Fatalf("%d documents in %s, %v; expected at least 14", len(files), testdata, err)
	}
	dir := t.TempDir()
	files = append(files, writeHostile(t, dir)...)
	for _, name := range []string{"release", "dry-run"} {
		files = append(files, copyFile(t, "../../ci/provenance/testdata/"+name+".json", filepath.Join(dir, name+".intoto.json")))
	}
	if got, want := judge(t, interpreter, files...), fmt.Sprintf("judged %d, faults 0\n", len(files)); got != want {
		t.Errorf("got %swant %s", got, want)
	}
	for i, b := range []struct{ from, old, with, want string }{
		{testdata + "/app-x86_64.cdx.json", `"bomFormat": "CycloneDX"`, `"bomFormat": "Other"`, "'Other' is not one of"},
		{testdata + "/app-x86_64.cdx.json", `"pkg:cargo/core-lib@`, `"cargo/core-lib@`, "purl is missing the required"},
		{testdata + "/app-x86_64.spdx.json", `"licenseDeclared": "MIT"`, `"licenseDeclared": "Proprietary"`, "Proprietary"},
		{testdata + "/app-x86_64.spdx.json", `"urn:uuid:`, `"uuid`, "document_namespace"},
		{"../../ci/provenance/testdata/release.json", `"resolvedDependencies"`, `"materials"`, `no field named "materials"`},
		{"../../ci/provenance/testdata/release.json", `"https://in-toto.io/Statement/v1"`, `"x"`, "Wrong statement type"},
	} {
		suffix := strings.TrimPrefix(filepath.Base(b.from), "app-x86_64")
		if suffix == "release.json" {
			suffix = ".intoto.json"
		}
		broken := filepath.Join(dir, fmt.Sprintf("broken-%d%s", i, suffix))
		replaceIn(t, b.from, broken, b.old, b.with)
		if got := judge(t, interpreter, broken); !strings.Contains(got, b.want) {
			t.Errorf("%s with %s: judged %q, want %q", b.from, b.with, got, b.want)
		}
	}
}

// writeHostile writes the documents of a workspace with hostile manifests.
func writeHostile(t *testing.T, dir string) []string {
	t.Helper()
	// The SPDX validator rejects hosts whose last label has more than 5 letters.
	const worst = "<b>&\"\\\u2028 \u202e a b\x7f"
	g, err := sbom.Parse("0app v1.0.0-rc.1+x (/src/a b (c))\t" + worst + "\t" + worst + "\n" +
		"1a v1.0.0\tMIT/Apache-2.0\thttps://user:token@git.example.com\n" +
		"1a v1.0.0 (registry `ours`)\t\tnot a URL\n" +
		"1a v1.0.0 (ssh://git@git.example.com/a b?branch=main#01234567)\tMIT AND\t\n")
	if err != nil {
		t.Fatal(err)
	}
	d, err := sbom.New(sbom.Input{
		Binary: "app", SHA256: sha256.Sum256(nil), Target: x8664, Graph: g, Rust: sbom.Rust{Release: "1.96.0"},
		Lock: cargo.Lock{Packages: []cargo.Package{
			{Name: "app", Version: "1.0.0-rc.1+x"},
			{Name: "a", Version: "1.0.0", Source: "registry+https://github.com/rust-lang/crates.io-index", Checksum: strings.Repeat("0a", 32)},
			{Name: "a", Version: "1.0.0", Source: "registry+https://user:token@git.example.com:8443/index", Checksum: strings.Repeat("0b", 32)},
			{Name: "a", Version: "1.0.0", Source: "git+ssh://git@git.example.com/a b?branch=main#" + strings.Repeat("01234567", 5)},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for suffix, write := range map[string]func(io.Writer) error{".cdx.json": d.WriteCycloneDX, ".spdx.json": d.WriteSPDX} {
		name := filepath.Join(dir, "hostile"+suffix)
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := write(f); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	}
	return files
}

func replaceIn(t *testing.T, from, to, old, with string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), old) {
		t.Fatalf("%s does not hold %s", from, old)
	}
	if err := os.WriteFile(to, []byte(strings.Replace(string(raw), old, with, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) string {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provenance.Parse(raw); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	return to
}
