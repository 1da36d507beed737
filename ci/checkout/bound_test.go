package checkout

import (
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// wantErrorWithin checks that a call returns an error within limit that contains every text
// in want.
func wantErrorWithin(t *testing.T, limit time.Duration, call func(context.Context) error, want ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	err := call(ctx)
	if err == nil {
		t.Fatal("there is no error")
	}
	for _, text := range want {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("it says %q, expected %q", err, text)
		}
	}
}

// nest makes levels of trees of ten identical entries each around an object, and returns
// the outermost tree.
func nest(t *testing.T, dir, mode, kind, object string, levels int) string {
	t.Helper()
	for range levels {
		var list strings.Builder
		for i := range 10 {
			fmt.Fprintf(&list, "%s %s %s\tt%d\n", mode, kind, object, i)
		}
		cmd := exec.Command("git", "mktree", "--missing")
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(list.String())
		out, err := cmd.Output()
		must(t, err)
		mode, kind, object = "040000", "tree", strings.TrimSpace(string(out))
	}
	return object
}

// TestNestedTrees checks that a small repository whose commit names more files than a
// machine has memory for is refused soon, even if the workspace is a sibling of the trees
// or the trees contain only directories.
func TestNestedTrees(t *testing.T) {
	for name, c := range map[string]struct {
		levels int
		empty  bool
		below  string
	}{
		"10^7 files":                       {levels: 7},
		"10^10 files":                      {levels: 10},
		"10^10 directories":                {levels: 10, empty: true},
		"10^10 files beside the workspace": {levels: 10, below: "crates"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := repository(t)
			blob := gitIn(t, dir, "rev-parse", "HEAD:file")
			write(t, "[workspace]\n", dir, "crates/Cargo.toml")
			write(t, "x", dir, "empty/x")
			commit(t, dir)
			mode, kind, leaf := "100644", "blob", blob
			if c.empty {
				mode, kind, leaf = "040000", "tree", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
				cmd := exec.Command("git", "mktree")
				cmd.Dir = dir
				must(t, cmd.Run())
			}
			tree := nest(t, dir, mode, kind, leaf, c.levels)
			crates := gitIn(t, dir, "rev-parse", "HEAD:crates")
			cmd := exec.Command("git", "mktree")
			cmd.Dir, cmd.Stdin = dir, strings.NewReader(fmt.Sprintf("040000 tree %s\tbomb\n040000 tree %s\tcrates\n", tree, crates))
			top, err := cmd.Output()
			must(t, err)
			head := gitIn(t, dir, "commit-tree", "-m", "bomb", strings.TrimSpace(string(top)))
			gitIn(t, dir, "update-ref", "refs/heads/main", head)
			wantErrorWithin(t, time.Minute, func(ctx context.Context) error {
				s, err := Take(ctx, filepath.Join(dir, c.below), Options{})
				if err == nil {
					_ = s.Close()
				}
				return err
			}, "it lists more than 1048576 files and directories")
		})
	}
}

// TestLimitsOfGit checks that git runs with limits on its memory and on the files it
// writes, and that the error says which limit was exceeded.
func TestLimitsOfGit(t *testing.T) {
	dir := repository(t)
	t.Run("are set", func(t *testing.T) {
		bin := t.TempDir()
		write(t, "#!/bin/sh\nsleep 0.5\nulimit -d\nulimit -f\nulimit -c\n", bin, "git")
		must(t, os.Chmod(filepath.Join(bin, "git"), 0o755))
		t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
		cmd, err := newCommand(t.Context(), userEnv())
		must(t, err)
		out, err := run(cmd)
		if want := "2097152\n1048576\n0\n"; err != nil || string(out) != want {
			t.Errorf("they are %q (%v), expected %q", out, err, want)
		}
	})
	at, err := find(t.Context(), dir)
	must(t, err)
	g, err := open(t.Context(), at)
	must(t, err)
	defer g.close()
	t.Run("a file", func(t *testing.T) {
		small := *g
		small.largest = 64
		_, err := small.ask(t.Context(), "read-tree", "HEAD")
		if err == nil || !strings.Contains(err.Error(), "it wrote a file of more than 64 bytes") {
			t.Errorf("it says %v", err)
		}
	})
	t.Run("an answer", func(t *testing.T) {
		var said error
		l := &limited{max: 8, records: 2, over: func(err error) { said = err }}
		_, _ = l.Write([]byte("a\x00b\x00"))
		if said != nil {
			t.Errorf("it says %v of as much as it may have", said)
		}
		if _, _ = l.Write([]byte("c\x00")); said == nil || !strings.Contains(said.Error(), "files and directories") {
			t.Errorf("it says %v of three records", said)
		}
		l = &limited{max: 8, records: 2, over: func(err error) { said = err }}
		said = nil
		if _, _ = io.Copy(l, strings.NewReader("123456789")); said == nil || !strings.Contains(said.Error(), "more than 8 bytes") || l.kept.Len() != 8 {
			t.Errorf("it says %v of nine bytes, and keeps %d", said, l.kept.Len())
		}
	})
	t.Run("memory", func(t *testing.T) {
		err := explain(&exitError{err: fmt.Errorf("exit status 128"), words: "fatal: Out of memory, malloc failed (tried to allocate 3000000001 bytes)"}, 1)
		if !strings.Contains(err.Error(), "needs more than 2147483648 bytes of memory") {
			t.Errorf("it says %v", err)
		}
		// git allocates the size that an object's header claims at once.
		huge := filepath.Join(g.own, "objects", "11", strings.Repeat("1", 38))
		must(t, os.MkdirAll(filepath.Dir(huge), 0o755))
		must(t, os.WriteFile(huge, deflated(t, "commit 3000000000\x00tree "), 0o644))
		_, err = g.ask(t.Context(), "cat-file", "commit", strings.Repeat("1", 40))
		if err == nil || !strings.Contains(err.Error(), "needs more than 2147483648 bytes of memory") {
			t.Errorf("it says %v", err)
		}
	})
}

// special lists files that git opens, and on which it would block if they were FIFOs.
var special = []string{
	".gitignore", ".gitattributes", ".gitmodules", "crates/.gitignore", "crates/.gitattributes", "new/.git/HEAD", "new/.git/commondir",
	".git/refs/heads/main", ".git/objects/info/alternates", ".git/objects/pack/multi-pack-index",
}

// TestWaitsForNoFIFO checks that git does not block on a FIFO until the timeout: either git
// does not open it, or the error names it.
func TestWaitsForNoFIFO(t *testing.T) {
	for _, name := range special {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := repository(t)
			write(t, "x", dir, "crates/x")
			commit(t, dir)
			write(t, "x", dir, "new/x")
			if strings.HasPrefix(name, "new/.git/") {
				for _, at := range []string{"objects", "refs"} {
					must(t, os.MkdirAll(filepath.Join(dir, "new/.git", at), 0o755))
				}
				write(t, "ref: refs/heads/main\n", dir, "new/.git/HEAD")
			}
			at := filepath.Join(dir, filepath.FromSlash(name))
			_ = os.Remove(at)
			must(t, unix.Mkfifo(at, 0o644))
			ctx, cancel := context.WithTimeout(t.Context(), 4*stall)
			defer cancel()
			begin := time.Now()
			s, err := Take(ctx, dir, Options{})
			took := time.Since(begin)
			if err == nil {
				err = s.Close()
				if took > stall {
					t.Errorf("it took %s", took)
				}
				t.Log("git does not open it")
			} else if took > 3*stall || !strings.Contains(err.Error(), fmt.Sprintf("%q", at)) {
				t.Errorf("after %s it says %q, expected the name of the FIFO", took, err)
			}
			if err != nil {
				t.Log(took, err)
			}
		})
	}
}

// deflated returns a loose object as git stores it.
func deflated(t *testing.T, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, err := w.Write([]byte(content))
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}
