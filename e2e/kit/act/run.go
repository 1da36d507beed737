package act

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dagger/slipway/e2e/kit"
)

var usesAction = regexp.MustCompile(`uses: ((actions/(?:upload|download)-artifact)@[0-9a-f]{40})`)

// Run dispatches a workflow with the given inputs. The result's Stdout is act's whole
// output, without escape characters.
func (a *Repository) Run(t *testing.T, workflow string, inputs map[string]string) kit.Result {
	t.Helper()
	event, err := json.Marshal(map[string]any{"inputs": inputs})
	kit.Check(t, err)
	file := filepath.Join(t.TempDir(), "event.json")
	kit.Check(t, os.WriteFile(file, event, 0o644))
	args := []string{
		a.act, "workflow_dispatch", "--workflows", ".github/workflows/" + workflow, "--eventpath", file,
		"--platform", "ubuntu-latest=-self-hosted", "--no-cache-server", "--env", "STAND_IN_ARTIFACTS=" + a.Artifacts,
		"--local-repository", kit.PinnedAction + "=" + a.slipway,
	}
	for _, name := range []string{"release.yml", "action-build.yml", "release-wasi-demo-app.yml", "sign.yml"} {
		for _, m := range usesAction.FindAllStringSubmatch(kit.Read(t, a.Source, ".github", "workflows", name), -1) {
			args = append(args, "--local-repository", m[1]+"="+kit.Testdata(m[2]+"-stand-in"))
		}
	}
	for _, e := range a.Env {
		args = append(args, "--env", e)
	}
	for _, s := range a.Secrets {
		args = append(args, "--secret", s)
	}
	// Without a configuration act asks interactively which images to use.
	config := t.TempDir()
	kit.Write(t, "", config, "act", "actrc")
	r := kit.Command{Args: args, Dir: a.Source, Env: []string{"XDG_CONFIG_HOME=" + config, "XDG_CACHE_HOME=" + t.TempDir()}}.Run(t)
	r.Stdout = strings.ReplaceAll(r.Stdout+r.Stderr, "\x1b", "")
	return r
}
