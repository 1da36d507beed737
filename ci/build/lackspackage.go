package build

import (
	"errors"
	"fmt"

	"dagger/slipway/ci/finding"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
)

// lacksPackage returns the error of steps, nil for one that only means that a registry lacks what
// the package needs, if the crate may do without: then it adds a finding.
func (c *Crate) lacksPackage(b *Built, err error) error {
	var exit *step.ExitError
	if !c.WithoutPackage || !errors.As(err, &exit) || exit.Step != plan.StepResolvePackage {
		return err
	}
	b.Unpackaged = true
	return b.found(finding.List{{
		Stops: finding.Registry, Crate: c.Plan.Name,
		What: fmt.Sprintf("cargo cannot package it now: cargo's message is in the output of step %q, and the steps %q and %q did not run", plan.StepResolvePackage, plan.StepPackage, plan.StepVerifyPackage),
		Do:   "if it names a dependency, the registry has no version that fits: release the dependency first",
	}}, false, finding.Registry, "packaging the crate")
}
