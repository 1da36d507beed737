// Package act runs the workflows that slipway generates with act, as GitHub would.
package act

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/e2e/gotool"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/sigstore"
)

// Repository is a clone made from examples/workspace, whose workflows act runs on this
// machine as GitHub's runner would.
type Repository struct {
	act       string
	Source    string // the clone
	slipway   string // a stand-in for slipway's repository
	Artifacts string // where the stand-in actions keep uploaded artifacts
	Env       []string
	Secrets   []string // NAME=value
}

// New makes the repository, with the workflows that the command writes. It skips the test
// if act is not available.
func New(t *testing.T) *Repository {
	t.Helper()
	act, err := gotool.Command("github.com/nektos/act", "v0.2.89")
	if err != nil {
		t.Skipf("SKIPPED: no act: %v", err)
	}
	a := &Repository{act: act, Source: kit.Example(t), slipway: kit.Root, Artifacts: t.TempDir()}
	kit.Command{Args: []string{kit.Slipway, "workflows", "--slipway", kit.PinnedAction, "--write"}, Dir: a.Source}.Run(t).WantCode(t, 0)
	kit.Git(t, a.Source, "init", "--quiet", "--initial-branch", "main")
	kit.Git(t, a.Source, "add", "--all")
	kit.Git(t, a.Source, "commit", "--quiet", "--message", "a workspace")
	kit.Git(t, a.Source, "remote", "add", "origin", "https://github.com/acme/shims.git")
	return a
}

// UseBuilt replaces the action that compiles slipway by one that installs the command under
// test.
func (a *Repository) UseBuilt(t *testing.T) {
	t.Helper()
	a.slipway = t.TempDir()
	kit.Write(t, "name: stand-in for the action slipway\ndescription: The command that is built already\nruns:\n  using: composite\n  steps:\n"+
		"    - shell: bash\n      run: echo '"+filepath.Dir(kit.Slipway)+"' >>\"$GITHUB_PATH\"\n", a.slipway, ".github", "actions", "slipway", "action.yml")
}

// UseCache makes the workflows' steps use the lab's cache as the user's cache.
func (a *Repository) UseCache(t *testing.T, l *kit.Lab) {
	t.Helper()
	home := t.TempDir()
	kit.Check(t, os.Symlink(l.Cache, filepath.Join(home, "slipway")))
	out, err := exec.Command("go", "env", "GOCACHE").Output()
	kit.Check(t, err)
	a.Env = append(a.Env, "XDG_CACHE_HOME="+home, "GOCACHE="+strings.TrimSpace(string(out)), "_EXPERIMENTAL_DAGGER_RUNNER_HOST=")
}

// UsePrivate replaces the action that compiles slipway by one that installs the command
// under test, with additional arguments by subcommand that point it at local servers.
func (a *Repository) UsePrivate(t *testing.T, flags map[string][]string) {
	t.Helper()
	a.UseBuilt(t)
	bin := t.TempDir()
	var cases strings.Builder
	for verb, more := range flags {
		fmt.Fprintf(&cases, "%s) set -- \"$@\" '%s' ;;\n", verb, strings.Join(more, "' '"))
	}
	// act offers identity tokens to every job, GitHub only to those with the permission: the
	// jobs that sign.
	const deny = "case \" $verb $* \" in *\" dist \"*|*\" --dry-run=false --staged=\"*) ;; *) unset ACTIONS_ID_TOKEN_REQUEST_URL ACTIONS_ID_TOKEN_REQUEST_TOKEN ;; esac\n"
	script := "#!/bin/bash\nverb=$1\nshift\n" + deny + "case $verb in\n" + cases.String() + "esac\nexec '" + kit.Slipway + "' \"$verb\" \"$@\"\n"
	kit.Check(t, os.WriteFile(filepath.Join(bin, "slipway"), []byte(script), 0o755))
	action := filepath.Join(a.slipway, ".github", "actions", "slipway", "action.yml")
	kit.Write(t, strings.Replace(kit.Read(t, action), filepath.Dir(kit.Slipway), bin, 1), action)
}

// NewRunwasi returns a repository that claims to be runwasi's, uses the lab's cache, and
// is the one that sigstore.Head names.
func NewRunwasi(t *testing.T) *Repository {
	t.Helper()
	_, l := kit.Local(t)
	a := New(t)
	a.UseCache(t, l)
	kit.Git(t, a.Source, "remote", "set-url", "origin", "https://github.com/containerd/runwasi.git")
	sigstore.SetHead(t, a.Source)
	return a
}
