package gitref

import (
	"os/exec"
	"strings"
	"testing"
)

func TestCheckBranchAccepts(t *testing.T) {
	for _, name := range accepted {
		if err := CheckBranch(name); err != nil {
			t.Errorf("CheckBranch(%q): %v", name, err)
		}
	}
}

var accepted = []string{
	"main", "master", "release/1.x", "a.b", "feature/x-y_z", "x.locked", "lock", "a@b", "user@/x", "@x", "{x}", "x@",
	"HEADER", "my_HEAD", "head", "pulls/1", "1/merged", "refsx/heads", "dependabot/npm_and_yarn/@types/node-20", "#123", "a'b", "$(id)", "a;b",
	"containerd-shim-wasm/v1.0.0", "d\u00e9j\u00e0", "\u4e3b", strings.Repeat("a", 39), strings.Repeat("a", 41), strings.Repeat("a", 200),
}

func TestCheckBranchRefuses(t *testing.T) {
	for _, tt := range refused {
		t.Run(tt.name, func(t *testing.T) {
			err := CheckBranch(tt.in)
			if err == nil {
				t.Fatalf("CheckBranch(%q) accepts it", tt.in)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q does not say %q", err, tt.want)
			}
			if !strings.HasPrefix(err.Error(), `checking branch "`) || !strings.HasSuffix(err.Error(), "give the name of a branch, like main") {
				t.Errorf("error %q names no input or no next move", err)
			}
			checkOneLine(t, err)
		})
	}
}

var refused = []struct {
	name, in, want string
}{
	{"empty", "", "it is empty"},
	{"ends in .lock", "x.lock", "no part of a ref ends in .lock"},
	{"folder ends in .lock", "x.lock/y", "no part of a ref ends in .lock"},
	{"reflog", "@{", `a ref cannot hold "@{"`},
	{"previous branch", "@{-1}", `a ref cannot hold "@{"`},
	{"reflog of main", "main@{1}", `a ref cannot hold "@{"`},
	{"all of ~^:", "~^:", `a ref cannot hold a space or one of ~^:?*[\`},
	{"parent", "main~1", "a ref cannot hold a space or one of"},
	{"merge parent", "main^2", "a ref cannot hold a space or one of"},
	{"file in a tree", "main:Cargo.toml", "a ref cannot hold a space or one of"},
	{"question mark", "ma?n", "a ref cannot hold a space or one of"},
	{"star", "*", "a ref cannot hold a space or one of"},
	{"bracket", "[a]", "a ref cannot hold a space or one of"},
	{"backslash", `a\b`, "a ref cannot hold a space or one of"},
	{"space", "a b", "a ref cannot hold a space or one of"},
	{"force refspec", "+main:main", "a ref cannot hold a space or one of"},
	{"range", "a..b", `a ref cannot hold ".."`},
	{"parent folder", "../main", `a ref cannot hold ".."`},
	{"hidden", ".main", "no part of a ref begins with a dot"},
	{"hidden inside", "a/.b", "no part of a ref begins with a dot"},
	{"one dot", ".", "no part of a ref begins with a dot"},
	{"dot at the end", "main.", "a ref cannot end in a dot"},
	{"slash first", "/main", "a ref cannot begin or end with a slash"},
	{"slash last", "main/", "a ref cannot begin or end with a slash"},
	{"only a slash", "/", "a ref cannot begin or end with a slash"},
	{"two slashes", "a//b", "a ref cannot have an empty part"},
	{"option", "-x", "git takes a leading - for an option"},
	{"end of options", "--", "git takes a leading - for an option"},
	{"command option", "--upload-pack=id", "git takes a leading - for an option"},
	{"newline", "main\n", "control or invisible"},
	{"workflow command", "x\n::add-mask::1", "a ref cannot hold a space or one of"},
	{"old workflow command", "##[add-mask]1", "a ref cannot hold a space or one of"},
	{"NUL", "main\x00", "control or invisible"},
	{"DEL", "main\x7f", "control or invisible"},
	{"terminal escape", "\x1b]0;x", "control or invisible"},
	{"right-to-left override", "main\u202e", "control or invisible"},
	{"zero-width space", "ma\u200bin", "control or invisible"},
	{"no-break space", "ma\u00a0in", "control or invisible"},
	{"invalid UTF-8", "main\xff", "it is not UTF-8"},
	{"pull request, merged", "refs/pull/1/merge", "a pull request is not on any branch"},
	{"pull request, head", "refs/pull/1/head", "a pull request is not on any branch"},
	{"pull request, as git fetches it", "pull/1/head", "a pull request is not on any branch"},
	{"pull request, as GITHUB_REF_NAME", "1/merge", "a pull request is not on any branch"},
	{"full ref", "refs/heads/main", "a branch goes without refs/heads/"},
	{"tag ref", "refs/tags/x/v1.0.0", "a branch goes without refs/heads/"},
	{"short tag ref", "tags/x/v1.0.0", "outside the branches first"},
	{"short branch ref", "heads/main", "outside the branches first"},
	{"remote", "remotes/origin/main", "outside the branches first"},
	{"HEAD", "HEAD", "git has its own ref"},
	{"at", "@", "git has its own ref"},
	{"FETCH_HEAD", "FETCH_HEAD", "git has its own ref"},
	{"CHERRY_PICK_HEAD", "CHERRY_PICK_HEAD", "git has its own ref"},
	{"AUTO_MERGE", "AUTO_MERGE", "git has its own ref"},
	{"commit id", strings.Repeat("a1", 20), "git takes it for a commit"},
	{"SHA-256 commit id", strings.Repeat("a1", 32), "git takes it for a commit"},
	{"one byte too long", strings.Repeat("a", 256), "it is over 255 bytes long"},
	{"10 MB", strings.Repeat("a", 10<<20), "it is over 255 bytes long"},
}

// FuzzCheckBranch checks that git accepts every name that CheckBranch accepts, and that errors
// can be printed.
func FuzzCheckBranch(f *testing.F) {
	git, err := exec.LookPath("git")
	if err != nil {
		f.Skip("git is not installed")
	}
	for _, name := range accepted {
		f.Add(name)
	}
	for _, tt := range refused {
		if len(tt.in) < 1<<10 {
			f.Add(tt.in)
		}
	}
	f.Fuzz(func(t *testing.T, name string) {
		if err := CheckBranch(name); err != nil {
			checkOneLine(t, err)
			return
		}
		if out, err := exec.Command(git, "check-ref-format", "--branch", name).CombinedOutput(); err != nil {
			t.Errorf("git refuses %q: %v: %s", name, err, out)
		}
	})
}

// checkOneLine fails the test unless err can be printed to a terminal or an Actions log.
func checkOneLine(t *testing.T, err error) {
	t.Helper()
	s := err.Error()
	control := func(r rune) bool { return r < ' ' || r > '~' }
	if len(s) > 400 || strings.Contains(s, "##[") || strings.IndexFunc(s, control) >= 0 {
		t.Errorf("error of %d bytes is not one short printable line: %.400q", len(s), s)
	}
}
