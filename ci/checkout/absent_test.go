package checkout

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
)

// TestUnnamed checks that files whose names are not UTF-8 are left out and named, wherever they
// are, and that they make a checkout dirty like any other file.
func TestUnnamed(t *testing.T) {
	const odd = "below/b\xe4r.txt"
	dir := repository(t)
	write(t, "odd", dir, odd)
	commit(t, dir)
	want := []string{".gitignore *.ignored", "below/text text", "file two"}
	check := func(dir string, dirty bool, names ...string) {
		t.Helper()
		s := take(t, dir, Options{})
		wantList(t, s.Dir, want...)
		if got := s.Unnamed(); !slices.Equal(got, names) {
			t.Errorf("the names are %q, want %q", got, names)
		}
		if state, err := s.State(t.Context(), "main"); err != nil || state.Dirty != dirty {
			t.Errorf("the state is %+v, %v", state, err)
		}
	}
	check(dir, false, odd)
	write(t, "changed", dir, odd)
	check(dir, true, odd)
	must(t, os.Remove(filepath.Join(dir, odd)))
	check(dir, true)
	gitIn(t, dir, "restore", odd)
	write(t, "new", dir, "n\xe9w")
	check(dir, true, odd, "n\xe9w")
	write(t, "n", dir, "\xe9.ignored")
	must(t, os.Remove(filepath.Join(dir, "n\xe9w")))
	check(dir, false, odd)
	gitIn(t, dir, "add", "--force", "\xe9.ignored")
	check(dir, true, odd, "\xe9.ignored")

	plain := t.TempDir()
	for _, name := range []string{"file", "b\xe4d/inner", "\xe4"} {
		write(t, "two", plain, name)
	}
	want = []string{"file two"}
	check(plain, false, "b\xe4d", "\xe4")
}

// TestUnnamedSubmodule checks that such a file of a submodule is named with the submodule's path.
func TestUnnamedSubmodule(t *testing.T) {
	inner, outer := repository(t), repository(t)
	write(t, "odd", inner, "\xe4")
	commit(t, inner)
	gitIn(t, outer, "submodule", "--quiet", "add", "file://"+inner, "sub/module")
	commit(t, outer)
	s := take(t, outer, Options{})
	if got := s.Unnamed(); !slices.Equal(got, []string{"sub/module/\xe4"}) {
		t.Errorf("the names are %q", got)
	}
	if state, err := s.State(t.Context(), "main"); err != nil || state.Dirty {
		t.Errorf("the state is %+v, %v", state, err)
	}
}

// TestMissingContent checks that a file whose content is not in the clone is left out, and that a
// release is refused with advice that fits the clone.
func TestMissingContent(t *testing.T) {
	dir, all := workspace(t)
	want := slices.DeleteFunc(slices.Clone(all), func(line string) bool { return strings.HasPrefix(line, "below/text ") })
	gitIn(t, dir, "config", "uploadpack.allowFilter", "true")
	for name, tt := range map[string]struct {
		make func(t *testing.T, d string)
		do   string
	}{
		"an object was removed": {func(t *testing.T, d string) {
			gitIn(t, dir, "clone", "--quiet", "--no-hardlinks", dir, d)
			object := gitIn(t, d, "rev-parse", "HEAD:below/text")
			must(t, os.Remove(filepath.Join(d, ".git/objects", object[:2], object[2:])))
			must(t, os.Remove(filepath.Join(d, "below/text")))
		}, "clone the repository again, without --filter"},
		"a sparse partial clone": {func(t *testing.T, d string) {
			gitIn(t, dir, "clone", "--quiet", "--filter=blob:none", "--no-checkout", "file://"+dir, d)
			gitIn(t, d, "sparse-checkout", "set", "--no-cone", "/*", "!/below/text")
			gitIn(t, d, "checkout", "--quiet", "main")
		}, "run git sparse-checkout disable"},
	} {
		t.Run(name, func(t *testing.T) {
			d := filepath.Join(t.TempDir(), "clone")
			tt.make(t, d)
			s := take(t, d, Options{})
			wantList(t, s.Dir, want...)
			state, err := s.State(t.Context(), "main")
			if err != nil || state.Dirty || !slices.Equal(state.MissingContent, []string{"below/text"}) {
				t.Errorf("the state is %+v, %v", state, err)
			}
			refused := state.Findings().Check("releasing", finding.Release)
			if refused == nil || !strings.Contains(refused.Error(), "below/text: its content is not in this clone") || !strings.HasSuffix(refused.Error(), tt.do) {
				t.Errorf("a release says %v", refused)
			}
			absent := fmt.Errorf("reading: %w", &fs.PathError{Op: "stat", Path: "below/text", Err: fs.ErrNotExist})
			if got := s.Explain(absent); !strings.HasSuffix(got.Error(), "its content is not in this clone: "+tt.do) {
				t.Errorf("of the file itself: %v", got)
			}
			write(t, "text changed", d, "below/text")
			s = take(t, d, Options{})
			if state, err := s.State(t.Context(), "main"); err != nil || !state.Dirty || len(state.MissingContent) > 0 || read(t, s.Dir, "below/text") != "text changed" {
				t.Errorf("with a changed file the state is %+v, %v", state, err)
			}
		})
	}
}

// TestExplainUntracked checks that the error about a file which git ignores or does not track
// says so, in the same words whether the file is in the directory or not.
func TestExplainUntracked(t *testing.T) {
	dir := repository(t)
	err := &fs.PathError{Op: "stat", Path: "dep.ignored/Cargo.toml", Err: fs.ErrNotExist}
	absent := take(t, dir, Options{}).Explain(err)
	write(t, "[package]\n", dir, "dep.ignored/Cargo.toml")
	there := take(t, dir, Options{}).Explain(err)
	if absent.Error() != there.Error() || !strings.Contains(there.Error(), "git does not track it") {
		t.Errorf("it says %q, and %q if the file is there", absent, there)
	}
	plain := t.TempDir()
	write(t, "x", plain, "file")
	if got := take(t, plain, Options{}).Explain(err); got != error(err) {
		t.Errorf("outside a repository it says %v", got)
	}
}

// TestTracks checks which files of the source git tracks: those of the commit, of the index and of
// submodules, and none outside a repository.
func TestTracks(t *testing.T) {
	inner, dir := repository(t), repository(t)
	gitIn(t, dir, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner, "sub")
	commit(t, dir)
	write(t, "x", dir, "target/added")
	write(t, "x", dir, "untracked")
	gitIn(t, dir, "add", "--force", "target/added")
	for name, want := range map[string]bool{"file": true, "target/added": true, "sub/file": true, "untracked": false, "sub/untracked": false, "gone": false} {
		if got := take(t, dir, Options{}).Tracks(name); got != want {
			t.Errorf("%s is tracked: %t", name, got)
		}
	}
	plain := t.TempDir()
	write(t, "x", plain, "file")
	if take(t, plain, Options{}).Tracks("file") {
		t.Error("a file outside a repository is tracked")
	}
}
