package signing

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

const binary = "shim-demo-v1"

// TestSigningHostile modifies a release's files, and checks that `slipway verify` and
// cosign refuse each modification for its own reason.
func TestSigningHostile(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	good := signed(t, s)
	w.Command("dist", good).Run(t).WantCode(t, 0)
	x86 := sigstore.Unpack(t, filepath.Join(good.Out, "shim-demo-x86_64-linux-musl.tar.gz"))
	arm := sigstore.Unpack(t, filepath.Join(good.Out, "shim-demo-aarch64-linux-musl.tar.gz"))
	// by returns a release of the same binaries signed by someone else.
	by := func(t *testing.T, claims sigstack.Claims) string {
		t.Helper()
		s := sigstore.Open(t)
		sigstore.HandOut(s, claims)
		r := good
		r.Out = filepath.Join(t.TempDir(), "out")
		w.Command("dist", r).Run(t).WantCode(t, 0)
		return sigstore.Unpack(t, filepath.Join(r.Out, "shim-demo-x86_64-linux-musl.tar.gz"))
	}
	workflow := func(ref string) sigstack.Claims { return sigstack.Claims{"job_workflow_ref": ref} }
	const right = "containerd/runwasi/.github/workflows/action-build.yml@refs/heads/main"
	tests := []struct {
		name   string
		change func(t *testing.T, dir string)
		want   string
		// accepted lists the versions of cosign that do not check what was modified.
		accepted []int
	}{
		{"another binary", func(t *testing.T, dir string) { kit.Write(t, "#!/bin/sh\n", dir, binary) }, "the signature is for another file", nil},
		{"the binary of the other architecture", kit.TakeFile(arm, binary), "the signature is for another file", nil},
		{"the bundle of the other architecture", kit.TakeFile(arm, binary+".sigstore.json"), "the signature is for another file", []int{2}},
		{"the signature of the other architecture", kit.TakeFile(arm, binary+".sig"), "it is not the bundle's signature", []int{3}},
		{"all signatures of the other architecture", func(t *testing.T, dir string) {
			for _, ending := range []string{".sig", ".pem", ".sigstore.json"} {
				kit.TakeFile(arm, binary+ending)(t, dir)
			}
		}, "the signature is for another file", nil},
		{"another repository", func(t *testing.T, dir string) {
			takeAll(by(t, workflow(strings.Replace(right, "containerd/", "evil/", 1))))(t, dir)
		}, `identity is "https://github.com/evil/runwasi/`, nil},
		{"another workflow", func(t *testing.T, dir string) {
			takeAll(by(t, workflow(strings.Replace(right, "action-build", "other", 1))))(t, dir)
		}, "workflows/other.yml@refs/heads/main", nil},
		{"another branch", func(t *testing.T, dir string) {
			takeAll(by(t, workflow(strings.Replace(right, "heads/main", "heads/feature", 1))))(t, dir)
		}, "@refs/heads/feature", nil},
		{"the certificate of another signing", func(t *testing.T, dir string) { kit.TakeFile(by(t, nil), binary+".pem")(t, dir) }, "it is not the bundle's certificate", []int{3}},
		{"the log entry of something else", func(t *testing.T, dir string) { swapEntry(t, dir, arm) }, "the signature is not valid", []int{2}},
		{"no log entry", func(t *testing.T, dir string) {
			editBundle(t, dir, func(m map[string]any) { delete(m, "tlogEntries") })
		}, "", []int{2}},
		{"a bundle that is none", func(t *testing.T, dir string) { kit.Write(t, "{}", dir, binary+".sigstore.json") }, "reading the bundle", []int{2}},
		{"no bundle", kit.DropFile(binary + ".sigstore.json"), "it is not signed", []int{2}},
		{"no signature", kit.DropFile(binary + ".sig"), "reading the signature", []int{3}},
		{"no certificate", kit.DropFile(binary + ".pem"), "reading the certificate", []int{3}},
		{"a file that no one signed", func(t *testing.T, dir string) { kit.Write(t, "x", dir, "more") }, "it is not signed", []int{2, 3}},
		{"a signature of nothing", func(t *testing.T, dir string) { kit.Write(t, "x", dir, "more.sig") }, "which is missing", []int{2, 3}},
		{"a link", func(t *testing.T, dir string) { kit.Check(t, os.Symlink("/etc/passwd", filepath.Join(dir, "link"))) }, "not a regular file", []int{2, 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := sigstore.Open(t)
			dir := filepath.Join(t.TempDir(), "unpacked")
			kit.Check(t, os.CopyFS(dir, os.DirFS(x86)))
			tt.change(t, dir)
			got := verifyCommand(t, s, dir).WantCode(t, 1)
			if !strings.Contains(got.Stdout, tt.want) || !strings.Contains(got.Stdout, "Bad: do not use this") {
				t.Errorf("slipway verify does not say %q:\n%s", tt.want, got.Stdout)
			}
			for version, judged := range map[int]kit.Result{2: sigstore.Cosign2(t, s, dir, binary), 3: cosign3(t, s, dir, binary)} {
				if accepted := judged.Code == 0; accepted != slices.Contains(tt.accepted, version) {
					t.Errorf("cosign %d accepts: %t\n%s", version, accepted, judged.Stderr)
				}
			}
		})
	}
	t.Run("nothing changed", func(t *testing.T) {
		s := sigstore.Open(t)
		verifyCommand(t, s, x86).WantCode(t, 0)
		sigstore.Cosign2(t, s, x86, binary).WantCode(t, 0)
		cosign3(t, s, x86, binary).WantCode(t, 0)
	})
	t.Run("cannot say", func(t *testing.T) {
		args := []string{kit.Slipway, "verify", "--trusted-root", s.TrustedRoot, x86}
		kit.Command{Args: args, Env: []string{"GITHUB_REPOSITORY="}}.Run(t).WantCode(t, 2).WantError(t, "--repository owner/name")
		verifyCommand(t, s, filepath.Join(t.TempDir(), "nothing")).WantCode(t, 2)
	})
	t.Run("checksums", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "out")
		kit.Check(t, os.CopyFS(dir, os.DirFS(good.Out)))
		name := "shim-demo-x86_64-linux-musl.tar.gz"
		kit.Check(t, os.Rename(filepath.Join(dir, "shim-demo-aarch64-linux-musl.tar.gz"), filepath.Join(dir, name)))
		if got := verifyCommand(t, s, filepath.Join(dir, name)).WantCode(t, 1); !strings.Contains(got.Stdout, "SHA256SUMS says") {
			t.Errorf("slipway verify says\n%s", got.Stdout)
		}
	})
}

func takeAll(from string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		for _, ending := range []string{"", ".sig", ".pem", ".sigstore.json"} {
			kit.TakeFile(from, binary+ending)(t, dir)
		}
	}
}

// editBundle modifies the verification material of a bundle.
func editBundle(t *testing.T, dir string, change func(material map[string]any)) {
	t.Helper()
	var b map[string]any
	kit.Check(t, json.Unmarshal([]byte(kit.Read(t, dir, binary+".sigstore.json")), &b))
	change(b["verificationMaterial"].(map[string]any))
	raw, err := json.Marshal(b)
	kit.Check(t, err)
	kit.Write(t, string(raw), dir, binary+".sigstore.json")
}

// swapEntry replaces the log entry in a bundle by that of another one.
func swapEntry(t *testing.T, dir, from string) {
	t.Helper()
	var other struct {
		VerificationMaterial struct{ TlogEntries json.RawMessage }
	}
	kit.Check(t, json.Unmarshal([]byte(kit.Read(t, from, binary+".sigstore.json")), &other))
	if bytes.Contains([]byte(kit.Read(t, dir, binary+".sigstore.json")), other.VerificationMaterial.TlogEntries) {
		t.Fatal("both bundles have the same entry")
	}
	editBundle(t, dir, func(m map[string]any) { m["tlogEntries"] = other.VerificationMaterial.TlogEntries })
}
