package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"dagger/slipway/e2e/sigstack"
)

// TestHostileVerifyReproduce publishes files under a release's tag that may be identical to
// a rebuild but are signed by someone else, or that do not belong to the release, and
// checks that `slipway reproduce` refuses each for its own reason.
func TestHostileVerifyReproduce(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	checkout := example(t)
	h := newFakeGitHub(t, s, checkout)
	w.release(t, h.published(t, s)).wantCode(t, 0)
	good := h.assets(t)
	const list, arm = "shim-demo.provenance.sigstore.json", "shim-demo-aarch64-linux-musl.tar.gz"
	// by returns the same release from the same source, signed by another run.
	by := func(claims sigstack.Claims) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			handOut(s, claims)
			defer handOut(s, nil)
			r := release{source: h.clone(t), crate: "shim-demo", version: "0.1.0", out: filepath.Join(t.TempDir(), "out"), flags: stackFlags(s), env: s.ActionsEnv()}
			w.command("dist", r).run(t).wantCode(t, 0)
			entries, err := os.ReadDir(dir)
			check(t, err)
			for _, f := range entries {
				take(r.out, f.Name())(t, dir)
			}
		}
	}
	older := honestRelease(head).of("0.0.9", head)
	older.crate = "shim-demo"
	tests := []struct {
		name   string
		change func(t *testing.T, dir string)
		code   int
		want   []string
	}{
		{"another repository that calls the workflow", by(evil), 1, []string{line("same bytes", demoBinary), line("differs", demoTarball+", the signatures in it: shim-demo-v1: the certificate's source repository is"), "a run of another repository called the workflow", line("differs", list+": ")}},
		{"one asset missing", remove(arm), 1, []string{line("differs", arm+": missing from the release, although its source produces it")}},
		{"rollback", func(t *testing.T, dir string) {
			check(t, os.RemoveAll(dir))
			check(t, os.CopyFS(dir, os.DirFS(older.make(t, s))))
		}, 1, []string{`externalParameters.version is "0.0.9"; expected "0.1.0": it is for another version`}},
		{"a self-hosted runner", by(sigstack.Claims{"runner_environment": "self-hosted"}), 1, []string{`runner environment is "self-hosted", expected "github-hosted"`}},
		{"another branch", by(sigstack.Claims{"ref": "refs/heads/feature"}), 1, []string{`source ref is "refs/heads/feature", expected "refs/heads/main"`}},
		{"another issuer", by(sigstack.Claims{"iss": sigstack.OtherIssuer}), 1, []string{"the certificate's issuer is"}},
		{"another workflow", by(sigstack.Claims{"job_workflow_ref": "containerd/runwasi/.github/workflows/other.yml@refs/heads/main"}), 1, []string{"the certificate's identity is"}},
		{"swap", func(t *testing.T, dir string) {
			x86 := read(t, dir, demoTarball)
			write(t, read(t, dir, arm), dir, demoTarball)
			write(t, x86, dir, arm)
		}, 1, []string{line("differs", demoBinary), line("differs", `"`+demoTarball+`", as it is signed: `+demoTarball+": its sha256 is"), "it is for EM_AARCH64, expected EM_X86_64"}},
		{"the provenance missing", remove(list), 1, []string{line("differs", list+": missing from the release, although its source produces it")}},
		{"one too many", func(t *testing.T, dir string) { write(t, "#!/bin/sh\n", dir, "install.sh") }, 1, []string{line("differs", `"install.sh": in the release, although its source does not produce it`)}},
		{"empty", func(t *testing.T, dir string) { check(t, os.RemoveAll(dir)); check(t, os.Mkdir(dir, 0o755)) }, 1, []string{line("differs", demoTarball+": missing from the release, although its source produces it"), line("differs", list+": missing from the release, although its source produces it")}},
	}
	if testing.Short() {
		tests = tests[:3]
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "release")
			check(t, os.CopyFS(dir, os.DirFS(good)))
			tt.change(t, dir)
			other := offer(t, checkout, dir)
			other.reproduce(t, w, s, other.clone(t)).wantCode(t, tt.code).wantLines(t, tt.want...)
		})
	}
}

// TestHostileVerifyPublish has another repository's run sign what is to be published here,
// and checks that nothing is published.
func TestHostileVerifyPublish(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	h := newFakeGitHub(t, s, example(t))
	before := h.Changes()
	t.Run("the run that publishes", func(t *testing.T) {
		handOut(s, evil)
		s.Rekor.Reset()
		w.release(t, h.published(t, s)).wantCode(t, 1).wantError(t, "checking who signs", `a run of repository "evil/runwasi", and the release is to be one of "containerd/runwasi"`)
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
			handOut(s, tt.claims)
			_, r := signedDist(t, w, s, h)
			w.release(t, r).wantCode(t, 1).wantError(t, "which do not match this release", tt.want)
		})
	}
	t.Run("artifacts by a self-hosted runner that is expected", func(t *testing.T) {
		handOut(s, sigstack.Claims{"runner_environment": "self-hosted"})
		_, r := signedDist(t, w, s, h)
		r.flags = append(r.flags, "--dry-run=true", "--runner-environment", "self-hosted")
		w.release(t, r).wantCode(t, 0)
	})
	if n := h.Changes() - before; n != 0 {
		t.Errorf("%d things changed", n)
	}
}
