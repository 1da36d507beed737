package checkout

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestForgedObjects checks that objects whose content does not match their names are never
// source. git reads them without complaint.
func TestForgedObjects(t *testing.T) {
	forge := func(kind, from, to string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			object := gitIn(t, dir, "rev-parse", from)
			at := filepath.Join(dir, ".git", "objects", object[:2], object[2:])
			content := to
			if kind != "blob" {
				content = rawObject(t, dir, kind, to)
			}
			must(t, os.Remove(at))
			must(t, os.WriteFile(at, deflated(t, fmt.Sprintf("%s %d\x00%s", kind, len(content), content)), 0o444))
		}
	}
	for name, change := range map[string]func(*testing.T, string){
		"a file":                    forge("blob", "HEAD:file", "evil"),
		"a file in a directory":     forge("blob", "HEAD:below/text", "evil content"),
		"a file of the same size":   forge("blob", "HEAD:file", "ows"),
		"a directory":               forge("tree", "HEAD:below", "HEAD^^{tree}"),
		"the root":                  forge("tree", "HEAD^{tree}", "HEAD^^{tree}"),
		"the commit, by another's":  forge("commit", "HEAD", "HEAD^"),
		"a file that is not there":  func(t *testing.T, dir string) { forge("blob", "HEAD:file", "evil")(t, dir); leaveOut(t, dir, "file") },
		"a file, below a directory": func(t *testing.T, dir string) { forge("blob", "HEAD:below/text", "evil")(t, dir) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := repository(t)
			change(t, dir)
			at := dir
			if strings.Contains(name, "below") {
				at = filepath.Join(dir, "below")
				write(t, "", at, "Cargo.toml")
			}
			s, err := Take(t.Context(), at, Options{})
			if err == nil {
				t.Errorf("it is source: %q", read(t, s.Dir, "file"))
				must(t, s.Close())
			} else if !strings.Contains(err.Error(), "do not match their names") && !strings.Contains(err.Error(), "hash mismatch") { // git's own message
				t.Errorf("the error does not say why: %v", err)
			}
		})
	}
}

// leaveOut marks a file as left out of a sparse checkout.
func leaveOut(t *testing.T, dir, name string) {
	t.Helper()
	gitIn(t, dir, "update-index", "--skip-worktree", name)
	must(t, os.Remove(filepath.Join(dir, name)))
}

// rawObject returns the exact content of an object.
func rawObject(t *testing.T, dir, kind, object string) string {
	t.Helper()
	at, err := find(t.Context(), dir)
	must(t, err)
	g, err := open(t.Context(), at)
	must(t, err)
	defer func() { must(t, g.close()) }()
	raw, err := g.output(t.Context(), "cat-file", kind, object)
	must(t, err)
	return string(raw)
}

// TestGenuine checks that content git converts on checkout is not mistaken for a forgery:
// line endings, links, modes, submodules, non-ASCII names.
func TestGenuine(t *testing.T) {
	dir := repository(t)
	write(t, "*.txt text eol=crlf\n*.bin -text\n", dir, ".gitattributes")
	write(t, "one\r\ntwo\r\n", dir, "lines.txt")
	write(t, "one\r\ntwo\n", dir, "lines.bin")
	write(t, "#!/bin/sh\n", dir, "größe/run")
	must(t, os.Chmod(filepath.Join(dir, "größe/run"), 0o755))
	must(t, os.Symlink("../file", filepath.Join(dir, "größe/link")))
	gitIn(t, dir, "submodule", "--quiet", "add", "file://"+repository(t), "sub")
	commit(t, dir)
	s, err := Take(t.Context(), dir, Options{})
	must(t, err)
	defer func() { must(t, s.Close()) }()
	for _, name := range []string{"lines.txt", "lines.bin", "größe/run", "größe/link", "sub/file"} {
		if got, want := read(t, s.Dir, name), read(t, dir, name); got != want {
			t.Errorf("%s is %q, expected %q", name, got, want)
		}
	}
	if state := stateOf(t, dir); state.Dirty {
		t.Errorf("it is %+v", state)
	}
}
