package kit

import (
	"testing"
)

// Runner says where the slipway command runs the steps of a release. The zero value plans.
type Runner struct {
	Name   string
	Prefix []string // wraps the command
	Flags  []string
	Env    []string
	Home   string // directory of another user as whom it runs, "" for our own
}

// Release is a request to the slipway command: a crate of a workspace at a version.
type Release struct {
	Source, Crate, Version string
	Out                    string // directory for the artifacts
	Flags, Env             []string
}

// Command returns the slipway command for a verb and a request.
func (w *Runner) Command(verb string, r Release) Command {
	args := append(append([]string{}, w.Prefix...), Slipway, verb, "--source", r.Source, "--crate", r.Crate, "--version", r.Version)
	if verb != "plan" {
		args = append(args, w.Flags...)
	}
	if r.Out != "" {
		args = append(args, "--out", r.Out)
	}
	return Command{Args: append(args, r.Flags...), Env: append(append([]string{}, w.Env...), r.Env...)}
}

// Release runs release-crate, by default a dry run.
func (w *Runner) Release(t testing.TB, r Release) Result {
	t.Helper()
	return w.Command("release-crate", r).Run(t)
}

// Test runs `slipway test`.
func (w *Runner) Test(t testing.TB, r Release) Result {
	t.Helper()
	return w.Command("test", r).Run(t)
}
