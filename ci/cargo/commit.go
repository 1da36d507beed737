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

// commitCrates are the dependencies with which a crate embeds the commit in what it builds. Most
// are called from a build script; git-version and build-info also work as macros.
var commitCrates = []string{"build-info-build", "built", "git-version", "git2-version", "shadow-rs", "vergen", "vergen-git2", "vergen-gitcl", "vergen-gix"}

// askGit matches the text of a build script that asks git directly.
var askGit = regexp.MustCompile(`Command::new\(\s*"git"|"rev-parse"|git2::Repository|gix::(discover|open)|\.git/HEAD`)

// AskForCommit returns a note for each crate that a build of c compiles and that asks git for the
// commit, unless c's setting `commit` provides it. Releases are built without a git directory,
// where such a build fails or finds no commit.
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

// asksForCommit reports whether a crate asks git for the commit, and where: through a dependency
// in its manifest or in its build script.
func (w *Workspace) asksForCommit(c *Crate) (finding.Finding, bool) {
	for _, d := range c.Deps {
		if d.Kind != Dev && slices.Contains(commitCrates, d.Name) {
			return finding.Finding{
				File: path.Join(c.Dir, "Cargo.toml"),
				What: "`" + d.Name + "` asks git for the commit, but a release is built without a git directory",
			}, true
		}
	}
	if c.BuildScript == "" {
		return finding.Finding{}, false
	}
	file := path.Join(c.Dir, c.BuildScript)
	text, err := fs.ReadFile(w.fsys, file)
	if err != nil {
		return finding.Finding{}, false // cargo reports what is wrong with it
	}
	at := askGit.FindIndex(text)
	if at == nil {
		return finding.Finding{}, false
	}
	return finding.Finding{
		File: file, Line: 1 + strings.Count(string(text[:at[0]]), "\n"),
		What: "the build script asks git for the commit, but a release is built without a git directory",
	}, true
}

// checkCommitEnv returns an error if `commit-env` names a variable that would change what runs
// instead of only carrying the commit.
func (s Settings) checkCommitEnv() error {
	for _, name := range s.CommitEnv {
		if !isVariable(name) {
			return fmt.Errorf("[package.metadata.slipway]: `commit-env` has %s: expected variable names such as GIT_HASH, not beginning with CARGO or RUST and not set by slipway", quote.Line(name))
		}
	}
	if len(s.CommitEnv) > 0 && !s.Commit {
		return errors.New("[package.metadata.slipway]: `commit-env` is set without `commit = true`, which it requires")
	}
	return nil
}

// reserved are variables that determine how a step runs.
var reserved = []string{"HOME", "LOGNAME", "PATH", "PWD", "SHELL", "SOURCE_DATE_EPOCH", "TMPDIR", "TZ", "USER"}

// isVariable reports whether `commit-env` may use the name. Variables of cargo, the compiler, the
// loader or git are excluded because they change how the build runs.
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
