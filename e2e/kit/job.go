package kit

import (
	"bytes"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Job is a command that runs in the background.
type Job struct {
	*exec.Cmd
	Out Output     // standard output and standard error
	End chan error // receives the result of Wait
}

// Output is a buffer that can be read while it is written to.
type Output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// Start starts the command in its own process group. The process is killed when the test
// ends.
func (c Command) Start(t testing.TB) *Job {
	t.Helper()
	p := &Job{Cmd: exec.Command(c.Args[0], c.Args[1:]...), End: make(chan error, 1)}
	p.Dir, p.Env = c.Dir, append(os.Environ(), c.Env...)
	p.Stdout, p.Stderr = &p.Out, &p.Out
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.WaitDelay = time.Minute
	Check(t, p.Start())
	t.Cleanup(func() { _ = p.Process.Kill() })
	go func() { p.End <- p.Wait() }()
	return p
}

// Until waits until moment is true for the output, and reports whether that was before the
// process ended.
func (p *Job) Until(t testing.TB, moment func(output string) bool) bool {
	t.Helper()
	for limit := time.Now().Add(commandTimeout); time.Now().Before(limit); time.Sleep(time.Millisecond) {
		if moment(p.Out.String()) {
			return true
		}
		select {
		case err := <-p.End:
			p.End <- err
			return false
		default:
		}
	}
	t.Fatalf("%q: the moment never came:\n%s", p.Args, Tail(p.Out.String()))
	return false
}

// ExitCode waits until the process ends and returns its exit status, -1 after a signal.
func (p *Job) ExitCode() int {
	p.End <- <-p.End
	return p.ProcessState.ExitCode()
}

// Trigger arranges for now to be called at some moment of a release.
type Trigger func(now func())

// KillWhen starts a command and kills its process group when the trigger fires. It reports
// whether that was before the command ended.
func KillWhen(t testing.TB, c Command, at Trigger) bool {
	t.Helper()
	var once sync.Once
	var killed atomic.Bool
	var pid int
	started := make(chan struct{})
	at(func() {
		<-started
		once.Do(func() { killed.Store(syscall.Kill(-pid, syscall.SIGKILL) == nil) })
	})
	p := c.Start(t)
	pid = p.Process.Pid
	close(started)
	code := p.ExitCode()
	once.Do(func() {}) // wait until a kill in progress has been recorded
	return code == -1 && killed.Load()
}
