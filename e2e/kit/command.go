package kit

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

// commandTimeout is the timeout of a command.
const commandTimeout = 20 * time.Minute

// Command is a program to run, with its directory and environment.
type Command struct {
	Args []string // starts with the program
	Dir  string
	Env  []string // added to the tests' own
}

// Run runs the command until it ends, whatever its exit status.
func (c Command) Run(t testing.TB) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Dir, cmd.Env = c.Dir, append(os.Environ(), c.Env...)
	cmd.WaitDelay = time.Minute
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begin := time.Now()
	if err := cmd.Run(); cmd.ProcessState == nil || ctx.Err() != nil {
		t.Fatalf("running %q: %v\n%s", c.Args, err, stderr.String())
	}
	return Result{c, stdout.String(), stderr.String(), cmd.ProcessState.ExitCode(), time.Since(begin)}
}

// WithoutFlag returns the arguments without a flag and its value.
func WithoutFlag(args []string, flag string) []string {
	i := slices.Index(args, flag)
	return slices.Delete(slices.Clone(args), i, i+2)
}
