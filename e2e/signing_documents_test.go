package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/sigstack"
)

// TestSigningHostileDocuments modifies the files of a release besides the tarballs, and
// checks that `slipway verify` refuses each modification for its own reason.
func TestSigningHostileDocuments(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	good := signed(t, s)
	w.command("dist", good).run(t).wantCode(t, 0)
	// The same release, signed by someone else's workflow.
	other := good
	other.out = filepath.Join(t.TempDir(), "other")
	handOut(s, sigstack.Claims{"job_workflow_ref": "evil/runwasi/.github/workflows/action-build.yml@refs/heads/main"})
	w.command("dist", other).run(t).wantCode(t, 0)
	const (
		x86  = "shim-demo-v1-x86_64-linux-musl"
		arm  = "shim-demo-v1-aarch64-linux-musl"
		from = "shim-demo.provenance.sigstore.json"
	)
	swap := func(a, b string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { write(t, read(t, dir, b), dir, a) }
	}
	tests := []struct {
		name   string
		change func(t *testing.T, dir string)
		want   string
	}{
		{"the SBOM of the other architecture", swap(x86+".cdx.json", arm+".cdx.json"), "it is not the document that was signed"},
		{"an SBOM that says less", func(t *testing.T, dir string) {
			var document map[string]any
			check(t, json.Unmarshal([]byte(read(t, dir, x86+".cdx.json")), &document))
			delete(document, "components")
			raw, err := json.Marshal(document)
			check(t, err)
			write(t, string(raw), dir, x86+".cdx.json")
		}, "it is not the document that was signed"},
		{"the attestation of the other architecture", swap(x86+".spdx.sigstore.json", arm+".spdx.sigstore.json"), x86 + ".spdx.sigstore.json: the signature is not valid"},
		{"the attestation of the other format", swap(x86+".cdx.sigstore.json", x86+".spdx.sigstore.json"), `expected a "https://cyclonedx.org/bom"`},
		{"the signature of the binary as its SBOM's", func(t *testing.T, dir string) {
			binaries := unpack(t, filepath.Join(dir, "shim-demo-x86_64-linux-musl.tar.gz"))
			write(t, read(t, binaries, "shim-demo-v1.sigstore.json"), dir, x86+".cdx.sigstore.json")
		}, "expected one that signs a statement"},
		{"an SBOM and no attestation", remove(x86 + ".cdx.sigstore.json"), "reading the bundle"},
		{"an attestation and no SBOM", remove(x86 + ".cdx.json"), x86 + ".cdx.json: open"},
		{"the SBOM as provenance", swap(from, x86+".cdx.sigstore.json"), `that holds a "https://cyclonedx.org/bom"; expected`},
		{"provenance by another repository", take(other.out, from), `identity is "https://github.com/evil/runwasi/`},
		{"no provenance", remove(from), from + ": it is missing"},
		{"provenance of another crate", func(t *testing.T, dir string) {
			check(t, os.Rename(filepath.Join(dir, from), filepath.Join(dir, "other.provenance.sigstore.json")))
			check(t, os.Rename(filepath.Join(dir, "shim-demo-x86_64-linux-musl.tar.gz"), filepath.Join(dir, "other-x86_64-linux-musl.tar.gz")))
		}, `externalParameters.crate is "shim-demo"`},
		{"a file more", func(t *testing.T, dir string) { write(t, "#!/bin/sh\n", dir, "install.sh") }, "install.sh: nothing signed names it"},
		{"a folder", func(t *testing.T, dir string) { check(t, os.Mkdir(filepath.Join(dir, "more"), 0o755)) }, "more: it is not a regular file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := stack(t)
			dir := filepath.Join(t.TempDir(), "release")
			check(t, os.CopyFS(dir, os.DirFS(good.out)))
			tt.change(t, dir)
			got := verifyCommand(t, s, dir).wantCode(t, 1)
			if !strings.Contains(got.stdout, tt.want) || !strings.Contains(got.stdout, "Bad: do not use this") {
				t.Errorf("slipway verify does not say %q:\n%s", tt.want, got.stdout)
			}
		})
	}
}
