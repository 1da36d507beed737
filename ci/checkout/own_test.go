package checkout

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestOtherRepository checks that a crafted git directory does not give access to the files
// of another repository on this machine.
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
		"a file .git":           {file("PRIVATE/.git"), "is not that of a worktree"},
		"a file .git, relative": {file("RELATIVE/.git"), "is not that of a worktree"},
		"another's worktree":    {file("PRIVATE/.git/worktrees/linked"), "is not that of a worktree"},
		"another's submodule":   {file("PRIVATE/.git/modules/sub"), "is not that of a worktree"},
		"another's submodule, through links": {func(t *testing.T, dir, private string) {
			// If resolved against the link instead of its target, the submodule's core.worktree
			// would lead back here.
			must(t, os.RemoveAll(filepath.Join(dir, ".git")))
			must(t, os.MkdirAll(filepath.Join(dir, "a", "b", "c"), 0o755))
			must(t, os.Symlink(filepath.Join(private, ".git/modules/sub"), filepath.Join(dir, "a/b/c/m")))
			must(t, os.Symlink("..", filepath.Join(dir, "a/sub")))
			write(t, "gitdir: a/b/c/m\n", dir, ".git")
		}, "is not that of a worktree"},
		"alternates of what git takes for a directory": {func(t *testing.T, dir, private string) {
			write(t, "\r\n", dir, ".git/objects/info/alternates")
			write(t, filepath.Join(private, ".git/objects")+"\n", dir, ".git/objects/\r/info/alternates")
			write(t, gitIn(t, private, "rev-parse", "HEAD")+"\n", dir, ".git/HEAD")
		}, "takes objects from"},
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

// borrow makes a repository use another one's objects.
func borrow(t *testing.T, dir, from string) {
	t.Helper()
	write(t, filepath.Join(from, ".git", "objects")+"\n", dir, ".git/objects/info/alternates")
}

// foreignCommon makes a checkout a linked worktree of a git directory inside it, whose
// objects and refs are links to another repository's.
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

// TestAlternates checks that objects are borrowed only from directories named by the user.
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

// TestNotLeftOut checks that an index entry marked skip-worktree hides a deleted file only
// if it agrees with the commit.
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

// TestGitSeesObjectsAlone checks that git sees loose objects and packs, and no file of an
// object directory that can refer to other directories.
func TestGitSeesObjectsAlone(t *testing.T) {
	dir := repository(t)
	gitIn(t, dir, "repack", "-adq", "--write-midx", "--write-bitmap-index")
	gitIn(t, dir, "commit-graph", "write", "--reachable")
	write(t, "three", dir, "file")
	commit(t, dir) // a loose object
	at, err := find(t.Context(), dir)
	must(t, err)
	g, err := open(t.Context(), at)
	must(t, err)
	defer func() { must(t, g.close()) }()
	seen := map[string]int{}
	must(t, filepath.WalkDir(filepath.Join(g.own, "objects"), func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.Type()&fs.ModeSymlink != 0 {
			form := filepath.Ext(name)
			if len(e.Name()) == 2 {
				form = "loose"
			}
			seen[form]++
		}
		return err
	}))
	if seen[".pack"] != 1 || seen[".idx"] != 1 || seen["loose"] == 0 || len(seen) != 3 {
		t.Errorf("git sees %v", seen)
	}
	if s := stateOf(t, dir); s.Commit == "" || s.Dirty {
		t.Errorf("it is %+v", s)
	}
}

// TestNoCommit checks that HEAD is resolved to a commit if it names a tag object.
func TestNoCommit(t *testing.T) {
	dir := repository(t)
	head := gitIn(t, dir, "rev-parse", "HEAD")
	gitIn(t, dir, "tag", "--annotate", "--message=m", "v1")
	write(t, gitIn(t, dir, "rev-parse", "v1")+"\n", dir, ".git/HEAD")
	if s := stateOf(t, dir); s.Commit != head {
		t.Errorf("it is %+v, expected commit %s", s, head)
	}
}

// TestIndexOfGitDirectory checks that an index cannot make files of the git directory part
// of the source.
func TestIndexOfGitDirectory(t *testing.T) {
	dir := repository(t)
	raw := []byte(read(t, dir, ".git/index"))
	at := bytes.Index(raw, []byte("below/text"))
	copy(raw[at:], ".GIT/index")
	sum := sha1.Sum(raw[:len(raw)-sha1.Size])
	write(t, string(raw[:len(raw)-sha1.Size])+string(sum[:]), dir, ".git/index")
	if s, err := State(t.Context(), dir, "main"); err == nil {
		t.Errorf("it is %+v", s)
	}
}

// TestSplitIndex checks that a split index is read, and that only its shared index is
// copied with it.
func TestSplitIndex(t *testing.T) {
	dir := repository(t)
	gitIn(t, dir, "update-index", "--split-index")
	write(t, "x.ignored", dir, "link.ignored")
	gitIn(t, dir, "add", "--force", "link.ignored")
	write(t, "x", dir, ".git/sharedindex."+strings.Repeat("a", 40))
	at, err := find(t.Context(), dir)
	must(t, err)
	g, err := open(t.Context(), at)
	must(t, err)
	defer func() { must(t, g.close()) }()
	var l listing
	must(t, g.readIndex(t.Context(), "", &l))
	if _, there := l.index["link.ignored"]; !there || len(l.index) != 4 {
		t.Errorf("the index has %v", l.index)
	}
	copied, err := filepath.Glob(filepath.Join(g.own, "sharedindex.*"))
	must(t, err)
	if len(copied) != 1 {
		t.Errorf("it copies %v", copied)
	}
}

// TestSparseSubmodule checks that a sparse submodule is recognised: its worktree is named
// in a second configuration file.
func TestSparseSubmodule(t *testing.T) {
	dir := repository(t)
	gitIn(t, dir, "submodule", "--quiet", "add", "file://"+repository(t), "sub")
	commit(t, dir)
	gitIn(t, filepath.Join(dir, "sub"), "sparse-checkout", "set", "--no-cone", "/file")
	if s := stateOf(t, dir); s.Dirty || s.Commit == "" {
		t.Errorf("it is %+v", s)
	}
}

// TestHugePointer checks that a file is not hashed to compare it with a pointer whose size
// is too large for a source.
func TestHugePointer(t *testing.T) {
	dir := repository(t)
	write(t, "huge filter=lfs\n", dir, ".gitattributes")
	const size = int64(4) << 40
	write(t, fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize %d\n", 0, size), dir, "huge")
	commit(t, dir)
	must(t, os.Truncate(filepath.Join(dir, "huge"), size))
	must(t, os.Chmod(filepath.Join(dir, "huge"), 0o755))
	begin := time.Now()
	_, err := State(t.Context(), dir, "main")
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("it took %s, and ends with %v", took, err)
	}
}
