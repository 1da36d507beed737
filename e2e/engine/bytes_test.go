package engine

import (
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/conformance"
)

// wantLocalTarballs compares only the tarballs, because other documents of a release from a
// clone name its commit.
func wantLocalTarballs(t *testing.T, out string) {
	t.Run("same tarballs as the local runner", func(t *testing.T) {
		got, want := kit.Digests(t, out), kit.LocalDemo(t).Sums
		for name, sum := range want {
			if (strings.HasSuffix(name, ".tar.gz") || name == "SHA256SUMS") && got[name] != sum {
				t.Errorf("%s is %q, expected %s", name, got[name], sum)
			}
		}
	})
}

func TestDaggerDryRun(t *testing.T) {
	kit.Dagger(t)
	source := kit.Demo(t).Source
	crate := []string{"crate", "--name", "shim-demo", "--version", "0.1.0"}
	out := filepath.Join(t.TempDir(), "out")
	text := kit.CallModule(t, source, "release-crate", "--crate", "shim-demo", "--version", "0.1.0", "--dry-run").Run(t).WantCode(t, 0)
	kit.CallModule(t, source, append(crate, "dist", "export", "--path", out)...).Run(t).WantCode(t, 0)
	t.Run("json", func(t *testing.T) {
		s := kit.ParseSummary(t, kit.CallModule(t, source, append(crate, "json")...).Run(t).WantCode(t, 0).Stdout)
		s.WantDemo(t, out)
		s.WantText(t, text.Stdout)
	})
	t.Run("sums", func(t *testing.T) { kit.WantDemoSums(t, out) })
	kit.WantLocalDigests(t, out)
	t.Run("binaries", func(t *testing.T) {
		l, _ := kit.OpenLab() // nil uses this machine's emulator
		conformance.WantDemoBinaries(t, out, l)
	})
	t.Run("plan", func(t *testing.T) {
		there := kit.CallModule(t, source, "plan", "--crate", "shim-demo", "--version", "0.1.0").Run(t).WantCode(t, 0)
		here := (&kit.Runner{}).Command("plan", kit.Release{Source: source, Crate: "shim-demo", Version: "0.1.0"}).Run(t).WantCode(t, 0)
		if kit.PlanDigest(t, there.Stdout) != kit.PlanDigest(t, here.Stdout) || kit.PlanDigest(t, text.Stdout) != kit.PlanDigest(t, here.Stdout) {
			t.Errorf("plan digests differ: module %s, command %s, dry run %s", kit.PlanDigest(t, there.Stdout), kit.PlanDigest(t, here.Stdout), kit.PlanDigest(t, text.Stdout))
		}
		if there.Stdout != here.Stdout {
			t.Errorf("the plans read otherwise: module\n%s\ncommand\n%s", there.Stdout, here.Stdout)
		}
	})
	t.Run("the real thing is refused", func(t *testing.T) {
		got := kit.CallModule(t, source, "release-crate", "--crate", "shim-demo", "--version", "0.1.0", "--repository", "owner/name", "--dry-run=false").Run(t).WantCode(t, 1)
		got.WantStderr(t, "it is not a git repository with a commit")
	})
}

// TestDaggerCommand runs the slipway command with the Dagger runner.
func TestDaggerCommand(t *testing.T) {
	w := kit.Dagger(t)
	r := kit.Demo(t)
	tmp := t.TempDir()
	r.Flags, r.Env = []string{"--json"}, []string{"TMPDIR=" + tmp}
	s := kit.ParseSummary(t, w.Release(t, r).WantCode(t, 0).Stdout)
	s.WantDemo(t, r.Out)
	if left, err := filepath.Glob(filepath.Join(tmp, "slipway-*")); err != nil || len(left) > 0 {
		t.Errorf("the command has left %q, %v", left, err)
	}
	if s.Runner != "dagger" {
		t.Errorf("the runner was %q", s.Runner)
	}
	kit.WantLocalDigests(t, r.Out)
}

// TestDaggerLayout passes the toolchain as an OCI layout made by the local runner, so that
// the engine needs no registry.
func TestDaggerLayout(t *testing.T) {
	kit.Dagger(t)
	_, l := kit.Local(t)
	out := filepath.Join(t.TempDir(), "out")
	kit.CallModule(t, kit.Demo(t).Source, "--toolchain-layout", l.Layout, "crate", "--name", "shim-demo", "--version", "0.1.0", "dist", "export", "--path", out).Run(t).WantCode(t, 0)
	kit.WantLocalDigests(t, out, "shim-demo.provenance.sigstore.json") // it names the toolchain as requested
}
