package checkout

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// commandTimeout is the timeout of one git command. A repository can name a FIFO as an object,
// which blocks for ever; a large repository legitimately takes a while.
const commandTimeout = 5 * time.Minute

// newCommand prepares a git command that gets only the given environment: none of the
// caller's tokens, nor variables that configure git.
func newCommand(ctx context.Context, env []string, args ...string) (*command, error) {
	path, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("%w: install git, or release from a directory that is not a checkout", err)
	}
	ctx, expire := context.WithTimeoutCause(ctx, commandTimeout, fmt.Errorf("it took longer than %s", commandTimeout))
	ctx, end := context.WithCancelCause(ctx)
	cmd := exec.CommandContext(ctx, path, append([]string{"--no-pager"}, args...)...)
	cmd.Env = env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	return &command{
		Cmd: cmd, ctx: ctx, end: end, file: maxIndex,
		cancel: func() { end(nil); expire() }, special: func(context.Context) string { return "" },
	}, nil
}

// command is a git process with limits on time, memory, and what it reads, writes and
// prints.
type command struct {
	*exec.Cmd
	ctx    context.Context // the context of this command
	end    context.CancelCauseFunc
	cancel context.CancelFunc

	file    int64                        // the largest file it may write, in bytes
	count   bool                         // count the records of its output, but keep none
	special func(context.Context) string // returns a special file that may block it, "" if there is none
}

// run runs a command and returns its standard output.
func run(c *command) ([]byte, error) {
	defer c.cancel()
	out := &limited{max: maxAnswer, records: maxEntries, discard: c.count, over: c.end}
	errs := &limited{max: 64 << 10, records: maxEntries, over: func(error) {}}
	c.Stdout, c.Stderr = out, errs
	asked := strings.Join(c.Args[2:], " ")
	err := bound(c.Cmd, c.file)
	if err == nil {
		err = c.Start()
	}
	if err == nil {
		go watch(c.ctx, c.Process.Pid, c.special, c.end)
		err = c.Wait()
	}
	switch {
	case c.ctx.Err() != nil:
		err = context.Cause(c.ctx)
	case err != nil:
		err = explain(&exitError{err: err, words: strings.TrimSpace(errs.kept.String())}, c.file)
	}
	if err != nil {
		return nil, fmt.Errorf("`git %s`: %w", asked, err)
	}
	return out.kept.Bytes(), nil
}

// explain adds to git's error which limit was exceeded, if any.
func explain(e *exitError, file int64) error {
	var exit *exec.ExitError
	if errors.As(e.err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGXFSZ {
			return fmt.Errorf("it wrote a file of more than %d bytes, expected a smaller repository: %w", file, e)
		}
	}
	if strings.Contains(e.words, "Out of memory") || strings.Contains(e.words, "out of memory") || strings.Contains(e.words, "Cannot allocate memory") {
		return fmt.Errorf("it needs more than %d bytes of memory, expected a smaller repository: %w", int64(maxMemory), e)
	}
	return e
}

// exitError is a git command that failed, with what it wrote to standard error.
type exitError struct {
	err   error
	words string
}

func (e *exitError) Error() string {
	if e.words == "" {
		return e.err.Error()
	}
	return e.words
}

func (e *exitError) Unwrap() error { return e.err }

// silent reports whether git answered "no" (exit code 1, no message) rather than failed.
func (e *exitError) silent() bool {
	var exit *exec.ExitError
	return errors.As(e.err, &exit) && exit.ExitCode() == 1 && e.words == ""
}

// userEnv returns the environment git needs to read the user's own configuration.
func userEnv() []string {
	env := []string{"LC_ALL=C", "GIT_TERMINAL_PROMPT=0"}
	for _, name := range []string{"PATH", "HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "SUDO_UID"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
