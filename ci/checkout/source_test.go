package checkout

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"dagger/slipway/ci/finding"
)

const secret = "canary-that-no-release-may-hold"

func take(t *testing.T, dir string, o Options) *Source {
	t.Helper()
	s, err := Take(t.Context(), dir, o)
	must(t, err)
	t.Cleanup(func() {
		must(t, s.Close())
		if _, err := os.Lstat(s.work); err == nil {
			t.Errorf("%q is still there", s.work)
		}
	})
	return s
}

// list returns a line for every file of a copy: name, mode, and content or link target.
func list(t *testing.T, dir string) []string {
	t.Helper()
	var lines []string
	must(t, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, name)
		if err != nil || e.IsDir() {
			return err
		}
		info, err := os.Lstat(name)
		must(t, err)
		what := "special"
		switch {
		case info.Mode().IsRegular():
			if info.Mode() != 0o644 && info.Mode() != 0o755 {
				t.Errorf("%s has mode %s", rel, info.Mode())
			}
			what = read(t, name)
			if info.Mode()&0o111 != 0 {
				what = "x:" + what
			}
		case info.Mode()&fs.ModeSymlink != 0:
			to, err := os.Readlink(name)
			must(t, err)
			what = "-> " + to
		}
		lines = append(lines, filepath.ToSlash(rel)+" "+strings.TrimSpace(what))
		return nil
	}))
	return lines
}

func wantList(t *testing.T, dir string, want ...string) {
	t.Helper()
	if got := list(t, dir); !slices.Equal(got, want) {
		t.Errorf("the source is\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// workspace makes a repository with every kind of tracked file, and returns its path and
// the expected source.
func workspace(t *testing.T) (string, []string) {
	t.Helper()
	dir := repository(t)
	write(t, "[workspace]\n", dir, "Cargo.toml")
	write(t, "*.ignored\n.env\n/target\n.venv\nlocal/\n*.pem\n", dir, ".gitignore")
	write(t, "run", dir, "run.sh")
	must(t, os.Chmod(filepath.Join(dir, "run.sh"), 0o700))
	write(t, "forced", dir, "kept.ignored")
	must(t, os.Symlink("file", filepath.Join(dir, "link")))
	must(t, os.Symlink("nowhere", filepath.Join(dir, "dangling")))
	must(t, os.Symlink("../outside", filepath.Join(dir, "below", "out")))
	gitIn(t, dir, "add", "--force", "kept.ignored")
	commit(t, dir)
	return dir, []string{
		".gitignore *.ignored\n.env\n/target\n.venv\nlocal/\n*.pem", "Cargo.toml [workspace]", "below/out -> ../outside", "below/text text",
		"dangling -> nowhere", "file two", "kept.ignored forced", "link -> file", "run.sh x:run",
	}
}

// litter adds everything to a working directory that is not source.
func litter(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{".env", "key.pem", "local/key.pem", "a/b/local/deep", "notes.ignored", "target/release/app", "node_modules/m/index.js", "below/node_modules/m/x", ".git/info/mine"} {
		write(t, secret, dir, name)
	}
	write(t, "/excluded\n", dir, ".git/info/exclude")
	write(t, secret, dir, "excluded")
	must(t, os.Symlink("/usr/bin/python3", filepath.Join(dir, ".venv")))
	must(t, os.Symlink(".env", filepath.Join(dir, "to-secret.ignored")))
	must(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644))
	nested := filepath.Join(dir, "nested")
	must(t, os.Mkdir(nested, 0o755))
	gitIn(t, nested, "init", "--quiet")
	write(t, secret, nested, "file")
	must(t, os.Rename(repository(t), filepath.Join(dir, "vendored")))
}

// TestSourceOfCommit checks that a clean checkout's source is the commit's tree, whatever
// else is in the directory.
func TestSourceOfCommit(t *testing.T) {
	dir, want := workspace(t)
	for _, o := range []Options{{}, {Upload: true}} {
		wantList(t, take(t, dir, o).Dir, want...)
	}
	litter(t, dir)
	for _, o := range []Options{{}, {Upload: true}} {
		s := take(t, dir, o)
		wantList(t, s.Dir, want...)
		if state, err := s.State(t.Context(), "main"); err != nil || state.Dirty || len(state.Commit) != 40 || !state.OnReleaseBranch || len(state.Findings()) > 0 {
			t.Errorf("the state is %+v, %v", state, err)
		}
	}
	t.Run("another mask", func(t *testing.T) {
		old := syscall.Umask(0o077)
		defer syscall.Umask(old)
		wantList(t, take(t, dir, Options{}).Dir, want...)
	})
}

// TestSourceOfForms checks the same for each form of checkout.
func TestSourceOfForms(t *testing.T) {
	dir, want := workspace(t)
	for name, make := range map[string]func(t *testing.T, d string){
		"a clone":           func(t *testing.T, d string) { gitIn(t, dir, "clone", "--quiet", "file://"+dir, d) },
		"a shallow clone":   func(t *testing.T, d string) { gitIn(t, dir, "clone", "--quiet", "--depth=1", "file://"+dir, d) },
		"a linked worktree": func(t *testing.T, d string) { gitIn(t, dir, "worktree", "add", "--quiet", "--detach", d) },
		"a sparse checkout": func(t *testing.T, d string) {
			gitIn(t, dir, "clone", "--quiet", "--sparse", "file://"+dir, d)
			gitIn(t, d, "sparse-checkout", "set", "--no-cone", "/Cargo.toml")
		},
		"a sparse index": func(t *testing.T, d string) {
			gitIn(t, dir, "clone", "--quiet", "--sparse", "file://"+dir, d)
			gitIn(t, d, "sparse-checkout", "set", "--cone", "--sparse-index")
		},
		"a split index": func(t *testing.T, d string) {
			gitIn(t, dir, "clone", "--quiet", "file://"+dir, d)
			gitIn(t, d, "update-index", "--split-index")
		},
		"through a link": func(t *testing.T, d string) {
			gitIn(t, dir, "clone", "--quiet", "file://"+dir, d+".real")
			must(t, os.Symlink(d+".real", d))
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := filepath.Join(t.TempDir(), "checkout")
			make(t, d)
			s := take(t, d, Options{})
			wantList(t, s.Dir, want...)
			if state, err := s.State(t.Context(), "main"); err != nil || state.Dirty || len(state.Commit) != 40 {
				t.Errorf("the state is %+v, %v", state, err)
			}
		})
	}
}

// TestSourceOfChanges checks that the source of a dirty checkout is what git tracks or
// would track, with the content of the working tree.
func TestSourceOfChanges(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(t *testing.T, dir string)
		with   map[string]string // lines by file name, "" for a removed file
		clean  bool
	}{
		"a changed file":      {func(t *testing.T, d string) { write(t, "three", d, "file") }, map[string]string{"file": "three"}, false},
		"a deleted file":      {func(t *testing.T, d string) { must(t, os.Remove(filepath.Join(d, "file"))) }, map[string]string{"file": ""}, false},
		"a deleted directory": {func(t *testing.T, d string) { must(t, os.RemoveAll(filepath.Join(d, "below"))) }, map[string]string{"below/out": "", "below/text": ""}, false},
		"another mode":        {func(t *testing.T, d string) { must(t, os.Chmod(filepath.Join(d, "file"), 0o755)) }, map[string]string{"file": "x:two"}, false},
		"a new file":          {func(t *testing.T, d string) { write(t, "n", d, "new/er/file") }, map[string]string{"new/er/file": "n"}, false},
		"a name of any kind":  {func(t *testing.T, d string) { write(t, "n", d, "né\tw\n\"'[*]?") }, map[string]string{"né\tw\n\"'[*]?": "n"}, false},
		"a new file, staged":  {func(t *testing.T, d string) { write(t, "n", d, "new"); gitIn(t, d, "add", "new") }, map[string]string{"new": "n"}, false},
		"an ignored file, staged": {func(t *testing.T, d string) {
			write(t, "n", d, "new.ignored")
			gitIn(t, d, "add", "--force", "new.ignored")
		}, map[string]string{"new.ignored": "n"}, false},
		"an intent to add": {func(t *testing.T, d string) { write(t, "n", d, "new"); gitIn(t, d, "add", "--intent-to-add", "new") }, map[string]string{"new": "n"}, false},
		"a new link":       {func(t *testing.T, d string) { must(t, os.Symlink("/etc/passwd", filepath.Join(d, "new"))) }, map[string]string{"new": "-> /etc/passwd"}, false},
		"a link for a file": {func(t *testing.T, d string) {
			must(t, os.Remove(filepath.Join(d, "file")))
			must(t, os.Symlink("/etc/passwd", filepath.Join(d, "file")))
		}, map[string]string{"file": "-> /etc/passwd"}, false},
		"a FIFO for a file": {func(t *testing.T, d string) {
			must(t, os.Remove(filepath.Join(d, "file")))
			must(t, syscall.Mkfifo(filepath.Join(d, "file"), 0o644))
		}, map[string]string{"file": ""}, false},
		"a directory for a link": {func(t *testing.T, d string) {
			must(t, os.Remove(filepath.Join(d, "dangling")))
			write(t, "n", d, "dangling/file")
		}, map[string]string{"dangling": "", "dangling/file": "n"}, false},
		"a directory that a link leads away": {func(t *testing.T, d string) {
			elsewhere := t.TempDir()
			must(t, os.RemoveAll(filepath.Join(d, "below")))
			write(t, secret, elsewhere, "text")
			must(t, os.Symlink(elsewhere, filepath.Join(d, "below")))
		}, map[string]string{"below/out": "", "below/text": "", "below": "-> "}, false},
		"ignored no more": {func(t *testing.T, d string) {
			write(t, "", d, ".gitignore")
			write(t, "n", d, "new.ignored")
		}, map[string]string{".gitignore": " ", "new.ignored": "n"}, false},
		"touched": {func(t *testing.T, d string) { write(t, "two", d, "file") }, nil, true},
		"assumed unchanged": {func(t *testing.T, d string) {
			gitIn(t, d, "update-index", "--assume-unchanged", "file")
			write(t, "three", d, "file")
		}, map[string]string{"file": "three"}, false},
		"taken from the index alone": {func(t *testing.T, d string) { gitIn(t, d, "rm", "--quiet", "--cached", "file") }, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir, base := workspace(t)
			want := map[string]string{}
			for _, line := range base {
				name, what, _ := strings.Cut(line, " ")
				want[name] = what
			}
			tt.change(t, dir)
			for name, what := range tt.with {
				if want[name] = strings.TrimPrefix(what, " "); what == "" {
					delete(want, name)
				}
			}
			s := take(t, dir, Options{})
			got := map[string]string{}
			for _, line := range list(t, s.Dir) {
				name, what, _ := strings.Cut(line, " ")
				if name == "below" {
					what = "-> "
				}
				got[name] = what
			}
			if !maps.Equal(got, want) {
				t.Errorf("the source is %q\nwant %q", got, want)
			}
			if state, err := s.State(t.Context(), "main"); err != nil || state.Dirty == tt.clean {
				t.Errorf("the state is %+v, %v", state, err)
			}
		})
	}
}

// TestSourceWithoutCommit checks the source if there is no commit, or the commit is
// unknown.
func TestSourceWithoutCommit(t *testing.T) {
	files := func(t *testing.T, d string) {
		write(t, "[workspace]", d, "Cargo.toml")
		write(t, "*.ignored\n", d, ".gitignore")
		write(t, "a", d, "src/a.rs")
		write(t, secret, d, "b.ignored")
		write(t, "made", d, "target/x")
		write(t, "kept", d, "crates/target/x")
		must(t, os.Symlink("src/a.rs", filepath.Join(d, "link")))
	}
	tracked := []string{".gitignore *.ignored", "Cargo.toml [workspace]", "crates/target/x kept", "link -> src/a.rs", "src/a.rs a"}
	t.Run("an unborn branch", func(t *testing.T) {
		d := t.TempDir()
		gitIn(t, d, "init", "--quiet")
		files(t, d)
		write(t, "forced", d, "c.ignored")
		gitIn(t, d, "add", "--force", "c.ignored")
		s := take(t, d, Options{})
		wantList(t, s.Dir, append([]string{tracked[0], tracked[1], "c.ignored forced"}, tracked[2:]...)...)
		if state, err := s.State(t.Context(), "main"); err != nil || state.Commit != "" || state.Dirty {
			t.Errorf("the state is %+v, %v", state, err)
		}
	})
	t.Run("no repository", func(t *testing.T) { // nothing is ignored
		d := t.TempDir()
		files(t, d)
		s := take(t, d, Options{})
		wantList(t, s.Dir, append([]string{tracked[0], tracked[1], "b.ignored " + secret}, tracked[2:]...)...)
	})
	t.Run("an ignored directory of a repository", func(t *testing.T) {
		outer := repository(t)
		write(t, "/scratch\n", outer, ".gitignore")
		d := filepath.Join(outer, "scratch")
		files(t, d)
		s := take(t, d, Options{})
		wantList(t, s.Dir, append([]string{tracked[0], tracked[1], "b.ignored " + secret}, tracked[2:]...)...)
		if state, err := s.State(t.Context(), "main"); err != nil || state.Commit != "" {
			t.Errorf("the state is %+v, %v", state, err)
		}
	})
	t.Run("an uploaded worktree", func(t *testing.T) { // its git directory is missing
		d := t.TempDir()
		files(t, d)
		write(t, "gitdir: /nowhere/.git/worktrees/x\n", d, ".git")
		s := take(t, d, Options{Upload: true})
		wantList(t, s.Dir, tracked...)
		state, err := s.State(t.Context(), "main")
		if err != nil || state.Commit != "" || len(state.Findings()) != 1 || !strings.Contains(state.Findings()[0].String(), "/nowhere/.git/worktrees/x") {
			t.Errorf("the state is %+v, %v", state, err)
		}
		if _, err := Take(t.Context(), d, Options{}); err == nil {
			t.Error("it is taken where nothing was uploaded")
		}
	})
	t.Run("nothing there", func(t *testing.T) {
		if _, err := Take(t.Context(), filepath.Join(t.TempDir(), "none"), Options{}); err == nil || !strings.Contains(err.Error(), "none") {
			t.Errorf("the error is %v", err)
		}
	})
}

// TestSourceUploaded checks that tracked files missing from an upload are taken from the
// commit.
func TestSourceUploaded(t *testing.T) {
	dir, want := workspace(t)
	for _, name := range []string{"target/kept", "web/node_modules/m/index.js"} {
		write(t, "tracked", dir, name)
		gitIn(t, dir, "add", "--force", name)
	}
	commit(t, dir)
	want = append(want, "target/kept tracked", "web/node_modules/m/index.js tracked")
	must(t, os.RemoveAll(filepath.Join(dir, "target")))
	must(t, os.RemoveAll(filepath.Join(dir, "web")))
	s := take(t, dir, Options{Upload: true})
	wantList(t, s.Dir, want...)
	if state, err := s.State(t.Context(), "main"); err != nil || state.Dirty {
		t.Errorf("the state is %+v, %v", state, err)
	}
	if state := stateOf(t, dir); !state.Dirty {
		t.Errorf("deleted: %+v", state)
	}
}

// TestSourceBelow checks that a workspace below a repository's root uses the repository's
// git settings, and includes no file from outside the workspace.
func TestSourceBelow(t *testing.T) {
	outer := repository(t)
	write(t, "*.bat text eol=crlf\n", outer, ".gitattributes")
	write(t, "*.secret\n", outer, ".gitignore")
	write(t, "[workspace]", outer, "li*bs/Cargo.toml")
	write(t, "a\nb\n", outer, "li*bs/x.bat")
	write(t, "beside", outer, "lixbs/file")
	commit(t, outer)
	gitIn(t, outer, "rm", "--quiet", "--cached", "li*bs/x.bat") // git writes it again, as in a clone
	gitIn(t, outer, "reset", "--quiet", "--hard")
	dir := filepath.Join(outer, "li*bs")
	write(t, secret, dir, "key.secret")
	want := []string{"Cargo.toml [workspace]", "x.bat a\r\nb"}
	s := take(t, dir, Options{})
	wantList(t, s.Dir, want...)
	state, err := s.State(t.Context(), "main")
	if head := gitIn(t, outer, "rev-parse", "HEAD"); err != nil || state.Commit != head || state.Directory != "li*bs" || state.Dirty || !state.OnReleaseBranch {
		t.Errorf("the state is %+v, %v", state, err)
	}
	write(t, "beside it", outer, "lixbs/file") // not part of the workspace
	if s := stateOf(t, dir); s.Dirty || s.Directory != "li*bs" {
		t.Errorf("with changes beside it the state is %+v", s)
	}
	write(t, "new", dir, "new")
	s = take(t, dir, Options{})
	wantList(t, s.Dir, want[0], "new new", want[1])
	if s := stateOf(t, dir); !s.Dirty {
		t.Errorf("with a new file the state is %+v", s)
	}
}

// TestSourceLineEnds checks that the same commit gives the same bytes, whatever line
// endings the user's configuration gives the working tree.
func TestSourceLineEnds(t *testing.T) {
	dir := repository(t)
	write(t, "* text=auto\n*.bat text eol=crlf\n", dir, ".gitattributes")
	write(t, "a\nb\n", dir, "x.txt")
	write(t, "a\nb\n", dir, "x.bat")
	commit(t, dir)
	clone := filepath.Join(t.TempDir(), "clone")
	gitIn(t, dir, "-c", "core.eol=crlf", "clone", "--quiet", "file://"+dir, clone)
	if got := read(t, clone, "x.txt"); got != "a\r\nb\r\n" {
		t.Fatalf("the clone has %q", got)
	}
	for _, d := range []string{dir, clone} {
		s := take(t, d, Options{})
		if txt, bat := read(t, s.Dir, "x.txt"), read(t, s.Dir, "x.bat"); txt != "a\nb\n" || bat != "a\r\nb\r\n" {
			t.Errorf("the source has %q and %q", txt, bat)
		}
	}
}

// TestSourceSubmodules checks that files of submodules are source, and that a submodule
// which is not checked out is reported.
func TestSourceSubmodules(t *testing.T) {
	dir, _ := workspace(t)
	other, third := repository(t), repository(t)
	gitIn(t, other, "submodule", "--quiet", "add", "file://"+third, "deeper")
	commit(t, other)
	gitIn(t, dir, "submodule", "--quiet", "add", "file://"+other, "sub/module")
	gitIn(t, dir, "submodule", "--quiet", "update", "--init", "--recursive")
	commit(t, dir)
	write(t, secret, dir, "sub/module/x.ignored")
	write(t, secret, dir, "sub/module/deeper/x.ignored")
	s := take(t, dir, Options{})
	if got := list(t, filepath.Join(s.Dir, "sub")); len(got) != 7 || !slices.Contains(got, "module/file two") || !slices.Contains(got, "module/deeper/below/text text") {
		t.Errorf("the submodule's source is %q", got)
	}
	if state, err := s.State(t.Context(), "main"); err != nil || state.Dirty || len(state.MissingSubmodules) > 0 {
		t.Errorf("the state is %+v, %v", state, err)
	}
	write(t, "three", dir, "sub/module/deeper/file")
	s = take(t, dir, Options{})
	if got := read(t, s.Dir, "sub/module/deeper/file"); got != "three" {
		t.Errorf("a changed file is %q", got)
	}
	if s := stateOf(t, dir); !s.Dirty {
		t.Errorf("with a changed file the state is %+v", s)
	}
	clone := filepath.Join(t.TempDir(), "clone")
	gitIn(t, dir, "clone", "--quiet", "file://"+dir, clone)
	s = take(t, clone, Options{})
	state, err := s.State(t.Context(), "main")
	if err != nil || state.Dirty || !slices.Equal(state.MissingSubmodules, []string{"sub/module"}) {
		t.Errorf("where it is not checked out the state is %+v, %v", state, err)
	}
	if err := state.Findings().Check("releasing", finding.Release); err == nil || !strings.Contains(err.Error(), "sub/module: the submodule is not checked out") {
		t.Errorf("a release says %v", err)
	}
	absent := &fs.PathError{Op: "stat", Path: "sub/module/a/Cargo.toml", Err: fs.ErrNotExist}
	if got := s.Explain(fmt.Errorf("reading manifest: %w", absent)); !strings.Contains(got.Error(), `the submodule "sub/module", which has it, is not checked out: run git submodule update --init --recursive`) {
		t.Errorf("of a file that it has: %v", got)
	}
	for _, other := range []error{nil, fs.ErrNotExist, &fs.PathError{Path: "sub/module/a", Err: fs.ErrPermission}} {
		if got := s.Explain(other); got != other {
			t.Errorf("of %v: %v", other, got)
		}
	}
	skipped := filepath.Join(t.TempDir(), "skipped")
	gitIn(t, dir, "clone", "--quiet", "file://"+dir, skipped)
	gitIn(t, skipped, "config", "--file", ".gitmodules", "submodule.sub/module.update", "none")
	commit(t, skipped)
	gitIn(t, skipped, "submodule", "--quiet", "update", "--init", "--recursive") // does nothing
	if s := stateOf(t, skipped); len(s.MissingSubmodules) > 0 || !slices.Equal(s.SkippedSubmodules, []string{"sub/module"}) || len(s.Findings().Stopping(finding.Release)) > 0 {
		t.Errorf("where the repository has it not checked out the state is %+v", s)
	}
	gitIn(t, clone, "submodule", "--quiet", "update", "--init") // without --recursive: nested submodules stay missing
	if s := stateOf(t, clone); !slices.Equal(s.MissingSubmodules, []string{"sub/module/deeper"}) {
		t.Errorf("with one in it that is not the state is %+v", s)
	}
	must(t, os.RemoveAll(filepath.Join(clone, "sub/module")))
	must(t, os.Symlink(third, filepath.Join(clone, "sub/module")))
	if s := stateOf(t, clone); !s.Dirty || len(s.MissingSubmodules) != 1 {
		t.Errorf("with a link in its place the state is %+v", s)
	}
}

// TestSourceLFS checks that a file with the content its Git LFS pointer stands for is not a
// change, that any other content is, and that a pointer without its content is reported.
func TestSourceLFS(t *testing.T) {
	dir, _ := workspace(t)
	content := strings.Repeat("large", 1000)
	pointer := fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%x\nsize %d\n", sha256.Sum256([]byte(content)), len(content))
	write(t, "*.bin filter=lfs diff=lfs merge=lfs -text\n", dir, ".gitattributes")
	write(t, pointer, dir, "assets/a.bin")
	write(t, pointer, dir, "fixture.txt") // looks like a pointer, but has no lfs filter
	commit(t, dir)
	s := take(t, dir, Options{})
	state, err := s.State(t.Context(), "main")
	if err != nil || state.Dirty || !slices.Equal(state.LFSPointers, []string{"assets/a.bin"}) {
		t.Errorf("without the content the state is %+v, %v", state, err)
	}
	if err := state.Findings().Check("releasing", finding.Release); err == nil || !strings.Contains(err.Error(), "assets/a.bin: it is a Git LFS pointer") {
		t.Errorf("a release says %v", err)
	}
	write(t, content, dir, "assets/a.bin")
	s = take(t, dir, Options{})
	state, err = s.State(t.Context(), "main")
	if err != nil || state.Dirty || len(state.LFSPointers) > 0 || read(t, s.Dir, "assets/a.bin") != content {
		t.Errorf("with the content the state is %+v, %v", state, err)
	}
	for _, other := range []string{content + "x", strings.Replace(content, "l", "L", 1), ""} {
		write(t, other, dir, "assets/a.bin")
		if s := stateOf(t, dir); !s.Dirty {
			t.Errorf("with %d other bytes the state is %+v", len(other), s)
		}
	}
}

// TestSourceNothingRuns checks that copying runs no command named by a repository.
func TestSourceNothingRuns(t *testing.T) {
	dir, canary := hostile(t)
	must(t, os.RemoveAll(canary))
	s := take(t, dir, Options{})
	wantNoCanary(t, canary)
	if got := read(t, s.Dir, "file"); got != "two" {
		t.Errorf("the file is %q", got)
	}
	write(t, "changed", dir, "file")
	write(t, "new", dir, "new")
	s = take(t, dir, Options{Upload: true})
	wantNoCanary(t, canary)
	if got := read(t, s.Dir, "file") + read(t, s.Dir, "new"); got != "changednew" {
		t.Errorf("the files are %q", got)
	}
}

// TestSourceOfUser checks that files ignored only by the user's own configuration are
// source, so that every clone gives the same answer.
func TestSourceOfUser(t *testing.T) {
	dir, _ := workspace(t)
	home := t.TempDir()
	write(t, "[core]\n\texcludesFile = "+home+"/ignore\n\tattributesFile = "+home+"/attributes\n\tautoCRLF = true\n", home, ".gitconfig")
	write(t, "new\n", home, "ignore")
	write(t, "* text eol=crlf\n", home, "attributes")
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", home)
	write(t, "n\n", dir, "new")
	s := take(t, dir, Options{})
	if got := read(t, s.Dir, "new") + read(t, s.Dir, "below", "text"); got != "n\ntext\n" {
		t.Errorf("the files are %q", got)
	}
}

// TestWorktreeOfAnother checks that a checkout which is not a linked worktree of a
// repository cannot select among its objects.
func TestWorktreeOfAnother(t *testing.T) {
	private, dir := repository(t), repository(t)
	write(t, filepath.Join(private, ".git")+"\n", dir, ".git/commondir")
	write(t, gitIn(t, private, "rev-parse", "HEAD")+"\n", dir, ".git/HEAD")
	if s, err := Take(t.Context(), dir, Options{}); err == nil || !strings.Contains(err.Error(), "not a linked worktree") {
		t.Errorf("it is taken: %+v, %v", s, err)
	}
}
