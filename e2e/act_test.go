package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dagger/slipway/e2e/gotool"
)

// slipwayPin is the action reference to slipway in the tests' workflows.
const slipwayPin = "acme/slipway@0123456789abcdef0123456789abcdef01234567"

// acting is a repository made from examples/workspace, whose workflows act runs on this
// machine as GitHub's runner would.
type acting struct {
	act       string
	source    string // the clone
	slipway   string // a stand-in for slipway's repository
	artifacts string // where the stand-in actions keep uploaded artifacts
	env       []string
	secrets   []string // NAME=value
}

// newActing makes the repository, with the workflows that the command writes. It skips the
// test if act is not available.
func newActing(t *testing.T) *acting {
	t.Helper()
	act, err := gotool.Command("github.com/nektos/act", "v0.2.89")
	if err != nil {
		t.Skipf("SKIPPED: no act: %v", err)
	}
	a := &acting{act: act, source: example(t), slipway: root, artifacts: t.TempDir()}
	command{args: []string{slipway, "workflows", "--slipway", slipwayPin, "--write"}, dir: a.source}.run(t).wantCode(t, 0)
	git(t, a.source, "init", "--quiet", "--initial-branch", "main")
	git(t, a.source, "add", "--all")
	git(t, a.source, "commit", "--quiet", "--message", "a workspace")
	git(t, a.source, "remote", "add", "origin", "https://github.com/acme/shims.git")
	return a
}

// useBuilt replaces the action that compiles slipway by one that installs the command under
// test.
func (a *acting) useBuilt(t *testing.T) {
	t.Helper()
	a.slipway = t.TempDir()
	write(t, "name: stand-in for the action slipway\ndescription: The command that is built already\nruns:\n  using: composite\n  steps:\n"+
		"    - shell: bash\n      run: echo '"+filepath.Dir(slipway)+"' >>\"$GITHUB_PATH\"\n", a.slipway, ".github", "actions", "slipway", "action.yml")
}

// useCache makes the workflows' steps use the lab's cache as the user's cache.
func (a *acting) useCache(t *testing.T, l *lab) {
	t.Helper()
	home := t.TempDir()
	check(t, os.Symlink(l.cache, filepath.Join(home, "slipway")))
	out, err := exec.Command("go", "env", "GOCACHE").Output()
	check(t, err)
	a.env = append(a.env, "XDG_CACHE_HOME="+home, "GOCACHE="+strings.TrimSpace(string(out)), "_EXPERIMENTAL_DAGGER_RUNNER_HOST=")
}

var usesAction = regexp.MustCompile(`uses: ((actions/(?:upload|download)-artifact)@[0-9a-f]{40})`)

// run dispatches a workflow with the given inputs.
func (a *acting) run(t *testing.T, workflow string, inputs map[string]string) result {
	t.Helper()
	event, err := json.Marshal(map[string]any{"inputs": inputs})
	check(t, err)
	file := filepath.Join(t.TempDir(), "event.json")
	check(t, os.WriteFile(file, event, 0o644))
	args := []string{
		a.act, "workflow_dispatch", "--workflows", ".github/workflows/" + workflow, "--eventpath", file,
		"--platform", "ubuntu-latest=-self-hosted", "--no-cache-server", "--env", "STAND_IN_ARTIFACTS=" + a.artifacts,
		"--local-repository", slipwayPin + "=" + a.slipway,
	}
	for _, name := range []string{"release.yml", "action-build.yml", "release-wasi-demo-app.yml", "sign.yml"} {
		for _, m := range usesAction.FindAllStringSubmatch(read(t, a.source, ".github", "workflows", name), -1) {
			args = append(args, "--local-repository", m[1]+"="+filepath.Join(root, "e2e", "testdata", m[2]+"-stand-in"))
		}
	}
	for _, e := range a.env {
		args = append(args, "--env", e)
	}
	for _, s := range a.secrets {
		args = append(args, "--secret", s)
	}
	// Without a configuration act asks interactively which images to use.
	config := t.TempDir()
	write(t, "", config, "act", "actrc")
	r := command{args: args, dir: a.source, env: []string{"XDG_CONFIG_HOME=" + config, "XDG_CACHE_HOME=" + t.TempDir()}}.run(t)
	r.stdout = strings.ReplaceAll(r.stdout+r.stderr, "\x1b", "")
	return r
}
