package forge

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// DemoTag is the tag of the release of shim-demo.
const DemoTag = "shim-demo/v0.1.0"

// A tarball of shim-demo, and the binary in it as reports name it.
const (
	DemoTarball = "shim-demo-x86_64-linux-musl.tar.gz"
	DemoBinary  = "x86_64-unknown-linux-musl/shim-demo-v1"
)

// DemoRequest returns the request for a signed release of shim-demo from a fresh clone.
func (h *GitHub) DemoRequest(t testing.TB, s *sigstack.Stack) kit.Release {
	t.Helper()
	return kit.Release{
		Source: h.Clone(t), Crate: "shim-demo", Version: "0.1.0", Out: filepath.Join(t.TempDir(), "out"),
		Flags: append(sigstore.Flags(s), "--dry-run=false", "--repository", "containerd/runwasi", "--github-api", h.URL),
		Env:   append(s.ActionsEnv(), "GITHUB_TOKEN="+h.MaintainerToken, "CARGO_REGISTRY_TOKEN=", "GITHUB_ACTOR="),
	}
}

// DownloadDemo downloads the release of shim-demo and returns the directory.
func (h *GitHub) DownloadDemo(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	kit.Check(t, h.Client(t).DownloadRelease(t.Context(), DemoTag, dir))
	return dir
}

// VerifyTag runs `slipway verify` on a release, without a token.
func (h *GitHub) VerifyTag(t testing.TB, s *sigstack.Stack, tag string) kit.Result {
	t.Helper()
	args := []string{kit.Slipway, "verify", "--repository", "containerd/runwasi", "--trusted-root", s.TrustedRoot, "--tag", tag, "--github-api", h.URL}
	return kit.Command{Args: args, Env: []string{"GITHUB_TOKEN="}}.Run(t)
}

// WantReleased fails the test unless the release of shim-demo exists once, is complete,
// and can be verified by its users.
func (h *GitHub) WantReleased(t testing.TB, s *sigstack.Stack) {
	t.Helper()
	if got := kit.Git(t, h.Bare, "rev-parse", "refs/tags/"+DemoTag+"^{commit}"); got != sigstore.Head() {
		t.Errorf("the tag is at %s, expected %s", got, sigstore.Head())
	}
	if drafts, published := h.Releases(DemoTag); drafts != 0 || published != 1 {
		t.Errorf("%d drafts and %d releases, expected one release", drafts, published)
	}
	got := h.VerifyTag(t, s, DemoTag).WantCode(t, 0)
	for _, want := range []string{"shim-demo-x86_64-linux-musl.tar.gz: as SHA256SUMS says", "shim-demo-aarch64-linux-musl.tar.gz: as SHA256SUMS says", "built by " + sigstore.Identity[1] + " from commit " + sigstore.Head(), "Good: all of it was signed as expected"} {
		if !strings.Contains(got.Stdout, want) {
			t.Errorf("slipway verify does not say %q:\n%s", want, got.Stdout)
		}
	}
}

// Reproduce runs `slipway reproduce` for shim-demo from a checkout, with a token that may
// only read.
func (h *GitHub) Reproduce(t testing.TB, w *kit.Runner, s *sigstack.Stack, source string, flags ...string) kit.Result {
	t.Helper()
	r := kit.Release{Source: source, Crate: "shim-demo", Version: "0.1.0", Env: []string{"GITHUB_TOKEN=" + h.Token("reader", githubd.Read), "GITHUB_REPOSITORY="}}
	r.Flags = append(sigstore.Flags(s), "--repository", "containerd/runwasi", "--github-api", h.URL)
	r.Flags = append(r.Flags, flags...)
	return w.Command("reproduce", r).Run(t)
}

// ReportLine returns how `slipway reproduce` begins the line about an artifact.
func ReportLine(verdict, artifact string) string { return fmt.Sprintf("  %-17s %s", verdict, artifact) }
