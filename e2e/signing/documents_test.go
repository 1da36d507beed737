package signing

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// TestSigningHostileDocuments modifies the files of a release besides the tarballs, and
// checks that `slipway verify` refuses each modification for its own reason.
func TestSigningHostileDocuments(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	good := signed(t, s)
	w.Command("dist", good).Run(t).WantCode(t, 0)
	// The same release, signed by someone else's workflow.
	other := good
	other.Out = filepath.Join(t.TempDir(), "other")
	sigstore.HandOut(s, sigstack.Claims{"job_workflow_ref": "evil/runwasi/.github/workflows/action-build.yml@refs/heads/main"})
	w.Command("dist", other).Run(t).WantCode(t, 0)
	const (
		x86  = "shim-demo-v1-x86_64-linux-musl"
		arm  = "shim-demo-v1-aarch64-linux-musl"
		from = "shim-demo.provenance.sigstore.json"
	)
	swap := func(a, b string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { kit.Write(t, kit.Read(t, dir, b), dir, a) }
	}
	tests := []struct {
		name   string
		change func(t *testing.T, dir string)
		want   string
	}{
		{"the SBOM of the other architecture", swap(x86+".cdx.json", arm+".cdx.json"), "it is not the document that was signed"},
		{"an SBOM that says less", func(t *testing.T, dir string) {
			var document map[string]any
			kit.Check(t, json.Unmarshal([]byte(kit.Read(t, dir, x86+".cdx.json")), &document))
			delete(document, "components")
			raw, err := json.Marshal(document)
			kit.Check(t, err)
			kit.Write(t, string(raw), dir, x86+".cdx.json")
		}, "it is not the document that was signed"},
		{"the attestation of the other architecture", swap(x86+".spdx.sigstore.json", arm+".spdx.sigstore.json"), x86 + ".spdx.sigstore.json: the signature is not valid"},
		{"the attestation of the other format", swap(x86+".cdx.sigstore.json", x86+".spdx.sigstore.json"), `expected a "https://cyclonedx.org/bom"`},
		{"the signature of the binary as its SBOM's", func(t *testing.T, dir string) {
			binaries := sigstore.Unpack(t, filepath.Join(dir, "shim-demo-x86_64-linux-musl.tar.gz"))
			kit.Write(t, kit.Read(t, binaries, "shim-demo-v1.sigstore.json"), dir, x86+".cdx.sigstore.json")
		}, "expected one that signs a statement"},
		{"an SBOM and no attestation", kit.DropFile(x86 + ".cdx.sigstore.json"), "reading the bundle"},
		{"an attestation and no SBOM", kit.DropFile(x86 + ".cdx.json"), x86 + ".cdx.json: open"},
		{"the SBOM as provenance", swap(from, x86+".cdx.sigstore.json"), `that holds a "https://cyclonedx.org/bom"; expected`},
		{"provenance by another repository", kit.TakeFile(other.Out, from), `identity is "https://github.com/evil/runwasi/`},
		{"no provenance", kit.DropFile(from), from + ": it is missing"},
		{"provenance of another crate", func(t *testing.T, dir string) {
			kit.Check(t, os.Rename(filepath.Join(dir, from), filepath.Join(dir, "other.provenance.sigstore.json")))
			kit.Check(t, os.Rename(filepath.Join(dir, "shim-demo-x86_64-linux-musl.tar.gz"), filepath.Join(dir, "other-x86_64-linux-musl.tar.gz")))
		}, `externalParameters.crate is "shim-demo"`},
		{"a file more", func(t *testing.T, dir string) { kit.Write(t, "#!/bin/sh\n", dir, "install.sh") }, "install.sh: nothing signed names it"},
		{"a folder", func(t *testing.T, dir string) { kit.Check(t, os.Mkdir(filepath.Join(dir, "more"), 0o755)) }, "more: it is not a regular file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := sigstore.Open(t)
			dir := filepath.Join(t.TempDir(), "release")
			kit.Check(t, os.CopyFS(dir, os.DirFS(good.Out)))
			tt.change(t, dir)
			got := verifyCommand(t, s, dir).WantCode(t, 1)
			if !strings.Contains(got.Stdout, tt.want) || !strings.Contains(got.Stdout, "Bad: do not use this") {
				t.Errorf("slipway verify does not say %q:\n%s", tt.want, got.Stdout)
			}
		})
	}
}
