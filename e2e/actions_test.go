package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// plannedDigest returns the digest of the plan that the command prints.
func plannedDigest(t *testing.T, source string, args ...string) string {
	t.Helper()
	r := command{args: append(append([]string{slipway}, args...), "--source", source)}.run(t).wantCode(t, 0)
	return digestOf(t, r.stdout)
}

func wantSaid(t *testing.T, r result, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.stdout, text) {
			t.Errorf("the log does not say %q:\n%s", text, last(r.stdout))
		}
	}
}

// TestActionsRelease dispatches a dry run of release.yml in a fresh repository, and checks
// that the job summary, the plan and the artifacts are the same as on this machine.
func TestActionsRelease(t *testing.T) {
	w, l := local(t)
	a := newActing(t)
	a.useCache(t, l)
	digest := plannedDigest(t, a.source, "plan", "--crate", "shim-demo", "--version", "0.1.0")
	got := a.run(t, "release.yml", map[string]string{"crate": "shim-demo", "version": "0.1.0", "dry_run": "true", "initial_release": "false"}).wantCode(t, 0)
	wantSaid(t, got, "Summary - ## Dry run of shim-demo/v0.1.0", "| plan | `"+digest+"` |", "```mermaid",
		"::set-output:: plan="+digest, "plan "+digest+", as built", "by an earlier dry run, with a throw-away key")
	if n := strings.Count(got.stdout, "Job succeeded"); n != 3 || strings.Contains(got.stdout, "Release/Publish") {
		t.Errorf("%d jobs succeeded, expected the three of a dry run:\n%s", n, last(got.stdout))
	}
	here := release{source: a.source, crate: "shim-demo", version: "0.1.0", out: filepath.Join(t.TempDir(), "out")}
	w.release(t, here).wantCode(t, 0)
	if there := digests(t, filepath.Join(a.artifacts, "dist")); !maps.Equal(there, digests(t, here.out)) {
		t.Errorf("the workflow made %v, this machine %v", there, digests(t, here.out))
	}
}

// TestActionsImages dispatches a dry run of the images' workflow.
func TestActionsImages(t *testing.T) {
	_, l := local(t)
	a := newActing(t)
	a.useCache(t, l)
	digest := plannedDigest(t, a.source, "release-demo-app", "--version", "0.1.0", "--plan")
	got := a.run(t, "release-wasi-demo-app.yml", map[string]string{"version": "0.1.0", "dry_run": "true"}).wantCode(t, 0)
	wantSaid(t, got, "Summary - ## ", "| plan | `"+digest+"` |", "```mermaid", "::set-output:: plan="+digest)
	if n := strings.Count(got.stdout, "Job succeeded"); n != 2 {
		t.Errorf("%d jobs succeeded, expected the two of a dry run:\n%s", n, last(got.stdout))
	}
	for _, name := range exampleImages {
		read(t, a.artifacts, "images", name, "index.json")
	}
}

// TestActionsBranch dispatches from a branch other than the release branch.
func TestActionsBranch(t *testing.T) {
	a := newActing(t)
	a.useBuilt(t)
	git(t, a.source, "checkout", "--quiet", "-b", "feature")
	git(t, a.source, "commit", "--quiet", "--allow-empty", "--message", "a feature") // act determines the branch from the commit
	for workflow, inputs := range map[string]map[string]string{
		"release.yml":               {"crate": "shim-demo", "version": "0.1.0", "dry_run": "true"},
		"release-wasi-demo-app.yml": {"version": "0.1.0", "dry_run": "true"},
	} {
		got := a.run(t, workflow, inputs).wantCode(t, 1)
		wantSaid(t, got, "releases are made from branch main: choose that branch when running the workflow")
		if strings.Contains(got.stdout, "Main Build") {
			t.Errorf("%s: it went on:\n%s", workflow, last(got.stdout))
		}
	}
}

// TestActionsExport checks that the module writes exactly the workflows that the command
// writes and that act runs in the other tests.
func TestActionsExport(t *testing.T) {
	dagger(t)
	a := newActing(t)
	check(t, os.RemoveAll(filepath.Join(a.source, ".github")))
	call(t, a.source, "workflows", "--slipway", slipwayPin, "export", "--path", a.source).run(t).wantCode(t, 0)
	if changed := git(t, a.source, "status", "--porcelain"); changed != "" {
		t.Errorf("the module writes others than the command:\n%s\n%s", changed, git(t, a.source, "diff"))
	}
}
