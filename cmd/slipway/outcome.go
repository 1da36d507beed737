package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/app"
	"dagger/slipway/ci/console"
)

// exitError ends the command with a specific exit status. Without err nothing is printed.
type exitError struct {
	status int
	err    error
}

func (e exitError) Error() string { return fmt.Sprint(e.err) }

func (e exitError) Unwrap() error { return e.err }

// run runs the verb and prints its outcome.
func (c *command) run(cmd *cobra.Command, args []string, open opener) error {
	if c.args != nil {
		*c.args = args
	}
	h, done := open(cmd)
	made, err := c.verb.Run(cmd.Context(), h)
	err = report(cmd, made, err)
	if ending := done(); ending != nil {
		err = errors.Join(err, ending)
	}
	return err
}

// report prints an outcome, tells the job of it, and returns the error that makes the exit status.
func report(cmd *cobra.Command, made app.Outcome, err error) error {
	for _, note := range made.Notes {
		console.Fprintf(cmd.ErrOrStderr(), "note: %s\n", note)
	}
	_, printed := io.WriteString(cmd.OutOrStdout(), made.Output)
	if told := errors.Join(tellJob(made), printed); told != nil {
		err = errors.Join(err, told)
	}
	status := map[app.Verdict]int{app.Bad: 1, app.Unknown: 2}[made.Verdict]
	if status != 0 {
		return exitError{status, err}
	}
	return err
}

// tellJob adds to the GitHub Actions job's summary. It sets the step's output "plan" to the plan's
// digest, and "digest" to that of the directory left for another job.
func tellJob(made app.Outcome) error {
	var errs []error
	if made.Markdown != "" {
		errs = append(errs, console.AddSummary(made.Markdown))
	}
	for name, value := range map[string]string{"plan": made.Plan, "digest": made.Digest} {
		if value != "" {
			errs = append(errs, console.SetOutput(name, value))
		}
	}
	return errors.Join(errs...)
}
