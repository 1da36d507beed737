package kit

import (
	"path/filepath"
	"strings"
	"testing"
)

// InitRepository makes a directory a git repository with one commit on a branch.
func InitRepository(t testing.TB, source, branch string) {
	t.Helper()
	Check(t, RemoveAll(filepath.Join(source, ".git")))
	Git(t, source, "init", "--quiet", "--initial-branch", branch)
	Git(t, source, "add", "--all")
	Git(t, source, "commit", "--quiet", "--message", "a commit")
}

func Git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	c := Command{Args: append([]string{"git", "-c", "user.name=e2e", "-c", "user.email=e2e@example.org", "-c", "commit.gpgSign=false"}, args...), Dir: dir}
	return strings.TrimSpace(c.Run(t).WantCode(t, 0).Stdout)
}
