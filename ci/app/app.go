// Package app is what slipway does: one struct for each verb, whose fields declare its options
// (see [Options]). The Dagger module and the slipway command set the fields from their arguments,
// call Run with their [Host], and print the [Outcome]. Everything else about a verb is decided
// here, so that both do the same.
package app

import (
	"context"
	"errors"

	"dagger/slipway/ci/checkout"
	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/report"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/toolchain"
)

// Verb is something that slipway does.
type Verb interface {
	// Run does it. With an error the outcome may still hold what has to be told.
	Run(ctx context.Context, h Host) (Outcome, error)
}

// Host is where a verb runs: a machine with the slipway command, or a Dagger session.
type Host interface {
	// Source copies the workspace's source, once, so that what is planned is what is built.
	Source(ctx context.Context, r Root) (*checkout.Source, error)
	// Files returns a directory of the caller on this machine, with all of its files.
	Files(ctx context.Context, dir string) (string, error)
	// ToolchainName returns the plan's name for the toolchain image that the caller has named, ""
	// if there is none. An image that lies in a directory is named by its digest, because its
	// path differs between machines.
	ToolchainName(ctx context.Context, image string) (string, error)
	// Rust returns the caller's address of rustup's distribution server and channel of Rust, given
	// those of the options; "" for the defaults.
	Rust(server, channel string) (string, string)
	// Runners opens a runner for each crate of a plan.
	Runners(ctx context.Context, j Job) (*Runners, error)
	// Registries looks up the tokens of registries other than crates.io.
	Registries(ctx context.Context) (credential.Registries, error)
	// MakeToolchain makes slipway's own toolchain image and returns how the host names it.
	MakeToolchain(ctx context.Context, t *Toolchain, image toolchain.Image) (string, error)
	// Out returns the directory to write to for the one that the caller has named.
	Out(named string) string
	// Temp makes a private directory, which the host removes in the end.
	Temp() (string, error)
	// Again returns the words of the command that continues an interrupted run.
	Again() string
}

// Job is what runners are opened for.
type Job struct {
	Plan      *plan.Plan
	Root      Root
	Toolchain string // as the caller has named it
	Base      string // likewise, of the image that slipway's own is made in; "" for the default
	// Image is how the plan's toolchain is made, if slipway makes it.
	Image   toolchain.Image
	Running Running
	// Secrets returns the values of secrets for the steps of a crate.
	Secrets func(*plan.Crate) step.Secrets
}

// Runners are the runners of a job.
type Runners struct {
	List []step.Runner // one for each crate, because steps of different crates have the same names
	// ToolchainBase is the image that slipway's own toolchain is built from, if it is not the
	// default.
	ToolchainBase string
	Tell          func(string)
	Close         func() error
}

// Outcome is what a verb has done.
type Outcome struct {
	// Output is the result: JSON if the caller has asked for it, and text otherwise.
	Output string
	// Notes are sentences to read before the output.
	Notes []string
	// Markdown is for the summary of a job of GitHub Actions, "" for none.
	Markdown string
	// Plan is the plan's digest, and Digest that of the directory left for another job; "" if
	// there is none.
	Plan, Digest string
	// Dir is the directory that files were written to.
	Dir string
	// Files holds the text of files to change in the workspace, by path.
	Files map[string]string
	// Verdict says how a comparison ended, and Finding the same in words unless it is good.
	Verdict Verdict
	Finding error
}

// Verdict is how a comparison ended.
type Verdict int

// The verdicts. Unknown with an error means that nothing could be compared.
const (
	Good Verdict = iota
	Bad
	Unknown
)

// told returns the outcome of a run. shown is the directory with its files as the caller has
// named it. err is the run's own error: programs need to know what a failed one has done.
func (o Output) told(r *report.Report, shown string, err error) (Outcome, error) {
	made := Outcome{Markdown: r.Markdown(), Plan: r.Plan, Digest: string(r.Digest)}
	if err != nil && (!o.JSON || r.Error == "") {
		return made, err
	}
	words, rendered := o.either(func() (string, error) { return r.Text(shown), nil }, r.JSON)
	made.Output = words
	return made, errors.Join(err, rendered)
}

// planned returns a plan as an outcome.
func (o Output) planned(p *plan.Plan) (Outcome, error) {
	digest, err := p.Digest()
	if err != nil {
		return Outcome{}, err
	}
	words, err := o.either(p.Text, p.JSON)
	return Outcome{Output: words, Plan: digest}, err
}

// either returns JSON if it was asked for, and text otherwise.
func (o Output) either(text func() (string, error), asJSON func() ([]byte, error)) (string, error) {
	if !o.JSON {
		return text()
	}
	raw, err := asJSON()
	return string(raw), err
}
