package cargo

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/quote"
)

// Dependencies by which a crate puts the commit into what it builds. Most are called by
// a build script; git-version and build-info are macros as well.
var commitCrates = []string{"build-info-build", "built", "git-version", "git2-version", "shadow-rs", "vergen", "vergen-git2", "vergen-gitcl", "vergen-gix"}

// askGit is text of a build script that asks git itself.
var askGit = regexp.MustCompile(`Command::new\(\s*"git"|"rev-parse"|git2::Repository|gix::(discover|open)|\.git/HEAD`)

// AskForCommit returns a finding for each crate that a build of c compiles and whose build
// script asks for the commit, where no setting of c gives it: the source is built without
// a git directory, so that such a script fails or finds nothing.
func (w *Workspace) AskForCommit(c *Crate) finding.List {
	if c.Settings.Commit {
		return nil
	}
	var list finding.List
	for _, m := range w.buildMembers(c) {
		if f, asks := w.asksForCommit(m); asks {
			f.Stops, f.Crate = finding.Nothing, m.Name
			f.Do = "set `commit = true` in [package.metadata.slipway] of crate " + c.Name + " to give it the commit"
			list = append(list, f)
		}
	}
	return list
}

// asksForCommit says where a crate asks, by its manifest or by its build script's text.
func (w *Workspace) asksForCommit(c *Crate) (finding.Finding, bool) {
	for _, d := range c.Deps {
		if d.Kind != Dev && slices.Contains(commitCrates, d.Name) {
			return finding.Finding{
				File: path.Join(c.Dir, "Cargo.toml"),
				What: "`" + d.Name + "` asks git for the commit, and a release is built without a git directory",
			}, true
		}
	}
	if c.BuildScript == "" {
		return finding.Finding{}, false
	}
	file := path.Join(c.Dir, c.BuildScript)
	text, err := fs.ReadFile(w.fsys, file)
	if err != nil {
		return finding.Finding{}, false // cargo says what is wrong with it
	}
	at := askGit.FindIndex(text)
	if at == nil {
		return finding.Finding{}, false
	}
	return finding.Finding{
		File: file, Line: 1 + strings.Count(string(text[:at[0]]), "\n"),
		What: "the build script asks git for the commit, and a release is built without a git directory",
	}, true
}

// checkCommitEnv returns an error for a name that no variable of a build can have: it would
// change what runs, and not just tell the commit.
func (s Settings) checkCommitEnv() error {
	for _, name := range s.CommitEnv {
		if !isVariable(name) {
			return fmt.Errorf("[package.metadata.slipway]: `commit-env` has %s: expected names of variables such as GIT_HASH, none that begins with CARGO or RUST and none that slipway sets", quote.Line(name))
		}
	}
	if len(s.CommitEnv) > 0 && !s.Commit {
		return errors.New("[package.metadata.slipway]: `commit-env` is there without `commit = true`, which it belongs to")
	}
	return nil
}

// reserved are variables that decide how a step runs.
var reserved = []string{"HOME", "LOGNAME", "PATH", "PWD", "SHELL", "SOURCE_DATE_EPOCH", "TMPDIR", "TZ", "USER"}

// isVariable reports whether a setting may name an environment variable so. What begins
// like a variable of the compiler, the loader or git would change more than it says.
func isVariable(name string) bool {
	for i, r := range name {
		if r != '_' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	for _, prefix := range []string{"CARGO", "RUST", "LC_", "LD_", "CC_", "AR_", "GIT_DIR", "GIT_CONFIG", "GIT_WORK_TREE", "GIT_INDEX", "GIT_OBJECT"} {
		if strings.HasPrefix(strings.ToUpper(name), prefix) {
			return false
		}
	}
	return name != "" && len(name) <= 100 && !slices.Contains(reserved, name)
}
