package hostile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"dagger/slipway/e2e/kit"
)

// bounded runs slipway with a memory limit and checks that it ends in time.
func bounded(t *testing.T, args ...string) kit.Result {
	t.Helper()
	const limit = 20 * time.Second
	line := fmt.Sprintf("ulimit -v %d; exec \"$@\"", 4<<20) // in KiB: Go reserves more than it uses
	c := kit.Command{Args: append([]string{"timeout", "--signal=KILL", "60", "sh", "-c", line, "sh", kit.Slipway}, args...), Env: []string{"GOMEMLIMIT=512MiB"}}
	got := c.Run(t)
	if got.Took > limit {
		t.Errorf("%.200q took %s", args, got.Took)
	}
	if strings.Contains(got.Stderr, "goroutine ") || strings.Contains(got.Stderr, "out of memory") {
		t.Errorf("%.200q ended otherwise than by an error:\n%s", args, kit.Tail(got.Stderr))
	}
	return got
}

func planOf(source string) []string {
	return []string{"plan", "--source", source, "--crate", "shim-demo", "--version", "0.1.0"}
}

// TestHostileInputs checks that files which block, are expensive to read, or lead out of
// the workspace are refused with a clear error, quickly and with little memory.
func TestHostileInputs(t *testing.T) {
	repeat := strings.Repeat
	const n = 100_000
	manifest := func(text string) func(testing.TB, string) {
		return func(t testing.TB, dir string) {
			kit.Write(t, kit.Read(t, dir, "Cargo.toml")+"\n"+text, dir, "Cargo.toml")
		}
	}
	fifo := func(name string) func(testing.TB, string) {
		return func(t testing.TB, dir string) {
			at := filepath.Join(dir, name)
			kit.Check(t, os.MkdirAll(filepath.Dir(at), 0o755))
			kit.Check(t, os.RemoveAll(at))
			kit.Check(t, syscall.Mkfifo(at, 0o644))
		}
	}
	link := func(name, to string) func(testing.TB, string) {
		return func(t testing.TB, dir string) {
			at := filepath.Join(dir, name)
			kit.Check(t, os.MkdirAll(filepath.Dir(at), 0o755))
			kit.Check(t, os.RemoveAll(at))
			kit.Check(t, os.Symlink(to, at))
		}
	}
	for name, tt := range map[string]struct {
		spoil func(testing.TB, string)
		wants []string
	}{
		"FIFO as .git":              {fifo(".git"), []string{".git", "neither a directory nor a file"}},
		"device as Cargo.lock":      {link("Cargo.lock", "/dev/zero"), []string{"Cargo.lock", "outside the workspace"}},
		"dotted key":                {manifest("[workspace.metadata]\n" + repeat("a.", n) + "a = 1\n"), []string{"Cargo.toml", "nest deeper than"}},
		"table":                     {manifest("[" + repeat("a.", n) + "a]\n"), []string{"Cargo.toml", "nest deeper than"}},
		"arrays":                    {manifest("[workspace.metadata]\na = " + repeat("[", n) + repeat("]", n) + "\n"), []string{"Cargo.toml", "nest deeper than"}},
		"inline tables":             {manifest("[workspace.metadata]\na = " + repeat("{a=", n) + "1" + repeat("}", n) + "\n"), []string{"Cargo.toml", "nest deeper than"}},
		"dotted key in Cargo.lock":  {func(t testing.TB, dir string) { kit.Write(t, repeat("a.", n)+"a = 1\n", dir, "Cargo.lock") }, []string{"Cargo.lock", "nest deeper than"}},
		"arrays in a configuration": {func(t testing.TB, dir string) { kit.Write(t, "a = "+repeat("[", n), dir, ".cargo/config.toml") }, []string{".cargo/config.toml", "nest deeper than"}},
		"a large manifest":          {manifest("#" + repeat("x", 64<<20)), []string{"Cargo.toml", "more than"}},
		"a manifest without end":    {func(t testing.TB, dir string) { kit.Check(t, os.Truncate(filepath.Join(dir, "Cargo.toml"), 1<<40)) }, []string{"Cargo.toml", "expected at most"}},
		"a readme without end":      {func(t testing.TB, dir string) { kit.Check(t, os.Truncate(filepath.Join(dir, "README.md"), 1<<40)) }, []string{"README.md", "expected at most"}},
		"globs in circles": {func(t testing.TB, dir string) {
			for i := range 12 {
				kit.Check(t, os.Symlink(".", filepath.Join(dir, fmt.Sprintf("loop%d", i))))
			}
			text := kit.Read(t, dir, "Cargo.toml")
			kit.Write(t, strings.Replace(text, "members = [", "members = [\""+repeat("*/", 30)+"*\", ", 1), dir, "Cargo.toml")
		}, []string{"member pattern", "more than"}},
		"a giant glob": {func(t testing.TB, dir string) {
			text := kit.Read(t, dir, "Cargo.toml")
			kit.Write(t, strings.Replace(text, "members = [", "members = [\""+repeat("**/", n)+"*\", ", 1), dir, "Cargo.toml")
		}, []string{"member pattern", "at most"}},
	} {
		t.Run(name, func(t *testing.T) {
			source := kit.Example(t)
			tt.spoil(t, source)
			got := bounded(t, planOf(source)...).WantCode(t, 1)
			got.WantError(t, tt.wants...)
			if len(got.Stderr) > 3000 {
				t.Errorf("the error has %d bytes", len(got.Stderr))
			}
		})
	}
}

// TestHostileMembers checks that a member which is not in the workspace, or whose path no file system
// has, is left out: the plan of another crate names it, and it has none of its own.
func TestHostileMembers(t *testing.T) {
	add := func(t testing.TB, dir, member string) {
		text := kit.Read(t, dir, "Cargo.toml")
		kit.Write(t, strings.Replace(text, "members = [", "members = [\""+member+"\", ", 1), dir, "Cargo.toml")
	}
	for name, tt := range map[string]struct {
		spoil func(t testing.TB, dir string)
		wants []string
	}{
		"of elsewhere": {func(t testing.TB, dir string) {
			outside := filepath.Join(t.TempDir(), "outside")
			kit.CopyTo(t, filepath.Join(dir, "crates/shimkit"), outside)
			kit.Write(t, strings.Replace(kit.Read(t, outside, "Cargo.toml"), `name = "shimkit"`, `name = "elsewhere"`, 1), outside, "Cargo.toml")
			kit.Check(t, os.Symlink(outside, filepath.Join(dir, "crates/outside")))
			add(t, dir, "crates/outside")
		}, []string{"crates/outside", "the member is left out", "outside the workspace"}},
		"through a link to the parent": {func(t testing.TB, dir string) {
			kit.Check(t, os.Symlink("..", filepath.Join(dir, "up")))
			add(t, dir, "up/x")
		}, []string{"up/x", "the member is left out", "outside the workspace"}},
		"with NUL in its name": {func(t testing.TB, dir string) { add(t, dir, `crates/shimkit\u0000`) }, []string{"the member is left out", "control character"}},
	} {
		t.Run(name, func(t *testing.T) {
			source := kit.Example(t)
			tt.spoil(t, source)
			text := bounded(t, planOf(source)...).WantCode(t, 0).Stdout
			kit.WantAll(t, kit.Section(text, "Notes"), tt.wants)
			bounded(t, "plan", "--source", source, "--crate", "elsewhere", "--version", "0.3.1").WantCode(t, 1).WantError(t, "elsewhere")
		})
	}
}

// TestHostileSpecialFiles checks that a FIFO is not part of the source: nothing blocks, and
// the result is the same as without it.
func TestHostileSpecialFiles(t *testing.T) {
	for _, name := range []string{
		"Cargo.lock", "Cargo.toml", "crates/shimkit/Cargo.toml", ".cargo/config.toml", "rust-toolchain", "Cross.toml", "crates/shim-demo/CHANGELOG.md", "more",
	} {
		t.Run(name, func(t *testing.T) {
			planned := func(special bool) kit.Result {
				source := kit.Example(t)
				at := filepath.Join(source, name)
				kit.Check(t, os.MkdirAll(filepath.Dir(at), 0o755))
				kit.Check(t, os.RemoveAll(at))
				if special {
					kit.Check(t, syscall.Mkfifo(at, 0o644))
				}
				return bounded(t, planOf(source)...)
			}
			want, got := planned(false), planned(true)
			if got.WantCode(t, want.Code); got.Stdout != want.Stdout || got.Stderr != want.Stderr {
				t.Errorf("with the FIFO\n%s\n%s\nwithout\n%s\n%s", kit.Tail(got.Stdout), kit.Tail(got.Stderr), kit.Tail(want.Stdout), kit.Tail(want.Stderr))
			}
		})
	}
}

// TestHostileChangelogs checks that a changelog which blocks, is expensive to read or leads
// out of the workspace is not read and does not stop anything.
func TestHostileChangelogs(t *testing.T) {
	for name, tt := range map[string]struct {
		spoil func(at string) error
		want  string
	}{
		"of elsewhere":    {func(at string) error { return os.Symlink("/etc/passwd", at) }, "outside the workspace"},
		"nested too deep": {func(at string) error { return os.WriteFile(at, []byte(strings.Repeat("> ", 1<<20)), 0o644) }, "nested too deep"},
	} {
		t.Run(name, func(t *testing.T) {
			source := kit.Example(t)
			at := filepath.Join(source, "crates/shim-demo/CHANGELOG.md")
			kit.Check(t, os.Remove(at))
			kit.Check(t, tt.spoil(at))
			got := bounded(t, planOf(source)...).WantCode(t, 0)
			kit.WantAll(t, kit.Section(got.Stdout, "Notes"), []string{"crates/shim-demo/CHANGELOG.md", tt.want, "the release has no notes"})
			if strings.Contains(got.Stdout, "root:") {
				t.Error("the plan has a file of the machine's")
			}
		})
	}
}
