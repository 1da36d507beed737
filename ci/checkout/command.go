package checkout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// patience is how long one question may take: a repository can name a FIFO as an object,
// and a large one takes its time to be read.
const patience = 5 * time.Minute

// maxAnswer is how much of an answer is read.
const maxAnswer = 64 << 20

// newCommand makes a command that runs git with an environment and nothing else of the
// caller's: neither tokens nor variables that configure git.
func newCommand(ctx context.Context, env []string, args ...string) (*command, error) {
	path, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("%w: install git, or release from a directory that is no checkout", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it took longer than %s", patience))
	cmd := exec.CommandContext(ctx, path, append([]string{"--no-pager"}, args...)...)
	cmd.Env = env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	return &command{Cmd: cmd, ctx: ctx, cancel: cancel}, nil
}

type command struct {
	*exec.Cmd
	ctx    context.Context // the command's own
	cancel context.CancelFunc
}

// run runs a command and returns what it prints.
func run(c *command) ([]byte, error) {
	defer c.cancel()
	out, errs := &limited{max: maxAnswer}, &limited{max: 64 << 10}
	c.Stdout, c.Stderr = out, errs
	err := c.Run()
	switch {
	case c.ctx.Err() != nil:
		err = context.Cause(c.ctx)
	case out.full:
		err = fmt.Errorf("it answers with more than %d bytes", out.max)
	case err != nil:
		err = &exitError{err: err, words: strings.TrimSpace(errs.String())}
	}
	if err != nil {
		return nil, fmt.Errorf("`git %s`: %w", strings.Join(c.Args[2:], " "), err)
	}
	return out.Bytes(), nil
}

// exitError is a command that git has refused, with its words.
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

// silent reports whether git has answered no, and nothing was wrong.
func (e *exitError) silent() bool {
	var exit *exec.ExitError
	return errors.As(e.err, &exit) && exit.ExitCode() == 1 && e.words == ""
}

// limited keeps the first bytes that are written to it.
type limited struct {
	bytes.Buffer
	max  int
	full bool
}

func (l *limited) Write(p []byte) (int, error) {
	if room := l.max - l.Len(); len(p) > room {
		l.full = true
		_, _ = l.Buffer.Write(p[:room])
		return len(p), nil
	}
	return l.Buffer.Write(p)
}

// userEnv is what git needs to read the user's own configuration.
func userEnv() []string {
	env := []string{"LC_ALL=C", "GIT_TERMINAL_PROMPT=0"}
	for _, name := range []string{"PATH", "HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "SUDO_UID"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
