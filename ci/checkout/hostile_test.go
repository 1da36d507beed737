package checkout

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const token = "token-that-nobody-else-may-see"

// hostile makes a repository that names a script everywhere git may run one from. It
// returns the file that the script would write.
func hostile(t *testing.T) (dir, canary string) {
	t.Helper()
	dir = repository(t)
	canary = filepath.Join(t.TempDir(), "canary")
	script := filepath.Join(t.TempDir(), "script")
	write(t, fmt.Sprintf("#!/bin/sh\necho \"$0 $*\" >>%[1]s\nenv >>%[1]s\ncat\n", canary), script)
	must(t, os.Chmod(script, 0o755))
	write(t, "* filter=evil diff=evil merge=evil\n", dir, ".gitattributes")
	commit(t, dir)
	poison(t, dir, script)
	// The index's times no longer match, so git reads every file again.
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{"file", "below/text", ".gitattributes", ".gitignore"} {
		must(t, os.Chtimes(filepath.Join(dir, name), old, old))
	}
	return dir, canary
}

// poison sets everything in a repository's configuration and hooks that names a command.
func poison(t *testing.T, dir, script string) {
	t.Helper()
	config := strings.ReplaceAll(`
[core]
	fsmonitor = SCRIPT
	hooksPath = HOOKS
	sshCommand = SCRIPT
	gitProxy = SCRIPT
	pager = SCRIPT
	editor = SCRIPT
	askPass = SCRIPT
	alternateRefsCommand = SCRIPT
	attributesFile = ATTRIBUTES
	untrackedCache = true
	splitIndex = true
[filter "evil"]
	clean = SCRIPT clean
	smudge = SCRIPT smudge
	process = SCRIPT process
	required = true
[diff]
	external = SCRIPT
[diff "evil"]
	command = SCRIPT
	textconv = SCRIPT
[merge "evil"]
	driver = SCRIPT
[credential]
	helper = !SCRIPT
[gpg]
	program = SCRIPT
[log]
	showSignature = true
[alias]
	status = !SCRIPT
	rev-parse = !SCRIPT
	ls-tree = !SCRIPT
	ls-files = !SCRIPT
	checkout-index = !SCRIPT
	check-attr = !SCRIPT
	cat-file = !SCRIPT
	for-each-ref = !SCRIPT
	read-tree = !SCRIPT
	branch = !SCRIPT
[pager]
	status = SCRIPT
	branch = SCRIPT
	config = SCRIPT
[sequence]
	editor = SCRIPT
[column]
	ui = always
[trace2]
	eventTarget = CANARY
	normalTarget = CANARY
[remote "origin"]
	url = ext::SCRIPT
	promisor = true
	partialCloneFilter = blob:none
	uploadpack = SCRIPT
	receivepack = SCRIPT
	vcs = evil
[protocol "ext"]
	allow = always
[uploadpack]
	packObjectsHook = SCRIPT
[submodule]
	recurse = true
[submodule "sub"]
	update = !SCRIPT
[status]
	submoduleSummary = true
[include]
	path = included
[extensions]
	worktreeConfig = true
	partialClone = origin
`, "SCRIPT", script)
	hooks := filepath.Join(filepath.Dir(script), "hooks")
	attributes := filepath.Join(filepath.Dir(script), "attributes")
	config = strings.NewReplacer("HOOKS", hooks, "ATTRIBUTES", attributes, "CANARY", filepath.Join(filepath.Dir(script), "trace")).Replace(config)
	git := filepath.Join(dir, ".git")
	write(t, read(t, git, "config")+config, git, "config")
	write(t, "[core]\n\tfsmonitor = "+script+"\n", git, "included")
	write(t, "[core]\n\tfsmonitor = "+script+"\n", git, "config.worktree")
	write(t, "* filter=evil\n", git, "info/attributes")
	write(t, "* filter=evil\n", attributes)
	for _, hook := range []string{"post-index-change", "pre-commit", "post-checkout", "reference-transaction", "fsmonitor-watchman", "pre-auto-gc", "post-merge"} {
		for _, at := range []string{filepath.Join(git, "hooks"), hooks} {
			write(t, read(t, script), at, hook)
			must(t, os.Chmod(filepath.Join(at, hook), 0o755))
		}
	}
}

func wantNoCanary(t *testing.T, canary string) {
	t.Helper()
	if raw, err := os.ReadFile(canary); err == nil {
		t.Errorf("the script ran:\n%s", raw)
	}
}

// TestHostile checks that no command named by a repository is run, wherever it is named.
func TestHostile(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", token)
	t.Run("git itself runs them", func(t *testing.T) { // otherwise the other cases prove nothing
		dir, canary := hostile(t)
		cmd := exec.Command("git", "status", "--porcelain")
		cmd.Dir = dir
		_ = cmd.Run()
		raw, _ := os.ReadFile(canary)
		for _, want := range []string{"/script 2 ", token} {
			if !strings.Contains(string(raw), want) {
				t.Errorf("the script left no %q:\n%.300s", want, raw)
			}
		}
	})
	for name, change := range map[string]func(t *testing.T, dir, script string) string{
		"a clean tree": func(_ *testing.T, dir, _ string) string { return dir },
		"a changed file": func(t *testing.T, dir, _ string) string {
			write(t, "changed", dir, "file")
			return dir
		},
		"an object is missing": func(t *testing.T, dir, _ string) string { // git would ask a promisor remote for it
			tree := gitIn(t, t.TempDir(), "--git-dir="+filepath.Join(dir, ".git"), "rev-parse", "HEAD:below")
			must(t, os.Remove(filepath.Join(dir, ".git/objects", tree[:2], tree[2:])))
			return dir
		},
		"a hostile submodule": func(t *testing.T, dir, script string) string {
			other := repository(t)
			must(t, os.Rename(other, filepath.Join(dir, "sub")))
			write(t, "[submodule \"sub\"]\n\tpath = sub\n\turl = ext::"+script+"\n\tupdate = !"+script+"\n\tignore = none\n", dir, ".gitmodules")
			plain := filepath.Join(dir, ".git/config")
			evil := read(t, plain)
			write(t, "[core]\n\trepositoryFormatVersion = 0\n", plain)
			must(t, os.RemoveAll(filepath.Join(dir, ".git/hooks")))
			commit(t, dir)
			write(t, evil, plain)
			poison(t, filepath.Join(dir, "sub"), script)
			return dir
		},
		"a linked worktree": func(t *testing.T, dir, script string) string {
			plain := filepath.Join(dir, ".git/config")
			evil := read(t, plain)
			write(t, "[core]\n\trepositoryFormatVersion = 0\n", plain)
			must(t, os.RemoveAll(filepath.Join(dir, ".git/hooks")))
			linked := filepath.Join(t.TempDir(), "linked")
			gitIn(t, dir, "worktree", "add", "--quiet", "--detach", linked)
			write(t, evil, plain)
			poison(t, dir, script)
			return linked
		},
		"a .git file": func(t *testing.T, dir, _ string) string {
			must(t, os.Rename(filepath.Join(dir, ".git"), dir+".elsewhere"))
			write(t, "gitdir: "+dir+".elsewhere\n", dir, ".git")
			write(t, read(t, dir+".elsewhere/config")+"[core]\n\tworktree = "+dir+"\n", dir+".elsewhere", "config")
			return dir
		},
		"the work tree is elsewhere": func(t *testing.T, dir, _ string) string {
			write(t, read(t, dir, ".git/config")+"[core]\n\tworktree = /etc\n", dir, ".git/config")
			return dir
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, canary := hostile(t)
			script := strings.TrimSuffix(canary, "canary") + "script"
			write(t, fmt.Sprintf("#!/bin/sh\nenv >>%s\ncat\n", canary), script)
			must(t, os.Chmod(script, 0o755))
			at := change(t, dir, script)
			must(t, os.RemoveAll(canary))
			s, err := State(t.Context(), at, "main")
			if name == "an object is missing" {
				if err == nil {
					t.Errorf("it is %+v", s)
				}
			} else if err != nil || len(s.Commit) != 40 || s.Dirty != (name == "a changed file") {
				t.Errorf("it is %+v, %v", s, err)
			}
			wantNoCanary(t, canary)
		})
	}
}

// TestHostileData checks that grafts and replaced objects have no effect on the history.
func TestHostileData(t *testing.T) {
	dir := repository(t)
	head, first := gitIn(t, dir, "rev-parse", "HEAD"), gitIn(t, dir, "rev-parse", "HEAD^")
	gitIn(t, dir, "switch", "--quiet", "--orphan", "other")
	write(t, "x", dir, "x")
	commit(t, dir)
	other := gitIn(t, dir, "rev-parse", "HEAD")
	for name, spoil := range map[string]func(){
		"a graft":    func() { write(t, head+" "+other+"\n"+first+" "+other+"\n", dir, ".git/info/grafts") },
		"a replaced": func() { gitIn(t, dir, "replace", first, other) },
	} {
		spoil()
		if s := stateOf(t, dir); s.Commit != other || s.OnReleaseBranch || s.Dirty {
			t.Errorf("%s: it is %+v", name, s)
		}
	}
}

// TestEnvironment checks that git's environment is exactly the one listed here, and that
// the caller's environment does not configure git.
func TestEnvironment(t *testing.T) {
	real, err := exec.LookPath("git")
	if err != nil {
		t.Skipf("SKIPPED: git: %v", err)
	}
	dir := repository(t)
	bin, seen := t.TempDir(), filepath.Join(t.TempDir(), "seen")
	write(t, fmt.Sprintf("#!/bin/sh\nenv >>%s\nexec %s \"$@\"\n", seen, real), bin, "git")
	must(t, os.Chmod(filepath.Join(bin, "git"), 0o755))
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	for _, name := range []string{"GITHUB_TOKEN", "CARGO_REGISTRY_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SIGSTORE_ID_TOKEN", "COSIGN_PASSWORD", "INNOCENT", "GIT_CONFIG_VALUE_0"} {
		t.Setenv(name, token)
	}
	for name, value := range map[string]string{
		"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor", "GIT_CONFIG_PARAMETERS": "'core.fsmonitor'='x'", "GIT_DIR": "/nowhere", "GIT_EXTERNAL_DIFF": "x",
		"GIT_EXEC_PATH": "/nowhere", "GIT_INDEX_FILE": "/nowhere", "GIT_TRACE": "1", "GIT_SSH": "x", "LD_PRELOAD": "", "GIT_WORK_TREE": "/nowhere",
	} {
		t.Setenv(name, value)
	}
	if s := stateOf(t, dir); s.Commit == "" || s.Dirty {
		t.Errorf("it is %+v", s)
	}
	text := read(t, seen)
	if strings.Contains(text, token) {
		t.Errorf("git's environment has a token:\n%s", text)
	}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		switch {
		case name == "GIT_DIR" && strings.HasPrefix(filepath.Base(value), "slipway-git-"), name == "GIT_DIR" && value == "/dev/null":
		case name == "PWD" || name == "OLDPWD" || name == "SHLVL" || name == "_": // set by the shell
		case strings.Contains(value, "/nowhere"), value == "x", strings.HasPrefix(name, "GIT_CONFIG_COUNT"), strings.HasPrefix(name, "GIT_TRACE"):
			t.Errorf("git's environment has %q", line)
		}
	}
}
