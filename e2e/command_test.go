package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a command may take.
const patience = 20 * time.Minute

// command is a program to run and what it sees.
type command struct {
	args []string // the program first
	dir  string
	env  []string // over the tests' own
}

// result is how a command ended.
type result struct {
	command
	stdout, stderr string
	code           int
	took           time.Duration
}

// run runs the command to its end, whatever that is.
func (c command) run(t testing.TB) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir, cmd.Env = c.dir, append(os.Environ(), c.env...)
	cmd.WaitDelay = time.Minute
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begin := time.Now()
	if err := cmd.Run(); cmd.ProcessState == nil || ctx.Err() != nil {
		t.Fatalf("running %q: %v\n%s", c.args, err, stderr.String())
	}
	return result{c, stdout.String(), stderr.String(), cmd.ProcessState.ExitCode(), time.Since(begin)}
}

// wantCode ends the test unless the command exited with that status.
func (r result) wantCode(t testing.TB, code int) result {
	t.Helper()
	if r.code != code {
		t.Fatalf("%q exited with status %d, expected %d\nstdout: %s\nstderr: %s", r.args, r.code, code, last(r.stdout), last(r.stderr))
	}
	return r
}

// wantStderr fails the test unless the text is there.
func (r result) wantStderr(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.stderr, text) {
			t.Errorf("stderr does not say %q:\n%s", text, last(r.stderr))
		}
	}
}

// message is what the slipway command says last: its error.
func (r result) message() string {
	text := "\n" + r.stderr
	if i := strings.LastIndex(text, "\nslipway: "); i >= 0 {
		return text[i+1:]
	}
	return ""
}

// wantError fails the test unless the error says the texts, and is one.
func (r result) wantError(t testing.TB, texts ...string) {
	t.Helper()
	message := r.message()
	if message == "" || strings.Contains(r.stderr, "goroutine ") {
		t.Errorf("no error for people on stderr:\n%s", last(r.stderr))
	}
	for _, text := range texts {
		if !strings.Contains(message, text) {
			t.Errorf("the error does not say %q:\n%s", text, last(message))
		}
	}
}

// process is a command that runs while the test goes on.
type process struct {
	*exec.Cmd
	out output // both streams
	end chan error
}

// output is a buffer that is read while it is written.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// start runs the command, in a process group of its own.
func (c command) start(t testing.TB) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(c.args[0], c.args[1:]...), end: make(chan error, 1)}
	p.Dir, p.Env = c.dir, append(os.Environ(), c.env...)
	p.Stdout, p.Stderr = &p.out, &p.out
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.WaitDelay = time.Minute
	check(t, p.Start())
	t.Cleanup(func() { _ = p.Process.Kill() })
	go func() { p.end <- p.Wait() }()
	return p
}

// until waits for a moment in the life of the process and reports whether it
// came before its end.
func (p *process) until(t testing.TB, moment func(output string) bool) bool {
	t.Helper()
	for limit := time.Now().Add(patience); time.Now().Before(limit); time.Sleep(time.Millisecond) {
		if moment(p.out.String()) {
			return true
		}
		select {
		case err := <-p.end:
			p.end <- err
			return false
		default:
		}
	}
	t.Fatalf("%q: the moment never came:\n%s", p.Args, last(p.out.String()))
	return false
}

// code waits for the end and returns the exit status, -1 after a signal.
func (p *process) code() int {
	p.end <- <-p.end
	return p.ProcessState.ExitCode()
}

// last is the end of a long text.
func last(s string) string {
	const limit = 6 << 10
	if len(s) > limit {
		return "…" + s[len(s)-limit:]
	}
	return s
}
