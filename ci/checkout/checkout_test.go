package checkout

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"dagger/slipway/ci/plan"
)

// gitIn runs the machine's git without any user configuration.
func gitIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skipf("SKIPPED: git: %v", err)
	}
	cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"}, args...)...)
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, content string, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	must(t, os.MkdirAll(filepath.Dir(name), 0o755))
	must(t, os.WriteFile(name, []byte(content), 0o644))
}

// repository makes a repository with two commits on main.
func repository(t *testing.T, flags ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "repository")
	must(t, os.Mkdir(dir, 0o755))
	gitIn(t, dir, append([]string{"init", "--quiet", "--initial-branch=main"}, flags...)...)
	write(t, "one", dir, "file")
	commit(t, dir)
	write(t, "two", dir, "file")
	write(t, "*.ignored\n", dir, ".gitignore")
	write(t, "text\n", dir, "below", "text")
	commit(t, dir)
	return dir
}

func commit(t *testing.T, dir string) {
	t.Helper()
	gitIn(t, dir, "add", "--all")
	gitIn(t, dir, "commit", "--quiet", "--message=m")
}

func stateOf(t *testing.T, dir string) plan.Source {
	t.Helper()
	s, err := State(t.Context(), dir, "main")
	must(t, err)
	return s
}

// TestState checks the state of each kind of checkout.
func TestState(t *testing.T) {
	clean := repository(t)
	head := gitIn(t, clean, "rev-parse", "HEAD")
	main := plan.Source{Commit: head, Branch: "main", Branches: []string{"main"}, ReleaseBranch: "main", OnReleaseBranch: true}
	with := func(change func(*plan.Source)) plan.Source {
		s := main
		change(&s)
		return s
	}
	clone := func(t *testing.T, flags ...string) string {
		dir := filepath.Join(t.TempDir(), "clone")
		gitIn(t, clean, append(append([]string{"clone", "--quiet"}, flags...), "file://"+clean, dir)...)
		return dir
	}
	tests := map[string]struct {
		make func(*testing.T) string
		want plan.Source
	}{
		"a clean tree":       {func(*testing.T) string { return clean }, main},
		"a clone":            {func(t *testing.T) string { return clone(t) }, main},
		"a shallow clone":    {func(t *testing.T) string { return clone(t, "--depth=1") }, main},
		"packed refs":        {func(t *testing.T) string { d := clone(t); gitIn(t, d, "pack-refs", "--all"); return d }, main},
		"a branch":           {func(t *testing.T) string { d := clone(t); gitIn(t, d, "switch", "-qc", "x/y"); return d }, with(func(s *plan.Source) { s.Branch, s.Branches = "x/y", []string{"main", "x/y"} })},
		"detached":           {func(t *testing.T) string { d := clone(t); gitIn(t, d, "switch", "-q", "--detach"); return d }, with(func(s *plan.Source) { s.Branch = "" })},
		"only origin's main": {func(t *testing.T) string { d := clone(t); gitIn(t, d, "branch", "-qm", "x"); return d }, with(func(s *plan.Source) { s.Branch, s.Branches = "x", []string{"x"} })},
		"no main at all": {func(t *testing.T) string {
			d := clone(t)
			gitIn(t, d, "branch", "-qm", "x")
			gitIn(t, d, "remote", "remove", "origin")
			return d
		}, with(func(s *plan.Source) { s.Branch, s.Branches, s.OnReleaseBranch = "x", []string{"x"}, false })},
		"below main only": {func(t *testing.T) string {
			d := clone(t)
			gitIn(t, d, "branch", "-qm", "main/x")
			gitIn(t, d, "remote", "remove", "origin")
			return d
		}, with(func(s *plan.Source) { s.Branch, s.Branches, s.OnReleaseBranch = "main/x", []string{"main/x"}, false })},
		"a linked worktree": {func(t *testing.T) string {
			d := clone(t)
			gitIn(t, d, "worktree", "add", "-q", "-b", "w", "../linked")
			return filepath.Join(d, "../linked")
		}, with(func(s *plan.Source) { s.Branch, s.Branches = "w", []string{"main", "w"} })},
		"another git dir": {func(t *testing.T) string {
			at := filepath.Join(t.TempDir(), "g")
			d := clone(t, "--separate-git-dir="+at)
			gitIn(t, d, "config", "core.worktree", d)
			return d
		}, main},
		"ignored files": {func(t *testing.T) string {
			d := clone(t)
			write(t, "", d, "x.ignored")
			write(t, "/mine", d, ".git/info/exclude")
			write(t, "", d, "mine")
			return d
		}, main},
		"no commit":          {func(t *testing.T) string { d := t.TempDir(); gitIn(t, d, "init", "-q"); return d }, plan.Source{}},
		"no repository":      {func(t *testing.T) string { return t.TempDir() }, plan.Source{}},
		"below a repository": {func(t *testing.T) string { return filepath.Join(clean, "below") }, plan.Source{}},
		"a touched file":     {func(t *testing.T) string { d := clone(t); write(t, "two", d, "file"); return d }, main},
		"a changed file":     {func(t *testing.T) string { d := clone(t); write(t, "owt", d, "file"); return d }, with(dirty)},
		"a deleted file":     {func(t *testing.T) string { d := clone(t); must(t, os.Remove(filepath.Join(d, "file"))); return d }, with(dirty)},
		"a file more":        {func(t *testing.T) string { d := clone(t); write(t, "", d, "more"); return d }, with(dirty)},
		"a file more, staged": {func(t *testing.T) string {
			d := clone(t)
			write(t, "", d, "more")
			gitIn(t, d, "add", "more")
			return d
		}, with(dirty)},
		"another mode": {func(t *testing.T) string { d := clone(t); must(t, os.Chmod(filepath.Join(d, "file"), 0o755)); return d }, with(dirty)},
		"a link for a file": {func(t *testing.T) string {
			d := clone(t)
			must(t, os.Remove(filepath.Join(d, "file")))
			must(t, os.Symlink("/etc/passwd", filepath.Join(d, "file")))
			return d
		}, with(dirty)},
		"a FIFO for a file": {func(t *testing.T) string {
			d := clone(t)
			must(t, os.Remove(filepath.Join(d, "file")))
			must(t, syscall.Mkfifo(filepath.Join(d, "file"), 0o644))
			return d
		}, with(dirty)},
		"assumed unchanged": {func(t *testing.T) string {
			d := clone(t)
			gitIn(t, d, "update-index", "--assume-unchanged", "file")
			write(t, "owt", d, "file")
			return d
		}, with(dirty)},
		"the index's word for it": {func(t *testing.T) string { // same size and times, so git would trust the index
			d := clone(t)
			info, err := os.Stat(filepath.Join(d, "file"))
			must(t, err)
			write(t, "owt", d, "file")
			must(t, os.Chtimes(filepath.Join(d, "file"), info.ModTime(), info.ModTime()))
			gitIn(t, d, "config", "core.trustCtime", "false")
			return d
		}, with(dirty)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := stateOf(t, tt.make(t)); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("it is %+v, expected %+v", got, tt.want)
			}
		})
	}
}

func dirty(s *plan.Source) { s.Dirty = true }

// TestSHA256 checks that a repository with SHA-256 object names is read.
func TestSHA256(t *testing.T) {
	dir := repository(t, "--object-format=sha256")
	if s := stateOf(t, dir); len(s.Commit) != 64 || s.Dirty || !s.OnReleaseBranch {
		t.Errorf("it is %+v", s)
	}
}

// TestSubmodule checks that changes in a submodule, or another commit of it, make the
// workspace dirty.
func TestSubmodule(t *testing.T) {
	dir, other := repository(t), repository(t)
	gitIn(t, dir, "submodule", "--quiet", "add", "file://"+other, "sub/module")
	commit(t, dir)
	if s := stateOf(t, dir); s.Dirty {
		t.Errorf("clean: %+v", s)
	}
	write(t, "changed", dir, "sub/module/file")
	if s := stateOf(t, dir); !s.Dirty {
		t.Errorf("a changed file in it: %+v", s)
	}
	commit(t, filepath.Join(dir, "sub/module"))
	if s := stateOf(t, dir); !s.Dirty {
		t.Errorf("another commit of it: %+v", s)
	}
	clone := filepath.Join(t.TempDir(), "clone")
	gitIn(t, dir, "clone", "--quiet", dir, clone)
	if s := stateOf(t, clone); s.Dirty {
		t.Errorf("not checked out: %+v", s)
	}
	write(t, "", clone, "sub/module/file")
	if s := stateOf(t, clone); !s.Dirty {
		t.Errorf("files where it is not checked out: %+v", s)
	}
}

// TestRefused checks that a repository git cannot read is an error with the reason, never a
// checkout without a commit.
func TestRefused(t *testing.T) {
	tests := map[string]struct {
		spoil func(*testing.T, string)
		want  string
	}{
		"an object is missing": {func(t *testing.T, d string) {
			must(t, os.RemoveAll(filepath.Join(d, ".git/objects")))
			must(t, os.Mkdir(filepath.Join(d, ".git/objects"), 0o755))
		}, "not a git repository|bad object|missing|HEAD"},
		"HEAD is no ref": {func(t *testing.T, d string) { write(t, "ref: /etc/passwd\n", d, ".git/HEAD") }, "HEAD is neither a ref nor a commit"},
		"HEAD is a FIFO": {func(t *testing.T, d string) {
			must(t, os.Remove(filepath.Join(d, ".git/HEAD")))
			must(t, syscall.Mkfifo(filepath.Join(d, ".git/HEAD"), 0o644))
		}, "a FIFO"},
		"the configuration is a FIFO": {func(t *testing.T, d string) {
			must(t, os.Remove(filepath.Join(d, ".git/config")))
			must(t, syscall.Mkfifo(filepath.Join(d, ".git/config"), 0o644))
		}, "a FIFO"},
		"the configuration is broken": {func(t *testing.T, d string) { write(t, "[core\n", d, ".git/config") }, "bad config"},
		"a configuration of elsewhere": {func(t *testing.T, d string) {
			must(t, os.Remove(filepath.Join(d, ".git/config")))
			must(t, os.Symlink("/etc/passwd", filepath.Join(d, ".git/config")))
		}, "leads outside"},
		".git is an empty directory": {func(t *testing.T, d string) {
			must(t, os.RemoveAll(filepath.Join(d, ".git")))
			must(t, os.Mkdir(filepath.Join(d, ".git"), 0o755))
		}, "no such file"},
		".git is a link": {func(t *testing.T, d string) {
			must(t, os.Rename(filepath.Join(d, ".git"), d+".git"))
			must(t, os.Symlink(d+".git", filepath.Join(d, ".git")))
		}, "neither a directory nor a file"},
		".git is a FIFO": {func(t *testing.T, d string) {
			must(t, os.RemoveAll(filepath.Join(d, ".git")))
			must(t, syscall.Mkfifo(filepath.Join(d, ".git"), 0o644))
		}, "neither a directory nor a file"},
		".git names nothing": {func(t *testing.T, d string) {
			must(t, os.RemoveAll(filepath.Join(d, ".git")))
			write(t, "gitdir: /nowhere\n", d, ".git")
		}, "no such file"},
		"refs are elsewhere": {func(t *testing.T, d string) {
			gitIn(t, d, "config", "core.repositoryFormatVersion", "1")
			gitIn(t, d, "config", "extensions.refStorage", "files")
			write(t, strings.Replace(read(t, d, ".git/config"), "= files", "= reftable", 1), d, ".git/config")
		}, "git refs migrate"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := repository(t)
			tt.spoil(t, dir)
			s, err := State(t.Context(), dir, "main")
			if err == nil || !reflect.DeepEqual(s, plan.Source{}) {
				t.Fatalf("it is %+v, %v", s, err)
			}
			found := false
			for want := range strings.SplitSeq(tt.want, "|") {
				found = found || strings.Contains(err.Error(), want)
			}
			if !found || !strings.Contains(err.Error(), "asking git about") {
				t.Errorf("the error is %v, expected %q", err, tt.want)
			}
		})
	}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(path...))
	must(t, err)
	return string(raw)
}

// TestOwner checks that a repository of another user is refused with git's own message, and
// read if the user's configuration trusts it.
func TestOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root can give a repository to another owner")
	}
	for name, own := range map[string]string{"the directory": ".", "the git directory": ".git"} {
		t.Run(name, func(t *testing.T) {
			dir := repository(t)
			must(t, os.Chown(filepath.Join(dir, own), 65534, 65534))
			t.Setenv("HOME", t.TempDir())
			t.Setenv("XDG_CONFIG_HOME", "")
			t.Setenv("SUDO_UID", "")
			must(t, os.Unsetenv("SUDO_UID"))
			s, err := State(t.Context(), dir, "main")
			if err == nil || s.Commit != "" || !strings.Contains(err.Error(), "dubious ownership") || !strings.Contains(err.Error(), "safe.directory") {
				t.Fatalf("it is %+v, %v", s, err)
			}
			write(t, "[safe]\n\tdirectory = "+dir+"\n", os.Getenv("HOME"), ".gitconfig")
			if s := stateOf(t, dir); s.Commit == "" || s.Dirty {
				t.Errorf("it is %+v", s)
			}
		})
	}
}
