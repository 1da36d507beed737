package main

import (
	"errors"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/console"
)

// shownPlan is a plan of a crate, of a train or of images.
type shownPlan interface {
	Text() (string, error)
	JSON() ([]byte, error)
	Digest() (string, error)
}

// show prints a plan and gives its digest to the job.
func (o *options) show(c *cobra.Command, p shownPlan) error {
	digest, err := p.Digest()
	if err != nil {
		return err
	}
	return errors.Join(o.either(c, p.Text, p.JSON), console.SetOutput("plan", digest))
}

// tellJob adds the summary to that of a GitHub Actions job, and gives the step the
// plan's digest as its output "plan", and as "digest" that of the directory which it has
// left for another job.
func tellJob(s summary) error {
	err := errors.Join(console.AddSummary(s.Markdown()), console.SetOutput("plan", s.PlanDigest()))
	if digest := s.HandoverDigest(); digest != "" {
		err = errors.Join(err, console.SetOutput("digest", digest))
	}
	return err
}
