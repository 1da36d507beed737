// Command slipway releases crates of a Rust workspace from containers. It has the same
// functions as the Dagger module, and runs with or without a Dagger engine.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/app"
	"dagger/slipway/ci/console"
)

// errInterrupted is the cause of a context cancelled by a signal.
var errInterrupted = errors.New("interrupted: run the same command again to continue")

func main() {
	syscall.Umask(0o022) // a step's results must not depend on the caller's umask
	ctx, cancel := context.WithCancelCause(context.Background())
	go interrupt(cancel)
	end, err := console.TakeOver()
	if err != nil {
		console.Fprintf(console.Stderr, "slipway: preparing to print: %v\n", err)
		os.Exit(1)
	}
	status := run(ctx)
	_ = end() // there is nowhere left to report an error
	os.Exit(status)
}

// patience is how long an interrupted run may take to end what it has begun.
const patience = 30 * time.Second

// interrupt waits for a signal, and cancels the run. A second signal ends the process at once, as
// does the end of patience: what computes, like the parser of a file, never looks at the context.
func interrupt(cancel context.CancelCauseFunc) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	<-signals
	cancel(errInterrupted)
	signal.Stop(signals)
	time.Sleep(patience)
	console.Fprintf(console.Stderr, "slipway: %v\n", errInterrupted)
	os.Exit(130)
}

// run runs the command, prints its error and returns the exit status.
func run(ctx context.Context) int {
	err := newCommand(openMachine).ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var exit exitError
	if errors.As(err, &exit) && exit.err == nil {
		return exit.status
	}
	console.Fprintf(console.Stderr, "slipway: %s\n", console.Lines(hideSecrets(console.ErrorText(err))))
	switch {
	case exit.status != 0:
		return exit.status
	case errors.Is(err, errInterrupted):
		return 130
	}
	return 1
}

// opener returns the host of a command, and a function to call in the end.
type opener func(*cobra.Command) (h app.Host, done func() error)

func newCommand(open opener) *cobra.Command {
	root := &cobra.Command{
		Use:   "slipway",
		Short: "Release crates of a Rust workspace from containers",
		Long: `slipway releases crates of a Rust workspace from containers: it checks the
inputs, builds the crate for x86_64 and aarch64 with musl, runs that crate's
tests and packages what users download. It runs on a Dagger engine where one
answers, and in sandboxes of its own where none does: same plan, same bytes.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetOut(console.Stdout)
	root.SetErr(console.Stderr)
	root.SetFlagErrorFunc(flagError)
	root.Args, root.SuggestionsMinimumDistance = noArguments, 2
	root.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	for _, c := range commands() {
		define(&c.Command, c.verb, open)
		if c.Args = noArguments; c.args != nil {
			c.Args = cobra.ArbitraryArgs
		}
		c.RunE = func(cmd *cobra.Command, args []string) error { return c.run(cmd, args, open) }
		root.AddCommand(&c.Command)
	}
	return root
}
