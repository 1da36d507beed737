package local

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dagger/slipway/ci/step"
)

// stamped returns a step whose output differs each time its command runs.
func stamped() step.Step {
	s := probe("stamp", "/out/stamp", ";", "print", "done")
	s.Outputs = []step.Output{{Name: "stamp", Path: "/out/stamp"}}
	return s
}

func TestMemo(t *testing.T) {
	m := newMachine(t)
	r := m.runner(t)
	if first := run(t, r, stamped()); first.Cached || first.Stdout != "ok /out/stamp\ndone\n" {
		t.Errorf("first run %+v", first)
	}
	content := exported(t, r, "probe", "stamp")
	again := m.runner(t)
	words := stamped()
	words.About, words.Failure, words.Quiet = "other words", "x", true
	if second := run(t, again, words); !second.Cached || second.Stdout != "ok /out/stamp\ndone\n" {
		t.Errorf("second run %+v", second)
	}
	if got := exported(t, again, "probe", "stamp"); got != content {
		t.Errorf("the kept output is %q, it was %q", got, content)
	}
	if want := []string{"probe cached=false failed=false", "probe cached=true failed=false"}; !slices.Equal(m.log.ended, want) {
		t.Errorf("logged %q", m.log.ended)
	}
	info, err := os.Stat(glob(t, filepath.Join(m.cache, "steps", "*", "out", "0")))
	if err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("kept with mode %v, %v", info.Mode(), err)
	}
}

func TestMemoKey(t *testing.T) {
	m := newMachine(t)
	m.trees = []step.Tree{{Name: "source", Source: true, Files: step.Files{"added": "1"}}}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(m.source, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("main.rs", "1")
	base := func() step.Step {
		s := stamped()
		s.Env = []string{"A=1"}
		s.Mounts = append(s.Mounts, step.Mount{Path: "/src", Tree: "source", ReadOnly: true})
		return s
	}
	run(t, m.runner(t), base())
	changes := []struct {
		name   string
		change func(*step.Step)
	}{
		{"arguments", func(s *step.Step) { s.Args = append(s.Args, ";", "print", "x") }},
		{"environment", func(s *step.Step) { s.Env = []string{"A=2"} }},
		{"directory", func(s *step.Step) { s.Dir = "/out" }},
		{"network", func(s *step.Step) { s.Network = true }},
		{"discard", func(s *step.Step) { s.Discard = []string{"x"} }},
		{"writable", func(s *step.Step) { s.Mounts[1].ReadOnly = false }},
		{"source", func(*step.Step) { write("main.rs", "2") }},
		{"source's name", func(*step.Step) { write("other.rs", "") }},
		{"tree's file", func(*step.Step) {
			m.trees = []step.Tree{{Name: "source", Source: true, Files: step.Files{"added": "2"}}}
		}},
		{"image", func(*step.Step) { m.image = writeImage(t, file{name: "data/more", content: "x", mode: 0o644}) }},
	}
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			s := base()
			c.change(&s)
			if run(t, m.runner(t), s).Cached {
				t.Error("the result of another step was taken")
			}
			if !run(t, m.runner(t), s).Cached {
				t.Error("the same again ran again")
			}
		})
	}
}

func TestMemoOfInputs(t *testing.T) {
	m := newMachine(t)
	first := probe("write", "/out/x", "1")
	first.Name, first.Outputs = "first", []step.Output{{Name: "x", Path: "/out", Dir: true}}
	second := stamped()
	second.Mounts = append(second.Mounts, step.Mount{Path: "/x", Step: "first", Output: "x"})
	r := m.runner(t)
	run(t, r, first)
	run(t, r, second)
	first.Args = append(first.Args, ";", "print", "more") // another command that writes the same file
	other := m.runner(t)
	if run(t, other, first).Cached {
		t.Fatal("another first step was taken for it")
	}
	if !run(t, other, second).Cached {
		t.Error("equal inputs from another step ran again")
	}
}

func TestMissingOutput(t *testing.T) {
	m := newMachine(t)
	s := probe("print", "nothing")
	s.Outputs = []step.Output{{Name: "bin/x", Path: "/out/x"}}
	for range 2 {
		_, err := m.runner(t).Run(t.Context(), s)
		wantError(t, err, `running step "probe": its command succeeded, but did not leave "/out/x" (bin/x)`)
	}
	s.Outputs = []step.Output{{Name: "all", Path: "/out", Dir: true}, {Name: "bin/x", Path: "/out/x"}}
	_, err := m.runner(t).Run(t.Context(), s)
	wantError(t, err, `did not leave "/out/x" (bin/x)`)
}

func TestDiscard(t *testing.T) {
	m := newMachine(t)
	s := probe("write", "/out/a/.lock", "x", ";", "write", "/out/a/keep", "x", ";", "write", "/out/app-0123456789abcdef/dep", "x", ";", "write", "/out/b/app-0123456789abcdef/dep", "x", ";", "write", "/out/app-1", "x", ";", "chmod", "0500", "/out/b/app-0123456789abcdef")
	s.Outputs, s.Discard = []step.Output{{Name: "all", Path: "/out", Dir: true}}, []string{".lock", "app-????????????????"}
	r := m.runner(t)
	run(t, r, s)
	to := filepath.Join(t.TempDir(), "all")
	if err := r.Export(t.Context(), "probe", "all", to); err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, pattern := range []string{"*", "*/*", "*/.*", "*/*/*"} {
		found, err := filepath.Glob(filepath.Join(to, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			left = append(left, strings.TrimPrefix(f, to+"/"))
		}
	}
	slices.Sort(left)
	if left = slices.Compact(left); !slices.Equal(left, []string{"a", "a/keep", "app-1", "b"}) {
		t.Errorf("left %q", left)
	}
}

func TestDamage(t *testing.T) {
	tests := []struct {
		name   string
		damage func(t *testing.T, entry string)
	}{
		{"output changed", func(t *testing.T, entry string) { put(t, filepath.Join(entry, "out", "0"), "damaged") }},
		{"output gone", func(t *testing.T, entry string) { check(t, os.Remove(filepath.Join(entry, "out", "0"))) }},
		{"output not executable", func(t *testing.T, entry string) { check(t, os.Chmod(filepath.Join(entry, "out", "0"), 0o644)) }},
		{"output is a link", func(t *testing.T, entry string) {
			check(t, os.Remove(filepath.Join(entry, "out", "0")))
			check(t, os.Symlink("/etc/passwd", filepath.Join(entry, "out", "0")))
		}},
		{"result malformed", func(t *testing.T, entry string) { put(t, filepath.Join(entry, "result.json"), "{") }},
		{"result empty", func(t *testing.T, entry string) { put(t, filepath.Join(entry, "result.json"), "") }},
		{"result of another key", func(t *testing.T, entry string) { put(t, filepath.Join(entry, "result.json"), `{"key":"x"}`) }},
		{"result gone", func(t *testing.T, entry string) { check(t, os.Remove(filepath.Join(entry, "result.json"))) }},
		{"all gone", func(t *testing.T, entry string) { check(t, os.RemoveAll(entry)) }},
	}
	m := newMachine(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, os.RemoveAll(filepath.Join(m.cache, "steps")))
			s := stamped()
			r := m.runner(t)
			run(t, r, s)
			before := exported(t, r, "probe", "stamp")
			tt.damage(t, glob(t, filepath.Join(m.cache, "steps", "*")))
			r = m.runner(t)
			run(t, r, s)
			made := exported(t, r, "probe", "stamp")
			if made == before || made == "damaged" || len(made) < 10 {
				t.Errorf("exported %q, it was %q: the step did not run again", made, before)
			}
			r = m.runner(t)
			if !run(t, r, s).Cached || exported(t, r, "probe", "stamp") != made {
				t.Error("what was made again is not kept")
			}
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, name, text string) {
	t.Helper()
	check(t, os.WriteFile(name, []byte(text), 0o644))
}

// TestDamageOfInput checks that a step does not start with a damaged input.
func TestDamageOfInput(t *testing.T) {
	m := newMachine(t)
	first := probe("write", "/out/x", "good")
	first.Name, first.Outputs = "first", []step.Output{{Name: "x", Path: "/out", Dir: true}}
	run(t, m.runner(t), first)
	put(t, glob(t, filepath.Join(m.cache, "steps", "*", "out", "0", "x")), "bad")
	r := m.runner(t)
	if !run(t, r, first).Cached {
		t.Fatal("expected the damaged result to be taken: no one has looked into it yet")
	}
	second := probe("cat", "/x/x")
	second.Name = "second"
	second.Mounts = append(second.Mounts, step.Mount{Path: "/x", Step: "first", Output: "x", ReadOnly: true})
	if out := run(t, r, second).Stdout; out != "good" {
		t.Errorf("the second step found %q", out)
	}
	if !slices.Contains(m.log.lines, "the cached result of this step is damaged: running it again") {
		t.Errorf("logged %q", m.log.lines)
	}
}

func TestDamagedImage(t *testing.T) {
	m := newMachine(t)
	run(t, m.runner(t), probe("print", "1"))
	put(t, glob(t, filepath.Join(m.cache, "images", "*", "rootfs", "data", "marker")), "changed")
	_, err := m.runner(t).Run(t.Context(), probe("print", "2"))
	wantError(t, err, `reading unpacked image "probe": its files have changed since it was unpacked; it has been removed: run again`)
	if out := run(t, m.runner(t), probe("cat", "/data/marker")).Stdout; out != "of the image\n" {
		t.Errorf("the image unpacked again holds %q", out)
	}
	put(t, glob(t, filepath.Join(m.cache, "images", "*", "image.json")), "{")
	if out := run(t, m.runner(t), probe("cat", "/data/marker", ";", "print", "x")).Stdout; out != "of the image\nx\n" {
		t.Errorf("after its description was damaged it holds %q", out)
	}
}

// TestConcurrent checks that equal steps of two processes run once.
func TestConcurrent(t *testing.T) {
	m := newMachine(t)
	s := stamped()
	s.Args = append(s.Args, ";", "sleep", "300ms")
	var wg sync.WaitGroup
	results := make([]step.Result, 4)
	contents := make([]string, len(results))
	for i := range results {
		r := m.runner(t)
		wg.Go(func() {
			result, err := r.Run(t.Context(), s)
			if err != nil {
				t.Error(err)
				return
			}
			results[i] = result
			contents[i] = exported(t, r, "probe", "stamp")
		})
	}
	wg.Wait()
	ran := 0
	for i, r := range results {
		if !r.Cached {
			ran++
		}
		if contents[i] != contents[0] {
			t.Errorf("runner %d has %q, the first %q", i, contents[i], contents[0])
		}
	}
	if ran != 1 {
		t.Errorf("the command ran %d times", ran)
	}
}

// TestWaitEnds checks that waiting for another process's entry ends with ctx.
func TestWaitEnds(t *testing.T) {
	m := newMachine(t)
	r := m.runner(t)
	s := stamped()
	run(t, r, s)
	key := filepath.Base(glob(t, filepath.Join(m.cache, "steps", "*")))
	held, err := lockFile(filepath.Join(m.cache, "locks", key), unix.LOCK_EX)
	check(t, err)
	defer func() { _ = held.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := r.Run(ctx, s)
		ended <- err
	}()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("Run took what another process holds")
		}
	case <-time.After(5 * time.Second):
		t.Error("Run waits on after its context has ended")
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	living, err := openStore(dir)
	check(t, err)
	work, err := living.temp("x-")
	check(t, err)

	dead, err := openStore(dir)
	check(t, err)
	left, err := dead.temp("x-")
	check(t, err)
	put(t, filepath.Join(left, "file"), "x")
	check(t, os.Mkdir(filepath.Join(left, "denied"), 0o700))
	put(t, filepath.Join(left, "denied", "file"), "x")
	check(t, os.Chmod(filepath.Join(left, "denied"), 0o500))
	check(t, dead.lock.Close()) // killed

	beginning := filepath.Join(dir, "tmp", "run-beginning") // created but not locked yet
	check(t, os.Mkdir(beginning, 0o755))

	old, recent := filepath.Join(dir, "steps", "old"), filepath.Join(dir, "steps", "recent")
	for _, d := range []string{old, recent} {
		check(t, os.Mkdir(d, 0o755))
	}
	long := time.Now().Add(-unusedFor - time.Hour)
	check(t, os.Chtimes(old, long, long))

	next, err := openStore(dir)
	check(t, err)
	for name, want := range map[string]bool{work: true, left: false, dead.tmp: false, beginning: true, old: false, recent: true} {
		if _, err := os.Stat(name); (err == nil) != want {
			t.Errorf("%s: %v, expected there: %t", name, err, want)
		}
	}
	check(t, next.close())
	check(t, living.close())
	if _, err := os.Stat(living.tmp); err == nil {
		t.Error("close leaves the process's directory")
	}
}
