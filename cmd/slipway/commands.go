package main

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/console"
	"dagger/slipway/ci/release"
)

func testCommand() *cobra.Command {
	o := &options{}
	c := &cobra.Command{
		Use:   "test --crate NAME --version VERSION",
		Short: "Run a crate's tests for both targets, as a release would",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.run(c, func(r *release.Release) (*release.Summary, error) { return r.Test(c.Context()) })
		},
	}
	o.planFlags(c)
	o.runFlags(c)
	return c
}

func buildCommand() *cobra.Command {
	o := &options{}
	c := &cobra.Command{
		Use:   "build --crate NAME --version VERSION",
		Short: "Build a crate's binaries for both targets, as a release would",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return o.run(c, func(r *release.Release) (*release.Summary, error) { return nil, r.Build(c.Context()) })
		},
	}
	o.planFlags(c)
	o.runFlags(c)
	c.Flags().StringVar(&o.out, "out", "bin", "`directory` for the binaries, one below it per target")
	return c
}

// run opens a release, calls do with it and reports the summary.
func (o *options) run(c *cobra.Command, do func(*release.Release) (*release.Summary, error)) error {
	r, done, err := o.open(c.Context())
	if err != nil {
		return err
	}
	s, err := do(r)
	if err = errors.Join(err, done()); s == nil {
		return err
	}
	return o.report(c, s, err)
}

// summary is the result of a run for a crate, a train or images.
type summary interface {
	Text(dir string) string
	JSON() ([]byte, error)
	Markdown() string
	Failed() bool
	PlanDigest() string
	HandoverDigest() string
}

// report prints a summary and adds it to the job's. err is the result of the run, and is
// returned.
func (o *options) report(c *cobra.Command, s summary, err error) error {
	if err := errors.Join(err, tellJob(s)); err != nil {
		if o.json && s.Failed() { // programs need to know what has happened
			err = errors.Join(err, o.print(c, s))
		}
		return err
	}
	return o.print(c, s)
}

// print prints a summary as text or JSON.
func (o *options) print(c *cobra.Command, s summary) error {
	return o.either(c, func() (string, error) { return s.Text(o.out), nil }, s.JSON)
}

// either prints JSON if it was asked for, and text otherwise.
func (o *options) either(c *cobra.Command, text func() (string, error), asJSON func() ([]byte, error)) error {
	if o.json {
		raw, err := asJSON()
		if err != nil {
			return err
		}
		_, err = c.OutOrStdout().Write(raw)
		return err
	}
	words, err := text()
	if err != nil {
		return err
	}
	_, err = io.WriteString(c.OutOrStdout(), words)
	return err
}

func planCommand() *cobra.Command {
	o := &options{}
	c := &cobra.Command{
		Use:     "plan --crate NAME --version VERSION",
		Short:   "Print everything that a release would do, and its digest; run nothing",
		Example: "  slipway plan --source examples/workspace --crate shim-demo --version 0.1.0 --json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, p, err := o.plan(c.Context())
			if err != nil {
				return err
			}
			return o.show(c, p)
		},
	}
	o.planFlags(c)
	o.signing.flags(c) // the plan says how it signs, and with which services
	return c
}

func toolchainCommand() *cobra.Command {
	o := &options{}
	var base string
	c := &cobra.Command{
		Use:   "toolchain",
		Short: "Make slipway's own toolchain image from Debian packages, as an OCI layout",
		Long: `Make the image that crates are built in where none is named: Rust with the two
musl targets and wasm32-wasip1, from signed Debian packages alone. It is made
once for each recipe and kept in the cache; the path of its OCI layout is
printed. Pass it to --toolchain, or push it with any tool that reads layouts.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			log := newProgress(console.Stderr)
			dir, err := o.ensureToolchain(c.Context(), base, log)
			if err := errors.Join(err, log.close()); err != nil {
				return err
			}
			if o.out != "" {
				if err := copyLayout(dir, o.out); err != nil {
					return err
				}
				dir = o.out
			}
			console.Fprintf(c.OutOrStdout(), "%s\n", dir)
			return nil
		},
	}
	c.Flags().StringVar(&base, "base", "", "Debian `image` with apt to fetch the packages with (default: this machine)")
	c.Flags().StringVar(&o.cache, "cache", "", "`directory` for what can be made again (default: the user's cache directory)")
	c.Flags().StringVar(&o.out, "out", "", "`directory` to copy the OCI layout to")
	return c
}
