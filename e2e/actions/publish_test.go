package actions

import (
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/imagereg"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/act"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/oci"
	"dagger/slipway/e2e/kit/sigstore"
	"dagger/slipway/e2e/sigstack"
)

// TestActionsPublish dispatches a real release of a crate: built by a job that cannot sign,
// signed as action-build.yml by a job that builds nothing, published by a job that can do
// neither, and rebuilt by a fourth.
func TestActionsPublish(t *testing.T) {
	s := sigstore.Open(t)
	a := act.NewRunwasi(t)
	sigstore.HandOut(s, nil)
	h := forge.Of(t, a.Source)
	h.SetEnvironment("release", githubd.Environment{Custom: true, Branches: []string{"main"}})
	signing := sigstore.Flags(s)
	toGitHub := append([]string{"--github-api", h.URL}, signing...)
	a.UsePrivate(t, map[string][]string{"plan": signing, "stage": signing, "dist": signing, "release-crate": toGitHub, "reproduce": toGitHub})
	a.Env = append(a.Env, s.ActionsEnv()...)
	a.Secrets = []string{"GITHUB_TOKEN=" + h.MaintainerToken}
	got := a.Run(t, "release.yml", map[string]string{"crate": "shim-demo", "version": "0.1.0", "dry_run": "false", "initial_release": "false"}).WantCode(t, 0)
	got.WantStdout(t, "## Released "+forge.DemoTag, "as built")
	if n := strings.Count(got.Stdout, "Job succeeded"); n != 4 {
		t.Errorf("%d jobs succeeded, expected the four of a release:\n%s", n, kit.Tail(got.Stdout))
	}
	h.WantReleased(t, s)
	dir := sigstore.Unpack(t, filepath.Join(a.Artifacts, "dist", "shim-demo-x86_64-linux-musl.tar.gz"))
	sigstore.Cosign2(t, s, dir, "shim-demo-v1").WantCode(t, 0) // the command in the release documentation
	if strings.Contains(got.Stdout, h.MaintainerToken) {
		t.Error("the token was printed")
	}
	if strings.Contains(got.Stdout, "WARNING: environment") {
		t.Errorf("an environment of the release branch alone is warned of:\n%s", kit.Tail(got.Stdout))
	}
}

// TestActionsPublishImages dispatches a real release of the images: built by one job,
// pushed and signed as sign.yml by another, which builds nothing.
func TestActionsPublishImages(t *testing.T) {
	s := sigstore.Open(t)
	a := act.NewRunwasi(t)
	sigstore.HandOut(s, sigstack.Claims{"job_workflow_ref": oci.Workflow})
	g := &oci.Host{Registry: oci.StartRegistry(t, imagereg.Distribution), Stack: s, Source: a.Source}
	a.UsePrivate(t, map[string][]string{"release-demo-app": append(sigstore.Flags(s), "--registry", strings.TrimPrefix(g.Proxy.URL, "http://"))})
	a.Env = append(a.Env, s.ActionsEnv()...)
	got := a.Run(t, "release-wasi-demo-app.yml", map[string]string{"version": "0.1.0", "dry_run": "false"}).WantCode(t, 0)
	if n := strings.Count(got.Stdout, "Job succeeded"); n != 2 {
		t.Errorf("%d jobs succeeded, expected the two of a release:\n%s", n, kit.Tail(got.Stdout))
	}
	for _, image := range oci.ExampleImages {
		g.WantImage(t, got, image)
	}
}
