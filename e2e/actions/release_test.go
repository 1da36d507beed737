package actions

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/act"
	"dagger/slipway/e2e/kit/oci"
)

// plannedDigest returns the digest of the plan that the command prints.
func plannedDigest(t *testing.T, source string, args ...string) string {
	t.Helper()
	r := kit.Command{Args: append(append([]string{kit.Slipway}, args...), "--source", source)}.Run(t).WantCode(t, 0)
	return kit.PlanDigest(t, r.Stdout)
}

// TestActionsRelease dispatches a dry run of release.yml in a fresh repository, and checks
// that the job summary, the plan and the artifacts are the same as on this machine.
func TestActionsRelease(t *testing.T) {
	w, l := kit.Local(t)
	a := act.New(t)
	a.UseCache(t, l)
	digest := plannedDigest(t, a.Source, "plan", "--crate", "shim-demo", "--version", "0.1.0")
	got := a.Run(t, "release.yml", map[string]string{"crate": "shim-demo", "version": "0.1.0", "dry_run": "true", "initial_release": "false"}).WantCode(t, 0)
	got.WantStdout(t, "Summary - ## Dry run of shim-demo/v0.1.0", "| plan | `"+digest+"` |", "```mermaid",
		"::set-output:: plan="+digest, "plan "+digest+", as built", "by an earlier dry run, with a throw-away key")
	if n := strings.Count(got.Stdout, "Job succeeded"); n != 3 || strings.Contains(got.Stdout, "Release/Publish") {
		t.Errorf("%d jobs succeeded, expected the three of a dry run:\n%s", n, kit.Tail(got.Stdout))
	}
	here := kit.Release{Source: a.Source, Crate: "shim-demo", Version: "0.1.0", Out: filepath.Join(t.TempDir(), "out")}
	w.Release(t, here).WantCode(t, 0)
	if there := kit.Digests(t, filepath.Join(a.Artifacts, "dist")); !maps.Equal(there, kit.Digests(t, here.Out)) {
		t.Errorf("the workflow made %v, this machine %v", there, kit.Digests(t, here.Out))
	}
}

// TestActionsImages dispatches a dry run of the images' workflow.
func TestActionsImages(t *testing.T) {
	_, l := kit.Local(t)
	a := act.New(t)
	a.UseCache(t, l)
	digest := plannedDigest(t, a.Source, "release-demo-app", "--version", "0.1.0", "--plan")
	got := a.Run(t, "release-wasi-demo-app.yml", map[string]string{"version": "0.1.0", "dry_run": "true"}).WantCode(t, 0)
	got.WantStdout(t, "Summary - ## ", "| plan | `"+digest+"` |", "```mermaid", "::set-output:: plan="+digest)
	if n := strings.Count(got.Stdout, "Job succeeded"); n != 2 {
		t.Errorf("%d jobs succeeded, expected the two of a dry run:\n%s", n, kit.Tail(got.Stdout))
	}
	for _, name := range oci.ExampleImages {
		kit.Read(t, a.Artifacts, "images", name, "index.json")
	}
}

// TestActionsBranch dispatches from a branch other than the release branch.
func TestActionsBranch(t *testing.T) {
	a := act.New(t)
	a.UseBuilt(t)
	kit.Git(t, a.Source, "checkout", "--quiet", "-b", "feature")
	kit.Git(t, a.Source, "commit", "--quiet", "--allow-empty", "--message", "a feature") // act determines the branch from the commit
	for workflow, inputs := range map[string]map[string]string{
		"release.yml":               {"crate": "shim-demo", "version": "0.1.0", "dry_run": "true"},
		"release-wasi-demo-app.yml": {"version": "0.1.0", "dry_run": "true"},
	} {
		got := a.Run(t, workflow, inputs).WantCode(t, 1)
		got.WantStdout(t, "releases are made from branch main: choose that branch when running the workflow")
		if strings.Contains(got.Stdout, "Main Build") {
			t.Errorf("%s: it went on:\n%s", workflow, kit.Tail(got.Stdout))
		}
	}
}

// TestActionsExport checks that the module writes exactly the workflows that the command
// writes and that act runs in the other tests.
func TestActionsExport(t *testing.T) {
	kit.Dagger(t)
	a := act.New(t)
	kit.Check(t, os.RemoveAll(filepath.Join(a.Source, ".github")))
	kit.CallModule(t, a.Source, "workflows", "--slipway", kit.PinnedAction, "export", "--path", a.Source).Run(t).WantCode(t, 0)
	if changed := kit.Git(t, a.Source, "status", "--porcelain"); changed != "" {
		t.Errorf("the module writes others than the command:\n%s\n%s", changed, kit.Git(t, a.Source, "diff"))
	}
}
