package engine

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/conformance"
)

// TestDaggerSource checks that the module, and the command with the Dagger runner, give the
// local runner's plan and bytes, whatever other files are in the directory.
func TestDaggerSource(t *testing.T) {
	w := kit.Dagger(t)
	here, _ := kit.Local(t)
	clean, dirty := conformance.Littered(t)
	r := kit.Release{Source: clean, Crate: "shimkit", Version: "0.3.1", Out: filepath.Join(t.TempDir(), "local")}
	want := here.Release(t, r).WantCode(t, 0)
	sums := kit.Digests(t, r.Out)
	t.Run("command", func(t *testing.T) {
		r := r
		r.Source, r.Out = dirty, filepath.Join(t.TempDir(), "engine")
		got := w.Release(t, r).WantCode(t, 0)
		if kit.PlanDigest(t, got.Stdout) != kit.PlanDigest(t, want.Stdout) {
			t.Errorf("the plans differ:\n%s\n%s", got.Stdout, want.Stdout)
		}
		if got := kit.Digests(t, r.Out); !maps.Equal(got, sums) {
			t.Errorf("the files differ: %v, expected %v", got, sums)
		}
		conformance.WantNoSecret(t, "the output", r.Out)
	})
	t.Run("module", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "module")
		got := kit.CallModule(t, dirty, "crate", "--name", "shimkit", "--version", "0.3.1", "dist", "export", "--path", out)
		got.Run(t).WantCode(t, 0)
		if got := kit.Digests(t, out); !maps.Equal(got, sums) {
			t.Errorf("the files differ: %v, expected %v", got, sums)
		}
		plan := kit.CallModule(t, dirty, "plan", "--crate", "shimkit", "--version", "0.3.1").Run(t).WantCode(t, 0)
		if kit.PlanDigest(t, plan.Stdout) != kit.PlanDigest(t, want.Stdout) {
			t.Errorf("the plans differ:\n%s\n%s", plan.Stdout, want.Stdout)
		}
		conformance.WantNoSecret(t, "the output", out)
	})
	t.Run("below the root", func(t *testing.T) {
		outer := filepath.Join(t.TempDir(), "outer")
		kit.CopyTo(t, clean, filepath.Join(outer, "libs"))
		kit.Check(t, kit.RemoveAll(filepath.Join(outer, "libs/.git")))
		kit.InitRepository(t, outer, "main")
		conformance.Litter(t, filepath.Join(outer, "libs"))
		there := kit.CallModule(t, outer, "--workspace", "libs", "plan", "--crate", "shimkit", "--version", "0.3.1").Run(t).WantCode(t, 0)
		here := (&kit.Runner{}).Command("plan", kit.Release{Source: filepath.Join(outer, "libs"), Crate: "shimkit", Version: "0.3.1"}).Run(t).WantCode(t, 0)
		if there.Stdout != here.Stdout || !strings.Contains(here.Stdout, `directory "libs"`) {
			t.Errorf("the plans differ: module\n%s\ncommand\n%s", there.Stdout, here.Stdout)
		}
	})
}
