package step

import (
	"context"
	"fmt"
	"time"

	"dagger/slipway/ci/console"
)

// Runner runs steps. It is made with the trees and images that the steps name,
// and remembers the outputs of the steps that it has run, so that later ones
// can take them. Run may be called from several goroutines for steps that do
// not need each other.
type Runner interface {
	// Name is the runner's name for people: "local", "dagger".
	Name() string
	// Run runs one step whose needs have run before. A command that exits with
	// a status other than 0 is an *ExitError; a missing output is an error that
	// names it. When ctx ends, the command and all that it started end.
	Run(ctx context.Context, s Step) (Result, error)
	// Export copies a file or directory that a step left to a path on this machine,
	// which must not exist. What is there afterwards is a copy that no step can reach,
	// of regular files and directories alone (see [Output].Links), within
	// [beneath.ReleaseLimits]; files keep their permissions. Anything else that the
	// command left is an error that names it, and then nothing is there.
	Export(ctx context.Context, step, output, to string) error
	// ImageDigest is the digest, "sha256:…", of what a registry had under a
	// reference when a step first ran in it: of the index where it is one.
	ImageDigest(ctx context.Context, ref string) (string, error)
}

// Result is what is known of a step that has run.
type Result struct {
	// Stdout is what the command wrote to standard output.
	Stdout string
	// Cached says that the command did not run now: the result of an equal step
	// on equal inputs was taken.
	Cached bool
	// Duration is the time that Run took.
	Duration time.Duration
}

// ExitError is returned for a command that ran and failed.
type ExitError struct {
	Step   string
	Code   int
	Stdout string
	// Tail is the end of the command's output, both streams.
	Tail string
}

func (e *ExitError) Error() string {
	return fmt.Sprintf("running step %q: its command exited with status %d\n%s", e.Step, e.Code, e.Tail)
}

// Printed is the text for people, in which what the command wrote passes for nothing else.
func (e *ExitError) Printed() string {
	return console.Sprintf("running step %q: its command exited with status %d\n%s", e.Step, e.Code, console.Lines(console.Quoted(e.Tail)))
}

// Log receives what happens while steps run. Its methods are called from
// several goroutines.
type Log interface {
	// Begin and End frame a step. err is nil when it succeeded.
	Begin(s Step)
	End(s Step, r Result, err error)
	// Line is one line of the step's output, without its end.
	Line(s Step, line string)
}
