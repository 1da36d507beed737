package actions

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"dagger/slipway/e2e/gotool"
	"dagger/slipway/e2e/kit"
)

// linted returns repositories with workflows: this one, and fresh ones with and without an
// engine.
func linted(t *testing.T) map[string]string {
	t.Helper()
	dirs := map[string]string{"own": kit.Root, "fresh": kit.Example(t), "with an engine": kit.Example(t)}
	for name, flags := range map[string][]string{"fresh": nil, "with an engine": {"--engine"}} {
		args := append([]string{kit.Slipway, "workflows", "--write", "--slipway", kit.PinnedAction}, flags...)
		kit.Command{Args: args, Dir: dirs[name]}.Run(t).WantCode(t, 0)
		kit.Git(t, dirs[name], "init", "--quiet")
	}
	return dirs
}

func TestActionsLint(t *testing.T) {
	actionlint, err := gotool.Command("github.com/rhysd/actionlint/cmd/actionlint", "v1.7.12")
	if err != nil {
		t.Skipf("SKIPPED: no actionlint: %v", err)
	}
	for name, dir := range linted(t) {
		if got := (kit.Command{Args: []string{actionlint}, Dir: dir}).Run(t); got.Code != 0 {
			t.Errorf("%s: actionlint:\n%s", name, kit.Tail(got.Stdout+got.Stderr))
		}
	}
}

// zizmorVersion is the version of zizmor installed from PyPI.
const zizmorVersion = "1.32.0"

// zizmor installs zizmor in a virtual environment that is cached on the machine.
func zizmor(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	kit.Check(t, err)
	dir := filepath.Join(cache, "slipway-e2e", "zizmor-"+zizmorVersion)
	bin := filepath.Join(dir, "bin", "zizmor")
	if _, err := os.Stat(bin); err == nil {
		return bin
	}
	for _, args := range [][]string{{"python3", "-m", "venv", dir}, {filepath.Join(dir, "bin", "pip"), "install", "--quiet", "zizmor==" + zizmorVersion}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Skipf("SKIPPED: no zizmor: %q: %v: %s", args, err, kit.Tail(string(out)))
		}
	}
	return bin
}

func TestActionsAudit(t *testing.T) {
	bin := zizmor(t)
	for name, dir := range linted(t) {
		if got := (kit.Command{Args: []string{bin, "--offline", "--no-progress", ".github"}, Dir: dir}).Run(t); got.Code != 0 {
			t.Errorf("%s: zizmor:\n%s", name, kit.Tail(got.Stdout+got.Stderr))
		}
	}
}

// TestActionsWorkflows checks what the command reports about workflow files that are out of
// date.
func TestActionsWorkflows(t *testing.T) {
	source := kit.Example(t)
	run := func(args ...string) kit.Result {
		return kit.Command{Args: append([]string{kit.Slipway, "workflows"}, args...), Dir: source}.Run(t)
	}
	run().WantCode(t, 1).WantError(t, "--slipway OWNER/NAME@COMMIT")
	diff := run("--slipway", kit.PinnedAction).WantCode(t, 0).Stdout
	run("--slipway", kit.PinnedAction, "--check").WantCode(t, 1).WantError(t, ".github/workflows/release.yml", "out of date")
	kit.Git(t, source, "init", "--quiet")
	kit.Write(t, diff, source, "..", "workflows.diff")
	kit.Git(t, source, "apply", "../workflows.diff")
	run("--check").WantCode(t, 0)
	if got := run("--write").WantCode(t, 0).Stdout; got != "0 files changed\n" {
		t.Errorf("writing what is there says %q", got)
	}
	kit.Write(t, "edited", source, ".github", "workflows", "sign.yml")
	run("--check").WantCode(t, 1).WantError(t, "out of date: .github/workflows/sign.yml: run")
}
