package local

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/step"
)

// canary is in the environment of the test process, which stands for slipway's.
const canary = "canary-4f6c"

// replaced are ways in which a command can replace its output, and the resulting errors. The
// output is the file /out/a/b/x, or the directory /out/a/b.
var replaced = []struct {
	name string
	args []string
	dir  bool
	want string
}{
	{"link to slipway's environment", []string{"link", "/proc/self/environ", "/out/a/b/x"}, false, `"/out/a/b/x" is a symbolic link to "/proc/self/environ", expected a regular file`},
	{"link within", []string{"write", "/out/y", "y", ";", "link", "../../y", "/out/a/b/x"}, false, `"/out/a/b/x" is a symbolic link to "../../y"`},
	{"dangling link", []string{"link", "gone", "/out/a/b/x"}, false, `is a symbolic link to "gone"`},
	{"link on the way", []string{"remove", "/out/a", ";", "link", "/proc/self", "/out/a"}, false, `"/out/a" is a symbolic link to "/proc/self", expected a directory`},
	{"link to / on the way", []string{"remove", "/out/a/b", ";", "link", "/", "/out/a/b"}, false, `"/out/a/b" is a symbolic link to "/", expected a directory`},
	{"FIFO", []string{"fifo", "/out/a/b/x"}, false, `"/out/a/b/x" is a FIFO`},
	{"directory", []string{"mkdir", "/out/a/b/x"}, false, `"/out/a/b/x" is a directory, expected a regular file`},
	{"file on the way", []string{"remove", "/out/a", ";", "write", "/out/a", "file"}, false, `"/out/a" is a regular file, expected a directory`},
	{"link for a directory", []string{"remove", "/out/a/b", ";", "link", "/etc", "/out/a/b"}, true, `"/out/a/b" is a symbolic link to "/etc", expected a directory`},
	{"link on the way to a directory", []string{"remove", "/out/a", ";", "link", "/", "/out/a"}, true, `"/out/a" is a symbolic link to "/"`},
	{"file for a directory", []string{"remove", "/out/a/b", ";", "write", "/out/a/b", "file"}, true, `"/out/a/b" is a regular file, expected a directory`},
}

// TestReplacedOutput checks that a step whose command replaced an output fails with an error that
// says what was found where, and that nothing is kept.
func TestReplacedOutput(t *testing.T) {
	t.Setenv("CANARY", canary)
	m := newMachine(t)
	r := m.runner(t)
	for _, c := range replaced {
		t.Run(c.name, func(t *testing.T) {
			s := probe(append([]string{"mkdir", "/out/a/b", ";"}, c.args...)...)
			s.Outputs = []step.Output{{Name: "made", Path: "/out/a/b/x"}}
			if c.dir {
				s.Outputs = []step.Output{{Name: "made", Path: "/out/a/b", Dir: true}}
			}
			_, err := r.Run(t.Context(), s)
			wantError(t, err, `output "made" of step "probe"`, c.want, "a build script or a procedural macro has replaced the output")
			wantError(t, r.Export(t.Context(), "probe", "made", filepath.Join(t.TempDir(), "x")), "the step has not run")
		})
		t.Run(c.name+", inside another output", func(t *testing.T) {
			s := probe(append([]string{"mkdir", "/out/a/b", ";"}, c.args...)...)
			s.Outputs = []step.Output{{Name: "all", Path: "/out", Dir: true}, {Name: "made", Path: "/out/a/b/x"}}
			if c.dir {
				s.Outputs[1] = step.Output{Name: "made", Path: "/out/a/b", Dir: true}
			}
			_, err := r.Run(t.Context(), s)
			wantError(t, err, `output "made" of step "probe"`, c.want)
		})
	}
	wantNoCanary(t, m.cache)
	if left, _ := filepath.Glob(filepath.Join(m.cache, "steps", "*")); len(left) > 0 {
		t.Errorf("kept: %q", left)
	}
}

// TestHugeOutput checks that a sparse file is refused as an output, or as part of one, before it
// is read.
func TestHugeOutput(t *testing.T) {
	for name, o := range map[string]step.Output{"file": {Name: "made", Path: "/out/a/x"}, "directory": {Name: "made", Path: "/out/a", Dir: true}} {
		t.Run(name, func(t *testing.T) {
			work := t.TempDir()
			if err := os.Mkdir(filepath.Join(work, "a"), 0o755); err != nil {
				t.Fatal(err)
			}
			f, err := os.Create(filepath.Join(work, "a", "x"))
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Truncate(1 << 40); err != nil {
				t.Skipf("SKIPPED: the file system has no such files: %v", err)
			}
			s := step.Step{Name: "probe", Outputs: []step.Output{o}}
			_, err = capture(t.Context(), s, "key", "", work, filepath.Join(work, "entry"), func(o step.Output) (string, error) { return strings.TrimPrefix(o.Path, "/out/"), nil }, func(int64) error { return nil })
			wantError(t, err, `output "made" of step "probe"`, `"/out/a/x" has 1099511627776 bytes, expected at most`)
		})
	}
}

// wantNoCanary fails the test if a file below a directory contains the canary.
func wantNoCanary(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(name)
		if strings.Contains(string(raw), canary) {
			t.Errorf("%s holds the secret", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestOutputsTouchNothingOutside checks that discarding parts of an output and cleaning up do not
// follow links.
func TestOutputsTouchNothingOutside(t *testing.T) {
	m := newMachine(t)
	r := m.runner(t)
	outside := t.TempDir()
	for _, name := range []string{".package-cache", "file"} {
		if err := os.WriteFile(filepath.Join(outside, name), []byte("stays"), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	s := probe("link", outside, "/out/link", ";", "write", "/out/.package-cache", "goes", ";", "mkdir", "/out/d", ";", "link", outside+"/file", "/out/d/file",
		";", "link", outside, "/out/d/.package-cache", ";", "chmod", "500", "/out/d")
	s.Discard, s.Outputs = []string{".package-cache"}, []step.Output{{Name: "all", Path: "/out", Dir: true}}
	run(t, r, s)
	out := glob(t, filepath.Join(m.cache, "steps", "*", "out", "0"))
	for name, there := range map[string]bool{"link": true, "d/file": true, ".package-cache": false, "d/.package-cache": false} {
		if _, err := os.Lstat(filepath.Join(out, name)); (err == nil) != there {
			t.Errorf("%s: %v, want there %t", name, err, there)
		}
	}
	again := probe("list", "/in")
	again.Name, again.Mounts = "again", []step.Mount{{Path: "/in", Step: "probe", Output: "all"}}
	if got := run(t, r, again).Stdout; !strings.Contains(got, "link -> "+outside) || strings.Contains(got, "link/") {
		t.Errorf("another step finds\n%s", got)
	}
	wantError(t, r.Export(t.Context(), "probe", "all", filepath.Join(t.TempDir(), "x")), `output "all" of step "probe"`, "is a symbolic link to")
	if err := r.store.drop("steps", filepath.Base(filepath.Dir(filepath.Dir(out)))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".package-cache", "file"} {
		if info, err := os.Stat(filepath.Join(outside, name)); err != nil || info.Mode() != 0o640 || info.Size() != 5 {
			t.Errorf("outside %s: %v, %v", name, info, err)
		}
	}
}

// TestSpecialFilesAreNotKept checks that the store has no set-id programs, FIFOs or hard links to
// the image.
func TestSpecialFilesAreNotKept(t *testing.T) {
	m := newMachine(t)
	r := m.runner(t)
	s := probe("hardlink", "/bin/probe", "/out/linked", ";", "write", "/out/program", "p", ";", "setuid", "/out/program", ";", "fifo", "/out/fifo", ";",
		"hardlink", "/out/program", "/out/same")
	s.Outputs = []step.Output{{Name: "all", Path: "/out", Dir: true}}
	if got := run(t, r, s).Stdout; !strings.Contains(got, "REFUSED /out/linked") || !strings.Contains(got, "ok /out/same") || !strings.Contains(got, "ok /out/program") {
		t.Errorf("a file of the image was linked into an output, or another was not:\n%s", got)
	}
	to := filepath.Join(t.TempDir(), "all")
	if err := r.Export(t.Context(), "probe", "all", to); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{glob(t, filepath.Join(m.cache, "steps", "*", "out", "0")), to} {
		for _, name := range []string{"program", "same"} {
			if info, err := os.Lstat(filepath.Join(dir, name)); err != nil || info.Mode() != 0o755 || dir == to && !hasOneName(t, info) {
				t.Errorf("%s: %v, %v", filepath.Join(dir, name), info.Mode(), err)
			}
		}
		if _, err := os.Lstat(filepath.Join(dir, "fifo")); err == nil {
			t.Error("a FIFO is kept")
		}
	}
}

// TestStoreWithLink checks that a link in place of a stored output is detected as damage.
func TestStoreWithLink(t *testing.T) {
	t.Setenv("CANARY", canary)
	m := newMachine(t)
	r := m.runner(t)
	s := probe("write", "/out/x", "made")
	s.Outputs = []step.Output{{Name: "x", Path: "/out/x"}}
	run(t, r, s)
	kept := glob(t, filepath.Join(m.cache, "steps", "*", "out", "0"))
	if err := os.Remove(kept); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/proc/self/environ", kept); err != nil {
		t.Fatal(err)
	}
	again := m.runner(t)
	run(t, again, s)
	if got := exported(t, again, "probe", "x"); got != "made" {
		t.Errorf("exported %q", got)
	}
	wantNoCanary(t, m.cache)
}
