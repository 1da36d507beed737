package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/imagereg"
	"dagger/slipway/e2e/sigstack"
)

// usePrivate replaces the action that compiles slipway by one that installs the command
// under test, with additional arguments by subcommand that point it at local servers.
func (a *acting) usePrivate(t *testing.T, flags map[string][]string) {
	t.Helper()
	a.useBuilt(t)
	bin := t.TempDir()
	var cases strings.Builder
	for verb, more := range flags {
		fmt.Fprintf(&cases, "%s) set -- \"$@\" '%s' ;;\n", verb, strings.Join(more, "' '"))
	}
	// act offers identity tokens to every job, GitHub only to those with the permission: the
	// jobs that sign.
	const deny = "case \" $verb $* \" in *\" dist \"*|*\" --dry-run=false --staged=\"*) ;; *) unset ACTIONS_ID_TOKEN_REQUEST_URL ACTIONS_ID_TOKEN_REQUEST_TOKEN ;; esac\n"
	script := "#!/bin/bash\nverb=$1\nshift\n" + deny + "case $verb in\n" + cases.String() + "esac\nexec '" + slipway + "' \"$verb\" \"$@\"\n"
	check(t, os.WriteFile(filepath.Join(bin, "slipway"), []byte(script), 0o755))
	action := filepath.Join(a.slipway, ".github", "actions", "slipway", "action.yml")
	write(t, strings.Replace(read(t, action), filepath.Dir(slipway), bin, 1), action)
}

// actingRunwasi returns a repository that claims to be runwasi's, and sets head to its
// commit.
func actingRunwasi(t *testing.T) *acting {
	t.Helper()
	_, l := local(t)
	a := newActing(t)
	a.useCache(t, l)
	git(t, a.source, "remote", "set-url", "origin", "https://github.com/containerd/runwasi.git")
	head = git(t, a.source, "rev-parse", "HEAD")
	return a
}

// TestActionsPublish dispatches a real release of a crate: built by a job that cannot sign,
// signed as action-build.yml by a job that builds nothing, published by a job that can do
// neither, and rebuilt by a fourth.
func TestActionsPublish(t *testing.T) {
	s := stack(t)
	a := actingRunwasi(t)
	handOut(s, nil)
	h := fakeGitHubOf(t, a.source)
	h.SetEnvironment("release", githubd.Environment{Custom: true, Branches: []string{"main"}})
	signing := stackFlags(s)
	toGitHub := append([]string{"--github-api", h.URL}, signing...)
	a.usePrivate(t, map[string][]string{"plan": signing, "stage": signing, "dist": signing, "release-crate": toGitHub, "reproduce": toGitHub})
	a.env = append(a.env, s.ActionsEnv()...)
	a.secrets = []string{"GITHUB_TOKEN=" + h.token}
	got := a.run(t, "release.yml", map[string]string{"crate": "shim-demo", "version": "0.1.0", "dry_run": "false", "initial_release": "false"}).wantCode(t, 0)
	wantSaid(t, got, "## Released "+demoTag, "as built")
	if n := strings.Count(got.stdout, "Job succeeded"); n != 4 {
		t.Errorf("%d jobs succeeded, expected the four of a release:\n%s", n, last(got.stdout))
	}
	h.wantReleased(t, s)
	dir := unpack(t, filepath.Join(a.artifacts, "dist", "shim-demo-x86_64-linux-musl.tar.gz"))
	cosign2(t, s, dir, "shim-demo-v1").wantCode(t, 0) // the command in the release documentation
	if strings.Contains(got.stdout, h.token) {
		t.Error("the token was printed")
	}
	if strings.Contains(got.stdout, "WARNING: environment") {
		t.Errorf("an environment of the release branch alone is warned of:\n%s", last(got.stdout))
	}
}

// TestActionsPublishImages dispatches a real release of the images: built by one job,
// pushed and signed as sign.yml by another, which builds nothing.
func TestActionsPublishImages(t *testing.T) {
	s := stack(t)
	a := actingRunwasi(t)
	handOut(s, sigstack.Claims{"job_workflow_ref": imageWorkflow})
	g := &imageHost{Registry: startRegistry(t, imagereg.Distribution), stack: s, source: a.source}
	a.usePrivate(t, map[string][]string{"release-demo-app": append(stackFlags(s), "--registry", strings.TrimPrefix(g.Proxy.URL, "http://"))})
	a.env = append(a.env, s.ActionsEnv()...)
	got := a.run(t, "release-wasi-demo-app.yml", map[string]string{"version": "0.1.0", "dry_run": "false"}).wantCode(t, 0)
	if n := strings.Count(got.stdout, "Job succeeded"); n != 2 {
		t.Errorf("%d jobs succeeded, expected the two of a release:\n%s", n, last(got.stdout))
	}
	for _, image := range exampleImages {
		g.wantImage(t, got, image)
	}
}
