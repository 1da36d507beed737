package main

import (
	"github.com/spf13/cobra"

	"dagger/slipway/ci/verify"
)

// signedBy holds the flags that say who must have signed, and in which kind of run.
type signedBy struct {
	identity, issuer, ref, runner string
}

func (s *signedBy) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&s.identity, "certificate-identity", "", "exact `identity` that must have signed (default: "+verify.Workflow+" of the repository)")
	f.StringVar(&s.issuer, "certificate-oidc-issuer", verify.Issuer, "exact `issuer` of the identity")
	f.StringVar(&s.ref, "source-ref", "", "full git `ref` of the repository that the run must have been on (default: that of the identity)")
	f.StringVar(&s.runner, "runner-environment", "", "`kind` of runner that the run must have been on: "+verify.GitHubHosted+" (the default) or "+verify.SelfHosted)
}

// expect returns the expectation without a trusted root. The signing run must have been in the
// repository.
func (s *signedBy) expect(repository string, key []byte) (verify.Expectation, error) {
	e, err := verify.Expect(repository, s.identity, s.issuer, key)
	return e.From(s.ref, s.runner), err
}
