package hostile

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
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
	p := trap{source: kit.Example(t), canary: filepath.Join(dir, "canary")}
	script := filepath.Join(dir, "script")
	kit.Write(t, fmt.Sprintf("#!/bin/sh\n{ echo \"$0 $*\"; env; } >>%s\ncat\n", p.canary), script)
	kit.Check(t, os.Chmod(script, 0o755))
	kit.Write(t, "* filter=evil diff=evil\n", p.source, ".gitattributes")
	kit.InitRepository(t, p.source, "main")
	p.arm(t, script)
	old := time.Now().Add(-time.Hour) // the index's times no longer match, so git would run filters
	for _, name := range []string{"Cargo.toml", "Cargo.lock", ".gitattributes", "crates/shim-demo/Cargo.toml"} {
		kit.Check(t, os.Chtimes(filepath.Join(p.source, name), old, old))
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
	kit.Write(t, kit.Read(t, git, "config")+strings.NewReplacer("SCRIPT", script, "HOOKS", hooks).Replace(config), git, "config")
	for _, name := range []string{"included", "config.worktree"} {
		kit.Write(t, "[core]\n\tfsmonitor = "+script+"\n", git, name)
	}
	kit.Write(t, "* filter=evil\n", git, "info/attributes")
	for _, hook := range []string{"post-index-change", "pre-commit", "post-checkout", "reference-transaction", "pre-auto-gc"} {
		for _, at := range []string{hooks, filepath.Join(git, "hooks")} {
			kit.Write(t, kit.Read(t, script), at, hook)
			kit.Check(t, os.Chmod(filepath.Join(at, hook), 0o755))
		}
	}
}

// run runs slipway with tokens in its environment, and checks that the script did not run.
func (p trap) run(t testing.TB, args ...string) kit.Result {
	t.Helper()
	env := []string{"GITHUB_REPOSITORY=containerd/runwasi"}
	for _, name := range []string{"GITHUB_TOKEN", "CARGO_REGISTRY_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SIGSTORE_ID_TOKEN", "COSIGN_PASSWORD"} {
		env = append(env, name+"="+canaryToken)
	}
	got := kit.Command{Args: append([]string{kit.Slipway}, args...), Env: env}.Run(t)
	if raw, err := os.ReadFile(p.canary); err == nil {
		t.Errorf("slipway %q: the repository's script ran:\n%.2000s", args, raw)
		kit.Check(t, os.Remove(p.canary))
	}
	if strings.Contains(got.Stdout+got.Stderr, canaryToken) {
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
		got := p.run(t, "plan", "--source", p.source, "--crate", "shim-demo", "--version", "0.1.0").WantCode(t, 0)
		if !strings.Contains(got.Stdout, head) || strings.Contains(got.Stdout, "uncommitted") {
			t.Errorf("the plan does not say that it is of commit %s:\n%s", head, kit.Tail(got.Stdout))
		}
	})
	t.Run("release-train", func(t *testing.T) {
		p.run(t, "release-train", "--source", p.source, "--crates", "shimkit", "--plan").WantCode(t, 0)
	})
	t.Run("release-demo-app", func(t *testing.T) {
		p.run(t, "release-demo-app", "--source", p.source, "--version", "0.1.0", "--plan").WantCode(t, 0)
	})
	t.Run("release-order", func(t *testing.T) { p.run(t, "release-order", "--source", p.source).WantCode(t, 0) })
	t.Run("prepare-release", func(t *testing.T) {
		p.run(t, "prepare-release", "--source", p.source, "--crate", "shim-demo", "--version", "0.2.0")
	})
	t.Run("prepare-release proposes", func(t *testing.T) { // the API is unreachable
		p.run(t, "prepare-release", "--source", p.source, "--crate", "shim-demo", "--version", "0.2.0", "--open-pull-request", "--github-api", "http://127.0.0.1:1").WantCode(t, 1)
	})
	t.Run("workflows", func(t *testing.T) {
		p.run(t, "workflows", "--source", p.source, "--slipway", "owner/name@"+strings.Repeat("a", 40)).WantCode(t, 0)
	})
	t.Run("reproduce", func(t *testing.T) { // the checkout is read before anything else
		h := forge.Of(t, p.clean(t), func(*githubd.Options) {})
		got := p.run(t, "reproduce", "--source", p.source, "--crate", "shim-demo", "--version", "0.1.0", "--github-api", h.URL, "--key", "/dev/null", "--trusted-root", "/dev/null")
		if got.Code == 0 {
			t.Errorf("it was reproduced:\n%s", got.Stdout)
		}
	})
	t.Run("verify", func(t *testing.T) { p.run(t, "verify", "--trusted-root", "/dev/null", p.source).WantCode(t, 2) })
	t.Run("release-crate", func(t *testing.T) {
		if testing.Short() {
			t.Skip("SKIPPED: a whole dry run: -short")
		}
		w, _ := kit.Local(t)
		p.run(t, append([]string{"release-crate", "--source", p.source, "--crate", "shimkit", "--version", "0.3.1", "--out", t.TempDir()}, w.Flags...)...).WantCode(t, 0)
	})
	t.Run("a changed file is seen", func(t *testing.T) {
		kit.Write(t, "changed\n", p.source, "README.md")
		got := p.run(t, "plan", "--source", p.source, "--crate", "shim-demo", "--version", "0.1.0").WantCode(t, 0)
		if !strings.Contains(got.Stdout, "uncommitted") {
			t.Errorf("the plan does not say that a file differs:\n%s", kit.Tail(got.Stdout))
		}
	})
}

// clean returns a copy of the trap's workspace with a harmless repository.
func (p trap) clean(t testing.TB) string {
	t.Helper()
	dir := kit.CopyTo(t, p.source, filepath.Join(t.TempDir(), "clean"))
	kit.InitRepository(t, dir, "main")
	return dir
}

// headOf reads the commit without running git, which would spring the trap.
func headOf(t testing.TB, source string) string {
	t.Helper()
	return strings.TrimSpace(kit.Read(t, source, ".git/refs/heads/main"))
}

// TestHostileGitOwner checks that every subcommand that uses git refuses a repository of
// another owner with git's own message, instead of planning without a commit.
func TestHostileGitOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root can give a repository to another owner")
	}
	p := newTrap(t)
	kit.Check(t, os.Chown(filepath.Join(p.source, ".git"), 65534, 65534))
	home := t.TempDir()
	for _, args := range [][]string{
		{"plan", "--source", p.source, "--crate", "shim-demo", "--version", "0.1.0"},
		{"release-train", "--source", p.source, "--plan"},
		{"prepare-release", "--source", p.source, "--crate", "shim-demo", "--version", "0.2.0", "--open-pull-request"},
	} {
		c := kit.Command{Args: append([]string{kit.Slipway}, args...), Env: []string{"HOME=" + home, "XDG_CONFIG_HOME=", "GITHUB_TOKEN=" + canaryToken}}
		got := c.Run(t)
		if args[0] == "prepare-release" && !strings.Contains(got.Stderr, "dubious") { // it may report its changelog first
			continue
		}
		got.WantCode(t, 1).WantError(t, "dubious ownership", "safe.directory")
		if got.Stdout != "" {
			t.Errorf("%q planned all the same:\n%s", args, kit.Tail(got.Stdout))
		}
	}
	if _, err := os.Stat(p.canary); err == nil {
		t.Error("the repository's script ran")
	}
}

// TestHostileGitForms checks that linked worktrees and shallow clones still work, with
// hostile and ordinary repositories.
func TestHostileGitForms(t *testing.T) {
	plain := kit.Example(t)
	kit.InitRepository(t, plain, "main")
	shallow, linked := filepath.Join(t.TempDir(), "shallow"), filepath.Join(t.TempDir(), "linked")
	kit.Git(t, plain, "clone", "--quiet", "--depth=1", "file://"+plain, shallow)
	kit.Git(t, plain, "worktree", "add", "--quiet", "--detach", linked)
	for name, dir := range map[string]string{"shallow": shallow, "linked": linked} {
		p := trap{source: dir, canary: filepath.Join(t.TempDir(), "canary")}
		if name == "shallow" {
			script := filepath.Join(filepath.Dir(p.canary), "script")
			kit.Write(t, fmt.Sprintf("#!/bin/sh\nenv >>%s\ncat\n", p.canary), script)
			kit.Check(t, os.Chmod(script, 0o755))
			p.arm(t, script)
		}
		got := p.run(t, "plan", "--source", dir, "--crate", "shim-demo", "--version", "0.1.0").WantCode(t, 0)
		if want := headOf(t, plain); !strings.Contains(got.Stdout, want) || strings.Contains(got.Stdout, "uncommitted") {
			t.Errorf("%s: the plan does not say that it is of commit %s:\n%s", name, want, kit.Tail(got.Stdout))
		}
	}
}
