package checkout

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOtherRepository holds that a git directory that somebody else has made leads to the
// files of no other repository on this machine.
func TestOtherRepository(t *testing.T) {
	link := func(from ...string) func(*testing.T, string, string) {
		return func(t *testing.T, dir, private string) {
			for _, name := range from {
				at := filepath.Join(dir, ".git", name)
				must(t, os.RemoveAll(at))
				must(t, os.Symlink(filepath.Join(private, ".git", name), at))
			}
		}
	}
	file := func(format string) func(*testing.T, string, string) {
		return func(t *testing.T, dir, private string) {
			must(t, os.RemoveAll(filepath.Join(dir, ".git")))
			rel, err := filepath.Rel(dir, private)
			must(t, err)
			write(t, "gitdir: "+strings.NewReplacer("PRIVATE", private, "RELATIVE", rel).Replace(format)+"\n", dir, ".git")
		}
	}
	for name, tt := range map[string]struct {
		change func(t *testing.T, dir, private string)
		want   string
	}{
		"refs and objects":            {link("refs", "objects"), "is a link"},
		"refs":                        {link("refs"), "is a link"},
		"a ref":                       {link("refs/heads/main"), "is a link"},
		"packs":                       {link("objects/pack"), "is a link"},
		"refs, objects by alternates": {func(t *testing.T, dir, private string) { link("refs")(t, dir, private); borrow(t, dir, private) }, "is a link"},
		"objects, by their name": {func(t *testing.T, dir, private string) {
			borrow(t, dir, private)
			write(t, gitIn(t, private, "rev-parse", "HEAD")+"\n", dir, ".git/HEAD")
		}, "takes objects from"},
		"objects, by a relative name": {func(t *testing.T, dir, private string) {
			rel, err := filepath.Rel(filepath.Join(dir, ".git", "objects"), filepath.Join(private, ".git", "objects"))
			must(t, err)
			write(t, "\n"+rel+"\n", dir, ".git/objects/info/alternates")
		}, "takes objects from"},
		"a file .git":            {file("PRIVATE/.git"), "is not that of a worktree"},
		"a file .git, relative":  {file("RELATIVE/.git"), "is not that of a worktree"},
		"another's worktree":     {file("PRIVATE/.git/worktrees/linked"), "is not that of a worktree"},
		"another's submodule":    {file("PRIVATE/.git/modules/sub"), "is not that of a worktree"},
		"a worktree of its own":  {foreignCommon, "is a link"},
		"a link to another .git": {link(""), "neither a directory nor a file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, private := repository(t), repository(t)
			gitIn(t, private, "worktree", "add", "--quiet", "-b", "linked", filepath.Join(t.TempDir(), "linked"))
			gitIn(t, private, "submodule", "--quiet", "add", "file://"+repository(t), "sub")
			write(t, "secret", private, "secret.txt")
			commit(t, private)
			tt.change(t, dir, private)
			s, err := Take(t.Context(), dir, Options{})
			if err == nil {
				t.Errorf("it takes the source of %s", s.examined.commit)
				must(t, s.Close())
				return
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error does not say %q: %v", tt.want, err)
			}
		})
	}
}

// borrow has a repository take the objects of another.
func borrow(t *testing.T, dir, from string) {
	t.Helper()
	write(t, filepath.Join(from, ".git", "objects")+"\n", dir, ".git/objects/info/alternates")
}

// foreignCommon makes a checkout a linked worktree of a git directory that it brings and
// whose objects and refs are another's.
func foreignCommon(t *testing.T, dir, private string) {
	t.Helper()
	must(t, os.Rename(filepath.Join(dir, ".git"), filepath.Join(dir, "g")))
	for _, name := range []string{"refs", "objects"} {
		must(t, os.RemoveAll(filepath.Join(dir, "g", name)))
		must(t, os.Symlink(filepath.Join(private, ".git", name), filepath.Join(dir, "g", name)))
	}
	for name, content := range map[string]string{"HEAD": "ref: refs/heads/main", "commondir": "../..", "gitdir": filepath.Join(dir, ".git")} {
		write(t, content+"\n", dir, "g/worktrees/w", name)
	}
	write(t, "gitdir: g/worktrees/w\n", dir, ".git")
}

// TestAlternates holds that objects are borrowed from where whoever runs slipway says.
func TestAlternates(t *testing.T) {
	from := repository(t)
	dir := filepath.Join(t.TempDir(), "clone")
	gitIn(t, from, "clone", "--quiet", "--shared", from, dir)
	if _, err := State(t.Context(), dir, "main"); err == nil || !strings.Contains(err.Error(), "$"+alternatesVariable) {
		t.Errorf("it does not say how: %v", err)
	}
	t.Setenv(alternatesVariable, "/nowhere:"+filepath.Join(from, ".git", "objects"))
	if s := stateOf(t, dir); s.Commit != gitIn(t, from, "rev-parse", "HEAD") {
		t.Errorf("it is %+v", s)
	}
}

// TestNotLeftOut holds that an index cannot have a file of the commit come back that is not
// in the working tree, unless it has it as the commit does.
func TestNotLeftOut(t *testing.T) {
	dir := repository(t)
	write(t, "other", dir, "other")
	other := gitIn(t, dir, "hash-object", "-w", "other")
	must(t, os.Remove(filepath.Join(dir, "other")))
	must(t, os.Remove(filepath.Join(dir, "file")))
	for i, object := range []string{gitIn(t, dir, "rev-parse", "HEAD:file"), other} {
		gitIn(t, dir, "update-index", "--add", "--cacheinfo", fmt.Sprintf("100644,%s,file", object))
		gitIn(t, dir, "update-index", "--skip-worktree", "file")
		if s := stateOf(t, dir); s.Dirty != (i == 1) {
			t.Errorf("with object %s it is %+v", object, s)
		}
	}
}
