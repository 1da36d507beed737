package checkout

import (
	"fmt"
	"regexp"
)

// CommandFiles and CommandDirs are what a git directory may hold that names a command for
// git to run, or another place that does (gitrepository-layout(5)): where git has to be
// run in the directory itself, they are taken out of it first.
var (
	CommandFiles = []string{"config", "config.worktree", "commondir", "gitdir", "info/attributes", "info/grafts", "objects/info/alternates"}
	CommandDirs  = []string{"hooks", "modules", "worktrees", "refs/replace", "objects/info/commit-graphs"}
)

var sha256Line = regexp.MustCompile(`(?mi)^\s*objectformat\s*=\s*"?sha256"?\s*$`)

// Configuration is what takes the place of a repository's own configuration, of which the
// format of the objects alone is kept.
func Configuration(theirs string) string {
	ours := fmt.Sprintf(config, true)
	if sha256Line.MatchString(theirs) {
		ours += sha256
	}
	return ours
}
