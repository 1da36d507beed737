package hostile

import (
	"os"
	"path/filepath"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// TestHostileVerifyReproduce publishes files under a release's tag that may be identical to
// a rebuild but are signed by someone else, or that do not belong to the release, and
// checks that `slipway reproduce` refuses each for its own reason.
func TestHostileVerifyReproduce(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	checkout := kit.Example(t)
	h := forge.New(t, s, checkout)
	w.Release(t, h.DemoRequest(t, s)).WantCode(t, 0)
	good := h.DownloadDemo(t)
	const list, arm = "shim-demo.provenance.sigstore.json", "shim-demo-aarch64-linux-musl.tar.gz"
	// by returns the same release from the same source, signed by another run.
	by := func(claims sigstack.Claims) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			sigstore.HandOut(s, claims)
			defer sigstore.HandOut(s, nil)
			r := kit.Release{Source: h.Clone(t), Crate: "shim-demo", Version: "0.1.0", Out: filepath.Join(t.TempDir(), "out"), Flags: sigstore.Flags(s), Env: s.ActionsEnv()}
			w.Command("dist", r).Run(t).WantCode(t, 0)
			entries, err := os.ReadDir(dir)
			kit.Check(t, err)
			for _, f := range entries {
				kit.TakeFile(r.Out, f.Name())(t, dir)
			}
		}
	}
	older := honestRelease(sigstore.Head()).of("0.0.9", sigstore.Head())
	older.crate = "shim-demo"
	tests := []struct {
		name   string
		change func(t *testing.T, dir string)
		code   int
		want   []string
	}{
		{"another repository that calls the workflow", by(evil), 1, []string{forge.ReportLine("same bytes", forge.DemoBinary), forge.ReportLine("differs", forge.DemoTarball+", the signatures in it: shim-demo-v1: the certificate's source repository is"), "a run of another repository called the workflow", forge.ReportLine("differs", list+": ")}},
		{"one asset missing", kit.DropFile(arm), 1, []string{forge.ReportLine("differs", arm+": missing from the release, although its source produces it")}},
		{"rollback", func(t *testing.T, dir string) {
			kit.Check(t, os.RemoveAll(dir))
			kit.Check(t, os.CopyFS(dir, os.DirFS(older.make(t, s))))
		}, 1, []string{`externalParameters.version is "0.0.9"; expected "0.1.0": it is for another version`}},
		{"a self-hosted runner", by(sigstack.Claims{"runner_environment": "self-hosted"}), 1, []string{`runner environment is "self-hosted", expected "github-hosted"`}},
		{"another branch", by(sigstack.Claims{"ref": "refs/heads/feature"}), 1, []string{`source ref is "refs/heads/feature", expected "refs/heads/main"`}},
		{"another issuer", by(sigstack.Claims{"iss": sigstack.OtherIssuer}), 1, []string{"the certificate's issuer is"}},
		{"another workflow", by(sigstack.Claims{"job_workflow_ref": "containerd/runwasi/.github/workflows/other.yml@refs/heads/main"}), 1, []string{"the certificate's identity is"}},
		{"swap", func(t *testing.T, dir string) {
			x86 := kit.Read(t, dir, forge.DemoTarball)
			kit.Write(t, kit.Read(t, dir, arm), dir, forge.DemoTarball)
			kit.Write(t, x86, dir, arm)
		}, 1, []string{forge.ReportLine("differs", forge.DemoBinary), forge.ReportLine("differs", `"`+forge.DemoTarball+`", as it is signed: `+forge.DemoTarball+": its sha256 is"), "it is for EM_AARCH64, expected EM_X86_64"}},
		{"the provenance missing", kit.DropFile(list), 1, []string{forge.ReportLine("differs", list+": missing from the release, although its source produces it")}},
		{"one too many", func(t *testing.T, dir string) { kit.Write(t, "#!/bin/sh\n", dir, "install.sh") }, 1, []string{forge.ReportLine("differs", `"install.sh": in the release, although its source does not produce it`)}},
		{"empty", func(t *testing.T, dir string) { kit.Check(t, os.RemoveAll(dir)); kit.Check(t, os.Mkdir(dir, 0o755)) }, 1, []string{forge.ReportLine("differs", forge.DemoTarball+": missing from the release, although its source produces it"), forge.ReportLine("differs", list+": missing from the release, although its source produces it")}},
	}
	if testing.Short() {
		tests = tests[:3]
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "release")
			kit.Check(t, os.CopyFS(dir, os.DirFS(good)))
			tt.change(t, dir)
			other := forge.Offer(t, checkout, dir)
			other.Reproduce(t, w, s, other.Clone(t)).WantCode(t, tt.code).WantStdout(t, tt.want...)
		})
	}
}

// TestHostileVerifyPublish has another repository's run sign what is to be published here,
// and checks that nothing is published.
func TestHostileVerifyPublish(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	h := forge.New(t, s, kit.Example(t))
	before := h.Changes()
	t.Run("the run that publishes", func(t *testing.T) {
		sigstore.HandOut(s, evil)
		s.Rekor.Reset()
		w.Release(t, h.DemoRequest(t, s)).WantCode(t, 1).WantError(t, "checking who signs", `a run of repository "evil/runwasi", and the release is to be one of "containerd/runwasi"`)
		if n := s.Rekor.Count(""); n != 0 {
			t.Errorf("%d requests reached the log", n)
		}
	})
	for name, tt := range map[string]struct {
		claims sigstack.Claims
		want   string
	}{
		"another repository": {evil, "a run of another repository called the workflow"},
		"a self-hosted one":  {sigstack.Claims{"runner_environment": "self-hosted"}, `runner environment is "self-hosted"`},
		"another branch":     {sigstack.Claims{"ref": "refs/heads/feature"}, `source ref is "refs/heads/feature"`},
	} {
		t.Run("artifacts by "+name, func(t *testing.T) {
			sigstore.HandOut(s, tt.claims)
			_, r := forge.SignedDist(t, w, s, h)
			w.Release(t, r).WantCode(t, 1).WantError(t, "which do not match this release", tt.want)
		})
	}
	t.Run("artifacts by a self-hosted runner that is expected", func(t *testing.T) {
		sigstore.HandOut(s, sigstack.Claims{"runner_environment": "self-hosted"})
		_, r := forge.SignedDist(t, w, s, h)
		r.Flags = append(r.Flags, "--dry-run=true", "--runner-environment", "self-hosted")
		w.Release(t, r).WantCode(t, 0)
	})
	if n := h.Changes() - before; n != 0 {
		t.Errorf("%d things changed", n)
	}
}
