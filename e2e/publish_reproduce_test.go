package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/registry"
	"dagger/slipway/e2e/sigstack"
)

// reproduce runs `slipway reproduce` for shim-demo from a checkout with a read-only token.
// It also works without a token, within GitHub's rate limit for anonymous requests.
func (h *fakeGitHub) reproduce(t testing.TB, w *runner, s *sigstack.Stack, source string, flags ...string) result {
	t.Helper()
	r := release{source: source, crate: "shim-demo", version: "0.1.0", env: []string{"GITHUB_TOKEN=" + h.Token("reader", githubd.Read), "GITHUB_REPOSITORY="}}
	r.flags = append(stackFlags(s), "--repository", "containerd/runwasi", "--github-api", h.URL)
	r.flags = append(r.flags, flags...)
	return w.command("reproduce", r).run(t)
}

// line returns the beginning of a report's line about an artifact.
func line(verdict, artifact string) string { return fmt.Sprintf("  %-17s %s", verdict, artifact) }

// TestPublishReproduce releases a crate with binaries and rebuilds the release from fresh
// clones: the original one, and others that do not match their source.
func TestPublishReproduce(t *testing.T) {
	w, l := local(t)
	s := stack(t)
	source := example(t)
	h := newFakeGitHub(t, s, source)
	w.release(t, h.published(t, s)).wantCode(t, 0)
	t.Run("the same", func(t *testing.T) {
		cache, err := l.newCache("reproduce")
		check(t, err)
		h.wantSame(t, on(cache), s)
	})
	t.Run("another commit", func(t *testing.T) {
		clone := h.clone(t)
		git(t, clone, "commit", "--quiet", "--allow-empty", "--message", "more")
		got := h.reproduce(t, w, s, clone).wantCode(t, 2)
		got.wantError(t, git(t, clone, "rev-parse", "HEAD"), head, "git checkout "+demoTag)
		if strings.Contains(got.stderr, "build ") {
			t.Errorf("something was built:\n%s", got.stderr)
		}
	})
	t.Run("files that are in no commit", func(t *testing.T) {
		clone := h.clone(t)
		write(t, "more\n", clone, "more.txt")
		h.reproduce(t, w, s, clone).wantCode(t, 2).wantError(t, "files differ from commit "+head, "git checkout "+demoTag)
	})
	t.Run("no such release", func(t *testing.T) {
		fakeGitHubOf(t, source).reproduce(t, w, s, h.clone(t)).wantCode(t, 2).wantError(t, "GitHub has no such tag")
	})
	t.Run("a byte of a binary", func(t *testing.T) {
		dir := h.assets(t)
		at := tamper(t, dir)
		other := offer(t, source, dir)
		got := other.reproduce(t, w, s, other.clone(t)).wantCode(t, 1)
		got.wantLines(t,
			line("differs", demoBinary)+fmt.Sprintf(": first at byte %d of ", at), "in section .rodata",
			line("differs", demoTarball+": first at byte "), "binaries in it differ; it is packed as slipway does",
			line("differs", demoTarball+", the signatures in it: shim-demo-v1: the signature is for another file"),
			line("same bytes", "aarch64-unknown-linux-musl/shim-demo-v1"), line("same bytes", "shim-demo-aarch64-linux-musl.tar.gz"),
			line("same bytes", "SHA256SUMS"), line("same bytes", "shim-demo.provenance.sigstore.json, what it says"),
			"It differs: not everything that users download is what this source produces here.",
		)
		wantNone(t, got, "Different from when")
	})
	t.Run("other files", func(t *testing.T) {
		dir := h.assets(t)
		squeeze(t, filepath.Join(dir, demoTarball))
		write(t, "more\n", dir, "more.txt")
		check(t, os.Remove(filepath.Join(dir, "SHA256SUMS")))
		other := offer(t, source, dir)
		got := other.reproduce(t, w, s, other.clone(t)).wantCode(t, 1)
		got.wantLines(t, line("same bytes", demoBinary), line("differs", demoTarball+": first at byte "), "the binaries are the same, but packed differently",
			line("signed, verified", demoTarball+", the signatures in it"),
			line("differs", "SHA256SUMS: missing from the release, although its source produces it"), line("differs", `"more.txt": in the release, although its source does not produce it`))
	})
	t.Run("another signer", func(t *testing.T) {
		got := h.reproduce(t, w, s, h.clone(t), "--certificate-identity", "https://github.com/somebody/else").wantCode(t, 1)
		got.wantLines(t, line("same bytes", demoBinary), line("differs", demoTarball+", the signatures in it: shim-demo-v1: the certificate's identity is"))
	})
	t.Run("another toolchain", func(t *testing.T) {
		got := h.reproduce(t, w, s, h.clone(t), "--toolchain", l.layout).wantCode(t, 1)
		got.wantLines(t, line("same bytes", demoBinary), line("same bytes", demoTarball), line("differs", "shim-demo.provenance.sigstore.json, what it says: externalParameters.toolchain is not there, and here it is layout@sha256:"),
			"Different from when the release was made\n  toolchain: the provenance says pkg:generic/slipway-toolchain@", "The probable reason is the difference listed above")
	})
	t.Run("another source", func(t *testing.T) { wantOtherSource(t, w, s, h, source) })
}

// wantSame checks that a release is reported as the same, file by file, as text and as
// JSON.
func (h *fakeGitHub) wantSame(t *testing.T, w *runner, s *sigstack.Stack) {
	before := h.Changes()
	got := h.reproduce(t, w, s, h.clone(t)).wantCode(t, 0)
	for _, arch := range []string{"x86_64", "aarch64"} {
		got.wantLines(t,
			line("same bytes", arch+"-unknown-linux-musl/shim-demo-v1"), line("same bytes", "shim-demo-"+arch+"-linux-musl.tar.gz"),
			line("signed, verified", "shim-demo-"+arch+"-linux-musl.tar.gz, the signatures in it"),
			line("same bytes", "shim-demo-v1-"+arch+"-linux-musl.cdx.json"), line("same bytes", "shim-demo-v1-"+arch+"-linux-musl.spdx.json"),
			line("signed, verified", "shim-demo-v1-"+arch+"-linux-musl.cdx.sigstore.json"), line("signed, verified", "shim-demo-v1-"+arch+"-linux-musl.spdx.sigstore.json"))
	}
	got.wantLines(t, line("same bytes", "SHA256SUMS"), line("signed, verified", "shim-demo.provenance.sigstore.json"), line("same bytes", "shim-demo.provenance.sigstore.json, what it says"),
		"built again from commit "+head, "The same: what users download is what this source produces, bit for bit.")
	wantNone(t, got, "differs", "cannot say", "Different from when", "Not built again")
	if strings.Contains(got.stderr, "test x86_64") || h.Changes() != before {
		t.Errorf("tests ran, or %d things changed:\n%s", h.Changes()-before, got.stderr)
	}
	var report struct {
		Verdict, Tag, Commit string
		Kept                 []string
		Checks               []struct{ Artifact, Verdict string }
	}
	asJSON := h.reproduce(t, w, s, h.clone(t), "--json").wantCode(t, 0)
	check(t, json.Unmarshal([]byte(asJSON.stdout), &report))
	if report.Verdict != "same bytes" || report.Tag != demoTag || report.Commit != head || len(report.Checks) != 17 || len(report.Kept) != 2 {
		t.Errorf("the report is %+v", report)
	}
}

// wantOtherSource checks that a tag moved to another source is detected, by the provenance
// and by the bytes.
func wantOtherSource(t *testing.T, w *runner, s *sigstack.Stack, h *fakeGitHub, source string) {
	changed := filepath.Join(t.TempDir(), "changed")
	git(t, t.TempDir(), "clone", "--quiet", source, changed)
	engine := read(t, changed, "crates/shim-demo/src/engine.rs")
	write(t, strings.Replace(engine, "USAGE: u32 = 64", "USAGE: u32 = 65", 1), changed, "crates/shim-demo/src/engine.rs")
	git(t, changed, "commit", "--quiet", "--all", "--message", "another exit code")
	other := offer(t, changed, h.assets(t))
	now := git(t, changed, "rev-parse", "HEAD")
	got := other.reproduce(t, w, s, other.clone(t)).wantCode(t, 1)
	got.wantLines(t,
		line("differs", fmt.Sprintf("source: the provenance says that the release was built from commit %s, and the tag %q is at commit %s", head, demoTag, now)),
		line("differs", demoBinary+": first at byte "), " rebuilt, in sections .note.gnu.build-id .text",
		line("differs", "shim-demo.provenance.sigstore.json, what it says: "),
		line("differs", demoTarball+", the signatures in it: shim-demo-v1: "+fmt.Sprintf("the certificate's commit is %q, expected %q", head, now)))
	wantNone(t, got, "Different from when")
}

// wantLines fails the test unless the report contains each text.
func (r result) wantLines(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.stdout, text) {
			t.Errorf("the report does not say %q:\n%s", text, r.stdout)
		}
	}
}

// wantNone fails the test if the report contains one of the texts.
func wantNone(t testing.TB, r result, texts ...string) {
	t.Helper()
	if i := slices.IndexFunc(texts, func(text string) bool { return strings.Contains(r.stdout, text) }); i >= 0 {
		t.Errorf("the report says %q:\n%s", texts[i], r.stdout)
	}
}

// TestPublishReproduceCrate rebuilds a library that is in a registry.
func TestPublishReproduceCrate(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	p := newServices(t, s)
	w.release(t, p.crate(t, "shimkit", "0.3.1", "--initial-release")).wantCode(t, 0)
	r := release{
		source: p.clone(t), crate: "shimkit", version: "0.3.1", env: []string{"GITHUB_TOKEN=", registry.TokenVariable + "=" + p.token, registry.IndexVariable + "=" + p.registry.Index},
		flags: []string{"--repository", "containerd/runwasi", "--github-api", p.URL, "--trusted-root", s.TrustedRoot},
	}
	got := w.command("reproduce", r).run(t).wantCode(t, 0)
	got.wantLines(t, line("same bytes", "shimkit-0.3.1.crate: that of the registry"), "The same: what users download")
	wantNoToken(t, p, got)
}
