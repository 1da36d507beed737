package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bounded runs slipway with a memory limit and checks that it ends in time.
func bounded(t *testing.T, args ...string) result {
	t.Helper()
	const limit = 20 * time.Second
	line := fmt.Sprintf("ulimit -v %d; exec \"$@\"", 4<<20) // in KiB: Go reserves more than it uses
	c := command{args: append([]string{"timeout", "--signal=KILL", "60", "sh", "-c", line, "sh", slipway}, args...), env: []string{"GOMEMLIMIT=512MiB"}}
	got := c.run(t)
	if got.took > limit {
		t.Errorf("%.200q took %s", args, got.took)
	}
	if strings.Contains(got.stderr, "goroutine ") || strings.Contains(got.stderr, "out of memory") {
		t.Errorf("%.200q ended otherwise than by an error:\n%s", args, last(got.stderr))
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
			write(t, read(t, dir, "Cargo.toml")+"\n"+text, dir, "Cargo.toml")
		}
	}
	fifo := func(name string) func(testing.TB, string) {
		return func(t testing.TB, dir string) {
			at := filepath.Join(dir, name)
			check(t, os.MkdirAll(filepath.Dir(at), 0o755))
			check(t, os.RemoveAll(at))
			check(t, syscall.Mkfifo(at, 0o644))
		}
	}
	link := func(name, to string) func(testing.TB, string) {
		return func(t testing.TB, dir string) {
			at := filepath.Join(dir, name)
			check(t, os.MkdirAll(filepath.Dir(at), 0o755))
			check(t, os.RemoveAll(at))
			check(t, os.Symlink(to, at))
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
		"dotted key in Cargo.lock":  {func(t testing.TB, dir string) { write(t, repeat("a.", n)+"a = 1\n", dir, "Cargo.lock") }, []string{"Cargo.lock", "nest deeper than"}},
		"arrays in a configuration": {func(t testing.TB, dir string) { write(t, "a = "+repeat("[", n), dir, ".cargo/config.toml") }, []string{".cargo/config.toml", "nest deeper than"}},
		"a large manifest":          {manifest("#" + repeat("x", 64<<20)), []string{"Cargo.toml", "more than"}},
		"a manifest without end":    {func(t testing.TB, dir string) { check(t, os.Truncate(filepath.Join(dir, "Cargo.toml"), 1<<40)) }, []string{"Cargo.toml", "expected at most"}},
		"a readme without end":      {func(t testing.TB, dir string) { check(t, os.Truncate(filepath.Join(dir, "README.md"), 1<<40)) }, []string{"README.md", "expected at most"}},
		"globs in circles": {func(t testing.TB, dir string) {
			for i := range 12 {
				check(t, os.Symlink(".", filepath.Join(dir, fmt.Sprintf("loop%d", i))))
			}
			text := read(t, dir, "Cargo.toml")
			write(t, strings.Replace(text, "members = [", "members = [\""+repeat("*/", 30)+"*\", ", 1), dir, "Cargo.toml")
		}, []string{"member pattern", "more than"}},
		"a giant glob": {func(t testing.TB, dir string) {
			text := read(t, dir, "Cargo.toml")
			write(t, strings.Replace(text, "members = [", "members = [\""+repeat("**/", n)+"*\", ", 1), dir, "Cargo.toml")
		}, []string{"member pattern", "at most"}},
	} {
		t.Run(name, func(t *testing.T) {
			source := example(t)
			tt.spoil(t, source)
			got := bounded(t, planOf(source)...).wantCode(t, 1)
			got.wantError(t, tt.wants...)
			if len(got.stderr) > 3000 {
				t.Errorf("the error has %d bytes", len(got.stderr))
			}
		})
	}
}

// TestHostileMembers checks that a member which is not in the workspace, or whose path no file system
// has, is left out: the plan of another crate names it, and it has none of its own.
func TestHostileMembers(t *testing.T) {
	add := func(t testing.TB, dir, member string) {
		text := read(t, dir, "Cargo.toml")
		write(t, strings.Replace(text, "members = [", "members = [\""+member+"\", ", 1), dir, "Cargo.toml")
	}
	for name, tt := range map[string]struct {
		spoil func(t testing.TB, dir string)
		wants []string
	}{
		"of elsewhere": {func(t testing.TB, dir string) {
			outside := filepath.Join(t.TempDir(), "outside")
			copyTo(t, filepath.Join(dir, "crates/shimkit"), outside)
			write(t, strings.Replace(read(t, outside, "Cargo.toml"), `name = "shimkit"`, `name = "elsewhere"`, 1), outside, "Cargo.toml")
			check(t, os.Symlink(outside, filepath.Join(dir, "crates/outside")))
			add(t, dir, "crates/outside")
		}, []string{"crates/outside", "the member is left out", "outside the workspace"}},
		"through a link to the parent": {func(t testing.TB, dir string) {
			check(t, os.Symlink("..", filepath.Join(dir, "up")))
			add(t, dir, "up/x")
		}, []string{"up/x", "the member is left out", "outside the workspace"}},
		"with NUL in its name": {func(t testing.TB, dir string) { add(t, dir, `crates/shimkit\u0000`) }, []string{"the member is left out", "control character"}},
	} {
		t.Run(name, func(t *testing.T) {
			source := example(t)
			tt.spoil(t, source)
			text := bounded(t, planOf(source)...).wantCode(t, 0).stdout
			wantAll(t, section(text, "Notes"), tt.wants)
			bounded(t, "plan", "--source", source, "--crate", "elsewhere", "--version", "0.3.1").wantCode(t, 1).wantError(t, "elsewhere")
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
			planned := func(special bool) result {
				source := example(t)
				at := filepath.Join(source, name)
				check(t, os.MkdirAll(filepath.Dir(at), 0o755))
				check(t, os.RemoveAll(at))
				if special {
					check(t, syscall.Mkfifo(at, 0o644))
				}
				return bounded(t, planOf(source)...)
			}
			want, got := planned(false), planned(true)
			if got.wantCode(t, want.code); got.stdout != want.stdout || got.stderr != want.stderr {
				t.Errorf("with the FIFO\n%s\n%s\nwithout\n%s\n%s", last(got.stdout), last(got.stderr), last(want.stdout), last(want.stderr))
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
			source := example(t)
			at := filepath.Join(source, "crates/shim-demo/CHANGELOG.md")
			check(t, os.Remove(at))
			check(t, tt.spoil(at))
			got := bounded(t, planOf(source)...).wantCode(t, 0)
			wantAll(t, section(got.stdout, "Notes"), []string{"crates/shim-demo/CHANGELOG.md", tt.want, "the release has no notes"})
			if strings.Contains(got.stdout, "root:") {
				t.Error("the plan has a file of the machine's")
			}
		})
	}
}

// TestHostileInputsSignal checks that the first signal ends any subcommand, whatever it is
// reading: git blocks on a .gitignore that is a FIFO, slipway on a key that is one.
func TestHostileInputsSignal(t *testing.T) {
	source := example(t)
	repository(t, source, "main")
	key := filepath.Join(t.TempDir(), "key")
	check(t, syscall.Mkfifo(key, 0o644))
	blocked := example(t)
	repository(t, blocked, "main")
	check(t, syscall.Mkfifo(filepath.Join(blocked, "crates", ".gitignore"), 0o644))
	for name, args := range map[string][]string{
		"a key":          {"release-crate", "--source", source, "--crate", "shim-demo", "--version", "0.1.0", "--dry-run=false", "--repository", "a/b", "--key", key},
		"a trusted root": {"verify", "--repository", "a/b", "--trusted-root", key, source},
		"a .gitignore":   planOf(blocked),
	} {
		for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
			t.Run(name+" "+signal.String(), func(t *testing.T) {
				p := command{args: append([]string{slipway}, args...)}.start(t)
				time.Sleep(time.Second)
				select {
				case err := <-p.end:
					t.Fatalf("it did not block: %v\n%s", err, p.out.String())
				default:
				}
				check(t, p.Process.Signal(signal))
				select {
				case <-p.end:
				case <-time.After(5 * time.Second):
					t.Fatal("it goes on after the first signal")
				}
				if !strings.Contains(p.out.String(), "interrupted") {
					t.Errorf("it says %q", p.out.String())
				}
			})
		}
	}
}

// TestHostileInputsLists checks that an empty list never means everything.
func TestHostileInputsLists(t *testing.T) {
	source := example(t)
	for _, args := range [][]string{
		{"release-train", "--source", source, "--plan", "--crates", ""},
		{"release-train", "--source", source, "--plan", "--crates="},
		{"release-train", "--source", source, "--plan", "--crates", "shimkit,"},
		{"release-train", "--source", source, "--plan", "--crates", "shimkit", "--initial-release", ""},
		{"release-demo-app", "--source", source, "--version", "0.1.0", "--plan", "--image", ""},
		{"release-order", "--source", source, "--crate", ""},
	} {
		got := command{args: append([]string{slipway}, args...)}.run(t).wantCode(t, 1)
		flag, _, _ := strings.Cut(args[len(args)-1], "=")
		if !strings.HasPrefix(flag, "--") {
			flag = args[len(args)-2]
		}
		got.wantError(t, flag, "empty")
		if got.stdout != "" {
			t.Errorf("%q printed a plan:\n%s", args, last(got.stdout))
		}
	}
}

// TestHostileInputsEmpty checks that the module too takes no empty option for a missing one: it
// would compare with no digest, and record in the public log.
func TestHostileInputsEmpty(t *testing.T) {
	dagger(t)
	source := example(t)
	demo := []string{"--crate=shim-demo", "--version=0.1.0"}
	for name, args := range map[string][]string{
		"dist-digest": append([]string{"release-crate", "--dist=.", "--dist-digest="}, demo...),
		"repository":  append([]string{"release-crate", "--repository", ""}, demo...),
		"rekor-url":   append([]string{"with-signing", "--rekor-url=", "plan"}, demo...),
		"tag":         {"verify", "--repository=a/b", "--image=example.org/a", "--tag="},
		"image":       {"verify", "--repository=a/b", "--image="},
		"crate":       {"release-order", "--crate="},
		"crates":      {"release-train", "--crates="},
		"toolchain":   append([]string{"--toolchain=", "plan"}, demo...),
	} {
		t.Run(name, func(t *testing.T) {
			got := call(t, source, args...).run(t).wantCode(t, 1)
			got.wantStderr(t, "checking --"+name+": it is empty")
			if got.stdout != "" {
				t.Errorf("it went on and printed\n%s", last(got.stdout))
			}
		})
	}
}
