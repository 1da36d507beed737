package publish

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/registry"
	"dagger/slipway/e2e/sigstack"
)

// TestPublishReproduce releases a crate with binaries and rebuilds the release from fresh
// clones: the original one, and others that do not match their source.
func TestPublishReproduce(t *testing.T) {
	w, l := kit.Local(t)
	s := sigstore.Open(t)
	source := kit.Example(t)
	h := forge.New(t, s, source)
	w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
	t.Run("the same", func(t *testing.T) {
		cache, err := l.NewCache("reproduce")
		kit.Check(t, err)
		wantSame(t, h, kit.LocalWith(cache), s)
	})
	t.Run("another commit", func(t *testing.T) {
		clone := h.Clone(t)
		kit.Git(t, clone, "commit", "--quiet", "--allow-empty", "--message", "more")
		got := h.Reproduce(t, w, s, clone).WantCode(t, 2)
		got.WantError(t, kit.Git(t, clone, "rev-parse", "HEAD"), sigstore.Head(), "git checkout "+forge.DemoTag)
		if strings.Contains(got.Stderr, "build ") {
			t.Errorf("something was built:\n%s", got.Stderr)
		}
	})
	t.Run("files that are in no commit", func(t *testing.T) {
		clone := h.Clone(t)
		kit.Write(t, "more\n", clone, "more.txt")
		h.Reproduce(t, w, s, clone).WantCode(t, 2).WantError(t, "files differ from commit "+sigstore.Head(), "git checkout "+forge.DemoTag)
	})
	t.Run("no such release", func(t *testing.T) {
		forge.Of(t, source).Reproduce(t, w, s, h.Clone(t)).WantCode(t, 2).WantError(t, "GitHub has no such tag")
	})
	t.Run("a byte of a binary", func(t *testing.T) {
		dir := h.DownloadDemo(t)
		at := tamper(t, dir)
		other := forge.Offer(t, source, dir)
		got := other.Reproduce(t, w, s, other.Clone(t)).WantCode(t, 1)
		got.WantStdout(t,
			forge.ReportLine("differs", forge.DemoBinary)+fmt.Sprintf(": first at byte %d of ", at), "in section .rodata",
			forge.ReportLine("differs", forge.DemoTarball+": first at byte "), "binaries in it differ; it is packed as slipway does",
			forge.ReportLine("differs", forge.DemoTarball+", the signatures in it: shim-demo-v1: the signature is for another file"),
			forge.ReportLine("same bytes", "aarch64-unknown-linux-musl/shim-demo-v1"), forge.ReportLine("same bytes", "shim-demo-aarch64-linux-musl.tar.gz"),
			forge.ReportLine("same bytes", "SHA256SUMS"), forge.ReportLine("same bytes", "shim-demo.provenance.sigstore.json, what it says"),
			"It differs: not everything that users download is what this source produces here.",
		)
		wantNone(t, got, "Different from when")
	})
	t.Run("other files", func(t *testing.T) {
		dir := h.DownloadDemo(t)
		squeeze(t, filepath.Join(dir, forge.DemoTarball))
		kit.Write(t, "more\n", dir, "more.txt")
		kit.Check(t, os.Remove(filepath.Join(dir, "SHA256SUMS")))
		other := forge.Offer(t, source, dir)
		got := other.Reproduce(t, w, s, other.Clone(t)).WantCode(t, 1)
		got.WantStdout(t, forge.ReportLine("same bytes", forge.DemoBinary), forge.ReportLine("differs", forge.DemoTarball+": first at byte "), "the binaries are the same, but packed differently",
			forge.ReportLine("signed, verified", forge.DemoTarball+", the signatures in it"),
			forge.ReportLine("differs", "SHA256SUMS: missing from the release, although its source produces it"), forge.ReportLine("differs", `"more.txt": in the release, although its source does not produce it`))
	})
	t.Run("another signer", func(t *testing.T) {
		got := h.Reproduce(t, w, s, h.Clone(t), "--certificate-identity", "https://github.com/somebody/else").WantCode(t, 1)
		got.WantStdout(t, forge.ReportLine("same bytes", forge.DemoBinary), forge.ReportLine("differs", forge.DemoTarball+", the signatures in it: shim-demo-v1: the certificate's identity is"))
	})
	t.Run("another toolchain", func(t *testing.T) {
		got := h.Reproduce(t, w, s, h.Clone(t), "--toolchain", l.Layout).WantCode(t, 1)
		got.WantStdout(t, forge.ReportLine("same bytes", forge.DemoBinary), forge.ReportLine("same bytes", forge.DemoTarball), forge.ReportLine("differs", "shim-demo.provenance.sigstore.json, what it says: externalParameters.toolchain is not there, and here it is layout@sha256:"),
			"Different from when the release was made\n  toolchain: the provenance says pkg:generic/slipway-toolchain@", "The probable reason is the difference listed above")
	})
	t.Run("another source", func(t *testing.T) { wantOtherSource(t, w, s, h, source) })
}

// wantSame checks that a release is reported as the same, file by file, as text and as
// JSON.
func wantSame(t *testing.T, h *forge.GitHub, w *kit.Runner, s *sigstack.Stack) {
	before := h.Changes()
	got := h.Reproduce(t, w, s, h.Clone(t)).WantCode(t, 0)
	for _, arch := range []string{"x86_64", "aarch64"} {
		got.WantStdout(t,
			forge.ReportLine("same bytes", arch+"-unknown-linux-musl/shim-demo-v1"), forge.ReportLine("same bytes", "shim-demo-"+arch+"-linux-musl.tar.gz"),
			forge.ReportLine("signed, verified", "shim-demo-"+arch+"-linux-musl.tar.gz, the signatures in it"),
			forge.ReportLine("same bytes", "shim-demo-v1-"+arch+"-linux-musl.cdx.json"), forge.ReportLine("same bytes", "shim-demo-v1-"+arch+"-linux-musl.spdx.json"),
			forge.ReportLine("signed, verified", "shim-demo-v1-"+arch+"-linux-musl.cdx.sigstore.json"), forge.ReportLine("signed, verified", "shim-demo-v1-"+arch+"-linux-musl.spdx.sigstore.json"))
	}
	got.WantStdout(t, forge.ReportLine("same bytes", "SHA256SUMS"), forge.ReportLine("signed, verified", "shim-demo.provenance.sigstore.json"), forge.ReportLine("same bytes", "shim-demo.provenance.sigstore.json, what it says"),
		"built again from commit "+sigstore.Head(), "The same: what users download is what this source produces, bit for bit.")
	wantNone(t, got, "differs", "cannot say", "Different from when", "Not built again")
	if strings.Contains(got.Stderr, "test x86_64") || h.Changes() != before {
		t.Errorf("tests ran, or %d things changed:\n%s", h.Changes()-before, got.Stderr)
	}
	var report struct {
		Verdict, Tag, Commit string
		Kept                 []string
		Checks               []struct{ Artifact, Verdict string }
	}
	asJSON := h.Reproduce(t, w, s, h.Clone(t), "--json").WantCode(t, 0)
	kit.Check(t, json.Unmarshal([]byte(asJSON.Stdout), &report))
	if report.Verdict != "same bytes" || report.Tag != forge.DemoTag || report.Commit != sigstore.Head() || len(report.Checks) != 17 || len(report.Kept) != 2 {
		t.Errorf("the report is %+v", report)
	}
}

// wantOtherSource checks that a tag moved to another source is detected, by the provenance
// and by the bytes.
func wantOtherSource(t *testing.T, w *kit.Runner, s *sigstack.Stack, h *forge.GitHub, source string) {
	changed := filepath.Join(t.TempDir(), "changed")
	kit.Git(t, t.TempDir(), "clone", "--quiet", source, changed)
	engine := kit.Read(t, changed, "crates/shim-demo/src/engine.rs")
	kit.Write(t, strings.Replace(engine, "USAGE: u32 = 64", "USAGE: u32 = 65", 1), changed, "crates/shim-demo/src/engine.rs")
	kit.Git(t, changed, "commit", "--quiet", "--all", "--message", "another exit code")
	other := forge.Offer(t, changed, h.DownloadDemo(t))
	now := kit.Git(t, changed, "rev-parse", "HEAD")
	got := other.Reproduce(t, w, s, other.Clone(t)).WantCode(t, 1)
	got.WantStdout(t,
		forge.ReportLine("differs", fmt.Sprintf("source: the provenance says that the release was built from commit %s, and the tag %q is at commit %s", sigstore.Head(), forge.DemoTag, now)),
		forge.ReportLine("differs", forge.DemoBinary+": first at byte "), " rebuilt, in sections .note.gnu.build-id .text",
		forge.ReportLine("differs", "shim-demo.provenance.sigstore.json, what it says: "),
		forge.ReportLine("differs", forge.DemoTarball+", the signatures in it: shim-demo-v1: "+fmt.Sprintf("the certificate's commit is %q, expected %q", sigstore.Head(), now)))
	wantNone(t, got, "Different from when")
}

// wantNone fails the test if the report contains one of the texts.
func wantNone(t testing.TB, r kit.Result, texts ...string) {
	t.Helper()
	if i := slices.IndexFunc(texts, func(text string) bool { return strings.Contains(r.Stdout, text) }); i >= 0 {
		t.Errorf("the report says %q:\n%s", texts[i], r.Stdout)
	}
}

// TestPublishReproduceCrate rebuilds a library that is in a registry.
func TestPublishReproduceCrate(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	p := newServices(t, s)
	w.Release(t, p.Request(t, "shimkit", "0.3.1", "--initial-release")).WantCode(t, 0)
	r := kit.Release{
		Source: p.Clone(t), Crate: "shimkit", Version: "0.3.1", Env: []string{"GITHUB_TOKEN=", registry.TokenVariable + "=" + p.RegistryToken, registry.IndexVariable + "=" + p.Registry.Index},
		Flags: []string{"--repository", "containerd/runwasi", "--github-api", p.URL, "--trusted-root", s.TrustedRoot},
	}
	got := w.Command("reproduce", r).Run(t).WantCode(t, 0)
	got.WantStdout(t, forge.ReportLine("same bytes", "shimkit-0.3.1.crate: that of the registry"), "The same: what users download")
	wantNoToken(t, p, got)
}
