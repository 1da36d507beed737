package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
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
	return errors.Join(o.either(c, p.Text, p.JSON), giveJob("GITHUB_OUTPUT", "plan="+digest))
}

// tellJob adds the summary to that of a GitHub Actions job, and gives the step the
// plan's digest as its output "plan", and as "digest" that of the directory which it has
// left for another job.
func tellJob(s summary) error {
	err := errors.Join(giveJob("GITHUB_STEP_SUMMARY", s.Markdown()), giveJob("GITHUB_OUTPUT", "plan="+s.PlanDigest()))
	if digest := s.HandoverDigest(); digest != "" {
		err = errors.Join(err, giveJob("GITHUB_OUTPUT", "digest="+digest))
	}
	return err
}

// giveJob adds text to the file that GitHub Actions names in a variable, where it does.
func giveJob(variable, text string) error {
	name := os.Getenv(variable)
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("writing to $%s: %w", variable, err)
	}
	_, err = f.WriteString(text + "\n")
	return errors.Join(err, f.Close())
}
