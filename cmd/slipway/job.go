package main

import (
	"errors"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/console"
)

// shownPlan is a plan for a crate, a train or images.
type shownPlan interface {
	Text() (string, error)
	JSON() ([]byte, error)
	Digest() (string, error)
}

// show prints a plan and sets its digest as an output of the job's step.
func (o *options) show(c *cobra.Command, p shownPlan) error {
	digest, err := p.Digest()
	if err != nil {
		return err
	}
	return errors.Join(o.either(c, p.Text, p.JSON), console.SetOutput("plan", digest))
}

// tellJob adds the summary to the GitHub Actions job's summary. It sets the step's output
// "plan" to the plan's digest, and "digest" to that of the directory left for another job, if
// there is one.
func tellJob(s summary) error {
	err := errors.Join(console.AddSummary(s.Markdown()), console.SetOutput("plan", s.PlanDigest()))
	if digest := s.HandoverDigest(); digest != "" {
		err = errors.Join(err, console.SetOutput("digest", digest))
	}
	return err
}
