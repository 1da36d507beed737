package checkout

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/notes"
)

var ofA = notes.Question{Crate: "a", Version: "1.2.0", Dir: "crates/a"}

// change commits a change to a file and returns the commit.
func change(t *testing.T, dir, name, message string) string {
	t.Helper()
	old, _ := os.ReadFile(filepath.Join(dir, name))
	write(t, string(old)+message+"\n", dir, name)
	gitIn(t, dir, "add", "--all")
	gitIn(t, dir, "commit", "--quiet", "--message="+message)
	return gitIn(t, dir, "rev-parse", "HEAD")
}

// history returns the history for q and the subjects of its commits.
func history(t *testing.T, dir string, q notes.Question) (notes.History, []string) {
	t.Helper()
	h, err := take(t, dir, Options{}).History(t.Context(), q)
	must(t, err)
	var subjects []string
	for _, c := range h.Commits {
		subject, _, _ := strings.Cut(c.Message, "\n")
		subjects = append(subjects, subject)
	}
	return h, subjects
}

func want(t *testing.T, got []string, wanted ...string) {
	t.Helper()
	if !slices.Equal(got, wanted) {
		t.Errorf("got the commits %q, want %q", got, wanted)
	}
}

// released makes a repository with commits to the crates a, b and ab, and a tag of a before
// most of them.
func released(t *testing.T, tag string) string {
	t.Helper()
	dir := repository(t)
	change(t, dir, "crates/a/file", "feat: before")
	gitIn(t, dir, "tag", "--annotate", "--message=m", tag)
	change(t, dir, "crates/a/file", "feat: one")
	change(t, dir, "crates/b/file", "feat: of b")
	change(t, dir, "crates/ab/file", "feat: of ab")
	change(t, dir, "crates/a/src/file", "fix: two\n\nBREAKING CHANGE: it breaks")
	return dir
}

// TestHistory checks that the commits since a crate's last tag are found under each name a
// tag can have.
func TestHistory(t *testing.T) {
	for _, tag := range []string{"a/v1.1.0", "a-v1.1.0", "a-1.1.0", "a@1.1.0", "v1.1.0", "1.1.0"} {
		t.Run(tag, func(t *testing.T) {
			dir := released(t, tag)
			h, subjects := history(t, dir, ofA)
			want(t, subjects, "fix: two", "feat: one")
			if head := gitIn(t, dir, "rev-parse", "HEAD"); h.Head != head || h.Commits[0].ID != head || h.Tag != tag || h.More || h.Cut {
				t.Errorf("got %+v", h)
			}
			if h.Commits[0].Message != "fix: two\n\nBREAKING CHANGE: it breaks\n" {
				t.Errorf("the message is %q", h.Commits[0].Message)
			}
		})
	}
}

// TestHistoryOfTags checks which tag counts: the one of an earlier version that is an
// ancestor of the commit, also after the release's own tag exists.
func TestHistoryOfTags(t *testing.T) {
	dir := released(t, "a/v1.1.0")
	gitIn(t, dir, "tag", "a/v1.2.0")
	gitIn(t, dir, "tag", "a/v1.3.0")
	gitIn(t, dir, "tag", "b/v1.1.5")
	gitIn(t, dir, "tag", "a/v1.1.9", "HEAD^{tree}")
	gitIn(t, dir, "tag", "a/v1.1.8", "HEAD:file")
	gitIn(t, dir, "checkout", "--quiet", "-b", "other", "HEAD~3")
	change(t, dir, "crates/a/file", "fix: elsewhere")
	gitIn(t, dir, "tag", "a/v1.1.1")
	gitIn(t, dir, "checkout", "--quiet", "main")
	h, subjects := history(t, dir, ofA)
	want(t, subjects, "fix: two", "feat: one")
	if h.Tag != "a/v1.1.0" {
		t.Errorf("since tag %q", h.Tag)
	}
	q := ofA
	q.Version = "1.0.0"
	h, subjects = history(t, dir, q)
	want(t, subjects, "fix: two", "feat: one", "feat: before")
	if h.Tag != "" || h.Cut {
		t.Errorf("got %+v", h)
	}
}

// TestHistoryOfMerges checks that merge commits are left out and the commits they merge are
// not.
func TestHistoryOfMerges(t *testing.T) {
	dir := released(t, "a/v1.1.0")
	gitIn(t, dir, "checkout", "--quiet", "-b", "other", "HEAD~1")
	change(t, dir, "crates/a/other", "fix: merged")
	gitIn(t, dir, "checkout", "--quiet", "main")
	gitIn(t, dir, "merge", "--quiet", "--no-ff", "--message=Merge", "other")
	_, subjects := history(t, dir, ofA)
	slices.Sort(subjects)
	want(t, subjects, "feat: one", "fix: merged", "fix: two")
}

// TestHistoryOfRoot checks that commits which touch only other crates do not count for a
// package at the root.
func TestHistoryOfRoot(t *testing.T) {
	dir := released(t, "v1.1.0")
	change(t, dir, "src/main.rs", "fix: of the root")
	_, subjects := history(t, dir, notes.Question{Crate: "root", Version: "1.2.0", Dir: ".", Without: []string{"crates/a", "crates/ab", "crates/b"}})
	want(t, subjects, "fix: of the root")
}

// TestHistoryOfShallowClones checks that a truncated history is reported, and that the
// oldest commit of a shallow clone is left out, because git cannot tell what it changed.
func TestHistoryOfShallowClones(t *testing.T) {
	dir := released(t, "a/v1.1.0")
	for depth, tt := range map[int]struct {
		tag  string
		cut  bool
		want []string
	}{
		1: {"", true, nil},
		4: {"", true, []string{"fix: two"}},
		5: {"a/v1.1.0", false, []string{"fix: two", "feat: one"}},
		9: {"a/v1.1.0", false, []string{"fix: two", "feat: one"}},
	} {
		clone := filepath.Join(t.TempDir(), "clone")
		gitIn(t, dir, "clone", "--quiet", fmt.Sprintf("--depth=%d", depth), "file://"+dir, clone)
		h, subjects := history(t, clone, ofA)
		if h.Tag != tt.tag || h.Cut != tt.cut || !slices.Equal(subjects, tt.want) {
			t.Errorf("depth %d: since tag %q, cut %t, %q; want %+v", depth, h.Tag, h.Cut, subjects, tt)
		}
	}
}

// TestHistoryBounds checks that a long history yields the newest commits and reports that
// there are more.
func TestHistoryBounds(t *testing.T) {
	dir := repository(t)
	gitIn(t, dir, "commit", "--quiet", "--allow-empty", "--message=feat: nothing") // changes no file
	if _, subjects := history(t, dir, notes.Question{Crate: "a", Version: "1.0.0", Dir: "."}); len(subjects) != 2 {
		t.Errorf("got %q", subjects)
	}
	var stream strings.Builder
	for i := range notes.MaxCommits + 5 {
		fmt.Fprintf(&stream, "commit refs/heads/many\ncommitter t <t@x.y> %d +0000\ndata 10\nfeat: %04d\nM 100644 inline crates/a/file\ndata 4\n%04d\n", 1_000_000_000+i, i, i)
	}
	write(t, stream.String(), dir, "..", "stream")
	gitIn(t, dir, "-c", "alias.import=!git fast-import --quiet < "+filepath.Join(dir, "..", "stream"), "import")
	gitIn(t, dir, "symbolic-ref", "HEAD", "refs/heads/many")
	h, subjects := history(t, dir, ofA)
	if len(subjects) != notes.MaxCommits || !h.More || subjects[0] != fmt.Sprintf("feat: %04d", notes.MaxCommits+4) {
		t.Errorf("%d commits, more %t, the first %q", len(subjects), h.More, subjects[:1])
	}
}

// TestHistoryOfNothing checks that having no repository or no commit is not an error.
func TestHistoryOfNothing(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	must(t, os.Mkdir(empty, 0o755))
	for range 2 {
		if h, err := take(t, empty, Options{}).History(t.Context(), ofA); err != nil || h.Head != "" {
			t.Errorf("got %+v, %v", h, err)
		}
		gitIn(t, empty, "init", "--quiet")
	}
}

// TestHistoryRunsNothing checks that the repository's own configuration has no effect.
func TestHistoryRunsNothing(t *testing.T) {
	dir := released(t, "a/v1.1.0")
	ran := filepath.Join(t.TempDir(), "ran")
	write(t, "[core]\n\tfsmonitor = touch "+ran+"\n\tpager = touch "+ran+"\n[log]\n\tshowSignature = true\n[gpg]\n\tprogram = touch "+ran+"\n[format]\n\tpretty = oneline\n[i18n]\n\tlogOutputEncoding = UTF-16\n[alias]\n\tlog = !touch "+ran+"\n", dir, ".git", "config")
	gitIn(t, t.TempDir(), "init", "--quiet") // git works
	_, subjects := history(t, dir, ofA)
	want(t, subjects, "fix: two", "feat: one")
	if _, err := os.Stat(ran); err == nil {
		t.Error("a command of the repository's ran")
	}
}

// TestHostileHistory checks that messages and names that look like options or patterns are
// treated as data.
func TestHostileHistory(t *testing.T) {
	dir := released(t, "a/v1.1.0")
	change(t, dir, "crates/a/:(top)*", "--all ;$(id)\n\n\x1b[2J")
	_, subjects := history(t, dir, ofA)
	want(t, subjects, "--all ;$(id)", "fix: two", "feat: one")
	q := ofA
	q.Dir = "crates/*"
	_, subjects = history(t, dir, q)
	want(t, subjects)
	q.Dir, q.Crate = "--all", "--all"
	_, subjects = history(t, dir, q)
	want(t, subjects)
}

// TestHistoryBelow checks that a workspace below a repository's root gets the history of
// its own crates, not of crates with the same path below the root.
func TestHistoryBelow(t *testing.T) {
	dir := released(t, "a/v1.1.0")
	change(t, dir, "libs/Cargo.toml", "feat: libs")
	change(t, dir, "libs/crates/a/file", "fix: of libs")
	change(t, dir, "libs/crates/a/b/file", "fix: of another crate in it")
	q := ofA
	q.Without = []string{"crates/a/b"}
	_, got := history(t, filepath.Join(dir, "libs"), q)
	want(t, got, "fix: of libs")
	q = notes.Question{Crate: "a", Version: "1.2.0", Dir: "."}
	_, got = history(t, filepath.Join(dir, "libs"), q)
	want(t, got, "fix: of another crate in it", "fix: of libs", "feat: libs")
}

// TestHistoryOtherForm checks that a tag that names no crate is the last one if its commit has the
// crate at that version, written or inherited, also below a repository's root.
func TestHistoryOtherForm(t *testing.T) {
	for _, root := range []string{"", "libs"} {
		for written, inherited := range map[string]string{`version = "1.1.0"`: "", "version.workspace = true": "[workspace.package]\nversion = \"1.1.0\"\n"} {
			dir := repository(t)
			change(t, dir, filepath.Join(root, "crates/a/file"), "feat: before")
			gitIn(t, dir, "tag", "a-v1.0.0")
			write(t, inherited, dir, root, "Cargo.toml")
			change(t, dir, filepath.Join(root, "crates/a/Cargo.toml"), "[package]\nname = \"a\"\n"+written)
			gitIn(t, dir, "tag", "v1.1.0")
			change(t, dir, filepath.Join(root, "crates/a/file"), "feat: after")
			gitIn(t, dir, "tag", "v1.1.5") // of another crate
			change(t, dir, filepath.Join(root, "crates/a/file"), "fix: after")
			q := ofA
			q.Others = []string{"b"}
			h, got := history(t, filepath.Join(dir, root), q)
			if want(t, got, "fix: after", "feat: after"); h.Tag != "v1.1.0" {
				t.Errorf("%q: the last tag is %q", written, h.Tag)
			}
			gitIn(t, dir, "tag", "--delete", "v1.1.0")
			if h, _ := history(t, filepath.Join(dir, root), q); h.Tag != "a-v1.0.0" {
				t.Errorf("%q: without it the last tag is %q", written, h.Tag)
			}
		}
	}
}
