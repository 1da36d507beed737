package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"dagger/slipway/e2e/gotool"
)

// linted returns repositories with workflows: this one, and fresh ones with and without an
// engine.
func linted(t *testing.T) map[string]string {
	t.Helper()
	dirs := map[string]string{"own": root, "fresh": example(t), "with an engine": example(t)}
	for name, flags := range map[string][]string{"fresh": nil, "with an engine": {"--engine"}} {
		args := append([]string{slipway, "workflows", "--write", "--slipway", slipwayPin}, flags...)
		command{args: args, dir: dirs[name]}.run(t).wantCode(t, 0)
		git(t, dirs[name], "init", "--quiet")
	}
	return dirs
}

func TestActionsLint(t *testing.T) {
	actionlint, err := gotool.Command("github.com/rhysd/actionlint/cmd/actionlint", "v1.7.12")
	if err != nil {
		t.Skipf("SKIPPED: no actionlint: %v", err)
	}
	for name, dir := range linted(t) {
		if got := (command{args: []string{actionlint}, dir: dir}).run(t); got.code != 0 {
			t.Errorf("%s: actionlint:\n%s", name, last(got.stdout+got.stderr))
		}
	}
}

// zizmorVersion is the version of zizmor installed from PyPI.
const zizmorVersion = "1.32.0"

// zizmor installs zizmor in a virtual environment that is cached on the machine.
func zizmor(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	check(t, err)
	dir := filepath.Join(cache, "slipway-e2e", "zizmor-"+zizmorVersion)
	bin := filepath.Join(dir, "bin", "zizmor")
	if _, err := os.Stat(bin); err == nil {
		return bin
	}
	for _, args := range [][]string{{"python3", "-m", "venv", dir}, {filepath.Join(dir, "bin", "pip"), "install", "--quiet", "zizmor==" + zizmorVersion}} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Skipf("SKIPPED: no zizmor: %q: %v: %s", args, err, last(string(out)))
		}
	}
	return bin
}

func TestActionsAudit(t *testing.T) {
	bin := zizmor(t)
	for name, dir := range linted(t) {
		if got := (command{args: []string{bin, "--offline", "--no-progress", ".github"}, dir: dir}).run(t); got.code != 0 {
			t.Errorf("%s: zizmor:\n%s", name, last(got.stdout+got.stderr))
		}
	}
}

// TestActionsWorkflows checks what the command reports about workflow files that are out of
// date.
func TestActionsWorkflows(t *testing.T) {
	source := example(t)
	run := func(args ...string) result {
		return command{args: append([]string{slipway, "workflows"}, args...), dir: source}.run(t)
	}
	run().wantCode(t, 1).wantError(t, "--slipway OWNER/NAME@COMMIT")
	diff := run("--slipway", slipwayPin).wantCode(t, 0).stdout
	run("--slipway", slipwayPin, "--check").wantCode(t, 1).wantError(t, ".github/workflows/release.yml", "out of date")
	git(t, source, "init", "--quiet")
	write(t, diff, source, "..", "workflows.diff")
	git(t, source, "apply", "../workflows.diff")
	run("--check").wantCode(t, 0)
	if got := run("--write").wantCode(t, 0).stdout; got != "0 files changed\n" {
		t.Errorf("writing what is there says %q", got)
	}
	write(t, "edited", source, ".github", "workflows", "sign.yml")
	run("--check").wantCode(t, 1).wantError(t, "out of date: .github/workflows/sign.yml: run")
}
