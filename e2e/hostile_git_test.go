package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dagger/slipway/e2e/githubd"
)

// canaryToken is a token that only a command run by git on behalf of the repository would
// reveal.
const canaryToken = "canary-token-4f1d7c"

// trap is a repository that names a script everywhere git may run one from.
type trap struct {
	source string
	canary string // the file that the script writes
}

// newTrap makes a trap from the example workspace. It is clean unless change modifies it.
func newTrap(t testing.TB) trap {
	t.Helper()
	dir := t.TempDir()
	p := trap{source: example(t), canary: filepath.Join(dir, "canary")}
	script := filepath.Join(dir, "script")
	write(t, fmt.Sprintf("#!/bin/sh\n{ echo \"$0 $*\"; env; } >>%s\ncat\n", p.canary), script)
	check(t, os.Chmod(script, 0o755))
	write(t, "* filter=evil diff=evil\n", p.source, ".gitattributes")
	repository(t, p.source, "main")
	p.arm(t, script)
	old := time.Now().Add(-time.Hour) // the index's times no longer match, so git would run filters
	for _, name := range []string{"Cargo.toml", "Cargo.lock", ".gitattributes", "crates/shim-demo/Cargo.toml"} {
		check(t, os.Chtimes(filepath.Join(p.source, name), old, old))
	}
	return p
}

func (p trap) arm(t testing.TB, script string) {
	t.Helper()
	config := `
[core]
	fsmonitor = SCRIPT
	hooksPath = HOOKS
	sshCommand = SCRIPT
	pager = SCRIPT
	editor = SCRIPT
	askPass = SCRIPT
	gitProxy = SCRIPT
	alternateRefsCommand = SCRIPT
[filter "evil"]
	clean = SCRIPT
	smudge = SCRIPT
	process = SCRIPT
	required = true
[diff]
	external = SCRIPT
[diff "evil"]
	textconv = SCRIPT
	command = SCRIPT
[credential]
	helper = !SCRIPT
[gpg]
	program = SCRIPT
[alias]
	status = !SCRIPT
	rev-parse = !SCRIPT
	ls-tree = !SCRIPT
	ls-files = !SCRIPT
	checkout-index = !SCRIPT
	check-attr = !SCRIPT
	cat-file = !SCRIPT
[pager]
	status = SCRIPT
	branch = SCRIPT
[remote "origin"]
	url = ext::SCRIPT
	promisor = true
	partialCloneFilter = tree:0
[protocol "ext"]
	allow = always
[uploadpack]
	packObjectsHook = SCRIPT
[include]
	path = included
[includeIf "gitdir:/"]
	path = included
[extensions]
	worktreeConfig = true
	partialClone = origin
`
	hooks := filepath.Join(filepath.Dir(script), "hooks")
	git := filepath.Join(p.source, ".git")
	write(t, read(t, git, "config")+strings.NewReplacer("SCRIPT", script, "HOOKS", hooks).Replace(config), git, "config")
	for _, name := range []string{"included", "config.worktree"} {
		write(t, "[core]\n\tfsmonitor = "+script+"\n", git, name)
	}
	write(t, "* filter=evil\n", git, "info/attributes")
	for _, hook := range []string{"post-index-change", "pre-commit", "post-checkout", "reference-transaction", "pre-auto-gc"} {
		for _, at := range []string{hooks, filepath.Join(git, "hooks")} {
			write(t, read(t, script), at, hook)
			check(t, os.Chmod(filepath.Join(at, hook), 0o755))
		}
	}
}

// run runs slipway with tokens in its environment, and checks that the script did not run.
func (p trap) run(t testing.TB, args ...string) result {
	t.Helper()
	env := []string{"GITHUB_REPOSITORY=containerd/runwasi"}
	for _, name := range []string{"GITHUB_TOKEN", "CARGO_REGISTRY_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SIGSTORE_ID_TOKEN", "COSIGN_PASSWORD"} {
		env = append(env, name+"="+canaryToken)
	}
	got := command{args: append([]string{slipway}, args...), env: env}.run(t)
	if raw, err := os.ReadFile(p.canary); err == nil {
		t.Errorf("slipway %q: the repository's script ran:\n%.2000s", args, raw)
		check(t, os.Remove(p.canary))
	}
	if strings.Contains(got.stdout+got.stderr, canaryToken) {
		t.Errorf("slipway %q printed a token", args)
	}
	return got
}

// TestHostileGit checks that no subcommand runs a command named in the checkout's git
// configuration, hooks or attributes.
func TestHostileGit(t *testing.T) {
	t.Run("git itself would run them", func(t *testing.T) {
		p := newTrap(t)
		cmd := exec.Command("git", "status")
		cmd.Dir, cmd.Env = p.source, append(os.Environ(), "GITHUB_TOKEN="+canaryToken)
		_ = cmd.Run()
		if raw, err := os.ReadFile(p.canary); err != nil || !strings.Contains(string(raw), canaryToken) {
			t.Fatalf("the trap does not close: %v\n%.500s", err, raw)
		}
	})
	p := newTrap(t)
	head := headOf(t, p.source)
	t.Run("plan", func(t *testing.T) {
		got := p.run(t, "plan", "--source", p.source, "--crate", "shim-demo", "--version", "0.1.0").wantCode(t, 0)
		if !strings.Contains(got.stdout, head) || strings.Contains(got.stdout, "uncommitted") {
			t.Errorf("the plan does not say that it is of commit %s:\n%s", head, last(got.stdout))
		}
	})
	t.Run("release-train", func(t *testing.T) {
		p.run(t, "release-train", "--source", p.source, "--crates", "shimkit", "--plan").wantCode(t, 0)
	})
	t.Run("release-demo-app", func(t *testing.T) {
		p.run(t, "release-demo-app", "--source", p.source, "--version", "0.1.0", "--plan").wantCode(t, 0)
	})
	t.Run("release-order", func(t *testing.T) { p.run(t, "release-order", "--source", p.source).wantCode(t, 0) })
	t.Run("prepare-release", func(t *testing.T) {
		p.run(t, "prepare-release", "--source", p.source, "--crate", "shim-demo", "--version", "0.2.0")
	})
	t.Run("prepare-release proposes", func(t *testing.T) { // the API is unreachable
		p.run(t, "prepare-release", "--source", p.source, "--crate", "shim-demo", "--version", "0.2.0", "--open-pull-request", "--github-api", "http://127.0.0.1:1").wantCode(t, 1)
	})
	t.Run("workflows", func(t *testing.T) {
		p.run(t, "workflows", "--source", p.source, "--slipway", "owner/name@"+strings.Repeat("a", 40)).wantCode(t, 0)
	})
	t.Run("reproduce", func(t *testing.T) { // the checkout is read before anything else
		h := fakeGitHubOf(t, p.clean(t), func(*githubd.Options) {})
		got := p.run(t, "reproduce", "--source", p.source, "--crate", "shim-demo", "--version", "0.1.0", "--github-api", h.URL, "--key", "/dev/null", "--trusted-root", "/dev/null")
		if got.code == 0 {
			t.Errorf("it was reproduced:\n%s", got.stdout)
		}
	})
	t.Run("verify", func(t *testing.T) { p.run(t, "verify", "--trusted-root", "/dev/null", p.source).wantCode(t, 2) })
	t.Run("release-crate", func(t *testing.T) {
		if testing.Short() {
			t.Skip("SKIPPED: a whole dry run: -short")
		}
		w, _ := local(t)
		p.run(t, append([]string{"release-crate", "--source", p.source, "--crate", "shimkit", "--version", "0.3.1", "--out", t.TempDir()}, w.flags...)...).wantCode(t, 0)
	})
	t.Run("a changed file is seen", func(t *testing.T) {
		write(t, "changed\n", p.source, "README.md")
		got := p.run(t, "plan", "--source", p.source, "--crate", "shim-demo", "--version", "0.1.0").wantCode(t, 0)
		if !strings.Contains(got.stdout, "uncommitted") {
			t.Errorf("the plan does not say that a file differs:\n%s", last(got.stdout))
		}
	})
}

// clean returns a copy of the trap's workspace with a harmless repository.
func (p trap) clean(t testing.TB) string {
	t.Helper()
	dir := copyTo(t, p.source, filepath.Join(t.TempDir(), "clean"))
	repository(t, dir, "main")
	return dir
}

// headOf reads the commit without running git, which would spring the trap.
func headOf(t testing.TB, source string) string {
	t.Helper()
	return strings.TrimSpace(read(t, source, ".git/refs/heads/main"))
}

// TestHostileGitOwner checks that every subcommand that uses git refuses a repository of
// another owner with git's own message, instead of planning without a commit.
func TestHostileGitOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root can give a repository to another owner")
	}
	p := newTrap(t)
	check(t, os.Chown(filepath.Join(p.source, ".git"), 65534, 65534))
	home := t.TempDir()
	for _, args := range [][]string{
		{"plan", "--source", p.source, "--crate", "shim-demo", "--version", "0.1.0"},
		{"release-train", "--source", p.source, "--plan"},
		{"prepare-release", "--source", p.source, "--crate", "shim-demo", "--version", "0.2.0", "--open-pull-request"},
	} {
		c := command{args: append([]string{slipway}, args...), env: []string{"HOME=" + home, "XDG_CONFIG_HOME=", "GITHUB_TOKEN=" + canaryToken}}
		got := c.run(t)
		if args[0] == "prepare-release" && !strings.Contains(got.stderr, "dubious") { // it may report its changelog first
			continue
		}
		got.wantCode(t, 1).wantError(t, "dubious ownership", "safe.directory")
		if got.stdout != "" {
			t.Errorf("%q planned all the same:\n%s", args, last(got.stdout))
		}
	}
	if _, err := os.Stat(p.canary); err == nil {
		t.Error("the repository's script ran")
	}
}

// TestHostileGitForms checks that linked worktrees and shallow clones still work, with
// hostile and ordinary repositories.
func TestHostileGitForms(t *testing.T) {
	plain := example(t)
	repository(t, plain, "main")
	shallow, linked := filepath.Join(t.TempDir(), "shallow"), filepath.Join(t.TempDir(), "linked")
	git(t, plain, "clone", "--quiet", "--depth=1", "file://"+plain, shallow)
	git(t, plain, "worktree", "add", "--quiet", "--detach", linked)
	for name, dir := range map[string]string{"shallow": shallow, "linked": linked} {
		p := trap{source: dir, canary: filepath.Join(t.TempDir(), "canary")}
		if name == "shallow" {
			script := filepath.Join(filepath.Dir(p.canary), "script")
			write(t, fmt.Sprintf("#!/bin/sh\nenv >>%s\ncat\n", p.canary), script)
			check(t, os.Chmod(script, 0o755))
			p.arm(t, script)
		}
		got := p.run(t, "plan", "--source", dir, "--crate", "shim-demo", "--version", "0.1.0").wantCode(t, 0)
		if want := headOf(t, plain); !strings.Contains(got.stdout, want) || strings.Contains(got.stdout, "uncommitted") {
			t.Errorf("%s: the plan does not say that it is of commit %s:\n%s", name, want, last(got.stdout))
		}
	}
}
