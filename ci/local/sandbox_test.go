package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dagger/slipway/ci/step"
)

func TestRootIsReadOnly(t *testing.T) {
	r := newMachine(t).runner(t)
	out := run(t, r, probe("write", "/x", "a", ";", "write", "/bin/x", "a", ";", "write", "/data/marker", "a", ";", "write", "/tmp/x", "a", ";", "write", "/out/x", "a", ";", "cat", "/data/marker")).Stdout
	for _, want := range []string{"REFUSED /x", "REFUSED /bin/x", "REFUSED /data/marker", "ok /tmp/x", "ok /out/x", "\nof the image\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("the probe does not say %q:\n%s", want, out)
		}
	}
}

// TestNetwork checks that a step reaches neither this machine nor others, except that one with a
// network reaches others, and a server of this machine that the caller has named, by HTTP through
// the gateway.
func TestNetwork(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	t.Cleanup(server.Close)
	address := server.Listener.Addr().String()
	abstract, err := net.Listen("unix", "@"+t.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = abstract.Close() })
	m := newMachine(t)
	s := probe("interfaces", ";", "loopback", ";", "dial", address, ";", "abstract", t.Name(), ";", "get", server.URL)
	refused := "REFUSED " + server.URL
	for _, network := range []bool{false, true} {
		if s.Network = network; network {
			refused = "403 slipway: "
		}
		out := run(t, m.runner(t), s).Stdout
		if !strings.HasPrefix(out, "lo true\nok interfaces\n") {
			t.Errorf("network %t: there is more than a loopback device that is up:\n%s", network, out)
		}
		for _, want := range []string{"ok listen", "REFUSED " + address, "REFUSED @" + t.Name(), refused} {
			if !strings.Contains(out, want) {
				t.Errorf("network %t: the probe does not say %q:\n%s", network, want, out)
			}
		}
	}
	if log := strings.Join(m.log.lines, "\n"); !strings.Contains(log, "slipway: refused a connection to \""+address) {
		t.Errorf("the log does not say what was refused:\n%s", log)
	}
	t.Setenv("CARGO_REGISTRIES_OWN_INDEX", "sparse+"+server.URL+"/index/")
	s.Fresh = true
	if out := run(t, m.runner(t), s).Stdout; !strings.Contains(out, "200 hello") {
		t.Errorf("the server that the caller names is not reached:\n%s", out)
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", "secret")
	t.Setenv("LD_PRELOAD_X", "y")
	r := newMachine(t).runner(t)
	s := probe("env")
	for own, want := range map[string][]string{
		"HOME=/tmp,X=a=b c":        {"HOME=/tmp", "IMAGE=yes", "PATH=/bin", "PWD=/", "X=a=b c"},
		"HOME=/tmp,IMAGE=,X=a=b c": {"HOME=/tmp", "PATH=/bin", "PWD=/", "X=a=b c"},
	} {
		s.Env = strings.Split(own, ",")
		got := strings.Split(strings.TrimSpace(run(t, r, s).Stdout), "\n")
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("environment %q, want %q", got, want)
		}
	}
}

func TestOwnProcesses(t *testing.T) {
	r := newMachine(t).runner(t)
	s := probe("pids", ";", "ids", ";", "capabilities")
	s.Dir = "/out"
	lines := strings.Split(run(t, r, s).Stdout, "\n")
	if lines[0] != "2" { // bwrap's init and the probe
		t.Errorf("the probe sees %s processes, want 2", lines[0])
	}
	if lines[1] != "slipway /out 1" {
		t.Errorf("host name, directory, parent: %q", lines[1])
	}
	for _, want := range []string{"CapEff:\t0000000000000000", "NoNewPrivs:\t1"} {
		if !slices.Contains(lines, want) {
			t.Errorf("the probe's status %q lacks %q", lines, want)
		}
	}
}

// processes counts this machine's processes whose command line contains a word.
func processes(word string) int {
	n := 0
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		if raw, err := os.ReadFile(f); err == nil && strings.Contains(string(raw), word) {
			n++
		}
	}
	return n
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 500 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("waited 5 seconds for %s", what)
}

func TestContextEnds(t *testing.T) {
	m := newMachine(t)
	r := m.runner(t)
	word := fmt.Sprintf("word-%d", time.Now().UnixNano())
	why := errors.New("a person ended it")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		for range 1000 {
			if processes(word) >= 3 { // bwrap, the probe, its daemon
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		cancel(why)
	}()
	begin := time.Now()
	_, err := r.Run(ctx, probe("daemon", word, ";", "sleep", "1h"))
	if !errors.Is(err, why) {
		t.Errorf("Run = %v, want %v", err, why)
	}
	if d := time.Since(begin); d > 20*time.Second {
		t.Errorf("it took %v", d)
	}
	waitFor(t, "the processes to be gone", func() bool { return processes(word) == 0 })
	if left, _ := filepath.Glob(filepath.Join(m.cache, "tmp", "run-*", "work", "step-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestDaemon checks that processes that a command leaves running end with it.
func TestDaemon(t *testing.T) {
	r := newMachine(t).runner(t)
	word := fmt.Sprintf("word-%d", time.Now().UnixNano())
	if out := run(t, r, probe("daemon", word)).Stdout; out != "ok daemon\n" {
		t.Fatalf("the probe says %q", out)
	}
	waitFor(t, "the daemon to be gone", func() bool { return processes(word) == 0 })
}

func TestExit(t *testing.T) {
	m := newMachine(t)
	r := m.runner(t)
	var exit *step.ExitError
	_, err := r.Run(t.Context(), probe("print", "the answer", ";", "stderr", "the reason", ";", "exit", "42"))
	if !errors.As(err, &exit) || exit.Code != 42 || exit.Step != "probe" || exit.Stdout != "the answer\n" {
		t.Fatalf("Run = %v", err)
	}
	if exit.Tail != "the answer\nthe reason" && exit.Tail != "the reason\nthe answer" {
		t.Errorf("tail %q", exit.Tail)
	}
	if !slices.Contains(m.log.lines, "the reason") || !slices.Contains(m.log.lines, "the answer") || !slices.Equal(m.log.ended, []string{"probe cached=false failed=true"}) {
		t.Errorf("logged %+v", m.log)
	}
	if _, err = r.Run(t.Context(), probe("kill")); !errors.As(err, &exit) || exit.Code == 0 {
		t.Errorf("killed by a signal: %v", err)
	}
	missing := probe()
	missing.Args = []string{"/bin/missing"}
	if _, err = r.Run(t.Context(), missing); !errors.As(err, &exit) || !strings.Contains(exit.Tail, "/bin/missing") {
		t.Errorf("no such command: %v", err)
	}
	entries, err := filepath.Glob(filepath.Join(m.cache, "steps", "*"))
	if err != nil || len(entries) > 0 {
		t.Errorf("failed steps are kept: %q, %v", entries, err)
	}
}

func TestQuiet(t *testing.T) {
	m := newMachine(t)
	s := probe("print", "an answer", ";", "stderr", "a warning")
	s.Quiet = true
	if out := run(t, m.runner(t), s).Stdout; out != "an answer\n" || !slices.Equal(m.log.lines, []string{"a warning"}) {
		t.Errorf("output %q, logged %q", out, m.log.lines)
	}
}

func TestMounts(t *testing.T) {
	m := newMachine(t)
	r := m.runner(t)
	first := probe("write", "/out/a/x", "first", ";", "write", "/out/keep", "k")
	first.Name, first.Outputs = "first", []step.Output{{Name: "dir", Path: "/out", Dir: true}, {Name: "x", Path: "/out/a/x"}}
	run(t, r, first)
	second := probe("cat", "/in/a/x", ";", "write", "/in/a/x", "changed", ";", "remove", "/in/keep", ";", "cat", "/in/a/x", ";", "write", "/ro/a/x", "changed", ";", "list", "/ro")
	second.Name = "second"
	second.Mounts = []step.Mount{{Path: "/in", Step: "first", Output: "dir"}, {Path: "/ro", Step: "first", Output: "dir", ReadOnly: true}}
	out := run(t, r, second).Stdout
	for _, want := range []string{"firstok /in/a/x\nok /in/keep\nchangedREFUSED /ro/a/x", "a/x -rw-r--r--", "keep -rw-r--r--"} {
		if !strings.Contains(out, want) {
			t.Errorf("the probe does not say %q:\n%s", want, out)
		}
	}
	if got := exported(t, r, "first", "x"); got != "first" {
		t.Errorf("a writable mount is no private copy: the output became %q", got)
	}
	if err := r.Export(t.Context(), "second", "none", t.TempDir()+"/x"); err == nil || !strings.Contains(err.Error(), `the step has no such output`) {
		t.Errorf("Export of no output: %v", err)
	}
	if err := r.Export(t.Context(), "third", "x", t.TempDir()+"/x"); err == nil || !strings.Contains(err.Error(), "the step has not run") {
		t.Errorf("Export of no step: %v", err)
	}
	third := second
	third.Name, third.Mounts = "third", []step.Mount{{Path: "/in", Step: "zeroth", Output: "dir"}}
	_, err := r.Run(t.Context(), third)
	wantError(t, err, `step "zeroth" has not run`)
}

// TestMountInsideMount checks that an output includes what was mounted inside it, as in a target
// directory that starts with another target's host part.
func TestMountInsideMount(t *testing.T) {
	r := newMachine(t).runner(t)
	first := probe("write", "/out/lib", "of the first", ";", "link", "lib", "/out/alias")
	first.Name, first.Outputs = "first", []step.Output{{Name: "host", Path: "/out", Dir: true}}
	run(t, r, first)
	second := probe("cat", "/out/release/lib", ";", "write", "/out/release/more", "m", ";", "write", "/out/own", "o")
	second.Name = "second"
	second.Mounts = append(second.Mounts, step.Mount{Path: "/out/release", Step: "first", Output: "host"})
	second.Outputs = []step.Output{{Name: "target", Path: "/out", Dir: true}, {Name: "host", Path: "/out/release", Dir: true}}
	if out := run(t, r, second).Stdout; !strings.HasPrefix(out, "of the first") {
		t.Fatalf("the probe says %q", out)
	}
	third := probe("list", "/target", ";", "list", "/host")
	third.Name = "third"
	third.Mounts = []step.Mount{{Path: "/host", Step: "second", Output: "host"}, {Path: "/target", Step: "second", Output: "target"}}
	out := run(t, r, third).Stdout
	for _, want := range []string{"release/lib ", "release/more ", "release/alias -> lib", "own ", "\nlib ", "\nmore "} {
		if !strings.Contains(out, want) {
			t.Errorf("the third step does not find %q:\n%s", want, out)
		}
	}
}

func TestStepAsImage(t *testing.T) {
	r := newMachine(t).runner(t)
	root := probe("write", "/out/root/etc/marker", "made")
	root.Name, root.Outputs = "root", []step.Output{{Name: "root", Path: "/out/root", Dir: true}}
	run(t, r, root)
	in := probe("cat", "/etc/marker")
	in.Image = step.Image{Step: "root", Output: "root"}
	in.Mounts = append(in.Mounts, step.Mount{Path: "/of", Step: "root", Output: "root", ReadOnly: true})
	var exit *step.ExitError
	if _, err := r.Run(t.Context(), in); !errors.As(err, &exit) { // it has no probe
		t.Errorf("Run in an image without the command: %v", err)
	}
}
