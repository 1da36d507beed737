// Package gittest runs git for tests, on repositories that they make.
package gittest

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Run runs git in dir and returns its output without spaces around it. It fails the test if git
// fails, and skips it if there is none. No configuration of the user or the machine has an effect,
// and no variable of git's own: where git itself runs the tests, in a hook or a rebase, they name
// the repository that it works on.
func Run(t testing.TB, dir string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skipf("SKIPPED: git: %v", err)
	}
	cmd := exec.Command("git", args...)
	own := slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "GIT_") })
	cmd.Dir, cmd.Env = dir, append(own, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// Repository copies a directory to a new one and commits all of it there, on the branch main. It
// returns the new directory.
func Repository(t testing.TB, from string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	Run(t, dir, "init", "--quiet", "--initial-branch=main")
	Run(t, dir, "add", "--all")
	Run(t, dir, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "--message=all")
	return dir
}
