package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// commandTimeout is the timeout of a command.
const commandTimeout = 20 * time.Minute

// command is a program to run, with its directory and environment.
type command struct {
	args []string // starts with the program
	dir  string
	env  []string // added to the tests' own
}

// result is the outcome of a command.
type result struct {
	command
	stdout, stderr string
	code           int
	took           time.Duration
}

// run runs the command until it ends, whatever its exit status.
func (c command) run(t testing.TB) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTimeout)
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

// wantCode ends the test unless the command exited with the given status.
func (r result) wantCode(t testing.TB, code int) result {
	t.Helper()
	if r.code != code {
		t.Fatalf("%q exited with status %d, expected %d\nstdout: %s\nstderr: %s", r.args, r.code, code, last(r.stdout), last(r.stderr))
	}
	return r
}

// wantStderr fails the test unless stderr contains each text.
func (r result) wantStderr(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.stderr, text) {
			t.Errorf("stderr does not say %q:\n%s", text, last(r.stderr))
		}
	}
}

// message returns the slipway command's error message.
func (r result) message() string {
	text := "\n" + r.stderr
	if i := strings.LastIndex(text, "\nslipway: "); i >= 0 {
		return text[i+1:]
	}
	return ""
}

// wantError fails the test unless the error message contains each text and is not a panic.
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

// process is a command that runs in the background.
type process struct {
	*exec.Cmd
	out output // standard output and standard error
	end chan error
}

// output is a buffer that can be read while it is written to.
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

// start starts the command in its own process group.
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

// until waits until moment is true for the output, and reports whether that happened before
// the process ended.
func (p *process) until(t testing.TB, moment func(output string) bool) bool {
	t.Helper()
	for limit := time.Now().Add(commandTimeout); time.Now().Before(limit); time.Sleep(time.Millisecond) {
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

// code waits until the process ends and returns its exit status, -1 after a signal.
func (p *process) code() int {
	p.end <- <-p.end
	return p.ProcessState.ExitCode()
}

// last returns the end of a long text.
func last(s string) string {
	const limit = 6 << 10
	if len(s) > limit {
		return "…" + s[len(s)-limit:]
	}
	return s
}

// without returns the arguments without a flag and its value.
func without(args []string, flag string) []string {
	i := slices.Index(args, flag)
	return slices.Delete(slices.Clone(args), i, i+2)
}
