package step

import (
	"context"
	"fmt"
	"time"

	"dagger/slipway/ci/console"
)

// Runner runs steps. It is created with the trees and images that the steps name, and keeps the
// outputs of the steps it has run for later ones. Run may be called concurrently for steps that
// do not need each other.
type Runner interface {
	// Name returns the runner's name for people: "local", "dagger".
	Name() string
	// Run runs one step, after the steps that it needs. A command that exits with a status other
	// than 0 is an *ExitError; a missing output is an error that names it. When ctx ends, the
	// command and everything that it started are killed.
	Run(ctx context.Context, s Step) (Result, error)
	// Export copies a file or directory that a step left to a path on this machine, which must
	// not exist. The copy cannot be reached by any step, has only regular files and directories
	// (but see [Output].Links) and is within [beneath.ReleaseLimits]; files keep their
	// permissions. Anything else in the output is an error that names it, and nothing is left at
	// the path.
	Export(ctx context.Context, step, output, to string) error
	// ImageDigest returns the digest, "sha256:…", that a registry had for a reference when a step
	// first used it: the index's digest if it is an index.
	ImageDigest(ctx context.Context, ref string) (string, error)
}

// Result is the result of a step that has run.
type Result struct {
	// Stdout is what the command wrote to standard output.
	Stdout string
	// Cached reports that the command did not run now, because the result of an equal step with
	// equal inputs was reused.
	Cached bool
	// Duration is how long Run took.
	Duration time.Duration
}

// ExitError is the error of a command that exited with a status other than 0.
type ExitError struct {
	Step   string
	Code   int
	Stdout string
	// Tail is the end of the command's standard output and error.
	Tail string
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("running step %q: its command exited with status %d\n%s", e.Step, e.Code, e.Tail)
}

// Printed returns the error's text for people, with the command's output quoted so that it cannot
// be mistaken for anything else.
func (e *ExitError) Printed() string {
	return console.Sprintf("running step %q: its command exited with status %d\n%s", e.Step, e.Code, console.Lines(console.Quoted(e.Tail)))
}

// Log receives progress while steps run. Its methods are called concurrently.
type Log interface {
	// Begin and End are called before and after a step. err is nil if it succeeded.
	Begin(s Step)
	End(s Step, r Result, err error)
	// Line receives one line of the step's output, without its line ending.
	Line(s Step, line string)
}
