package main

import (
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/step"
)

// remotes are the flags that say where a release is published, and as whom.
type remotes struct {
	repository, api, actor string
	environment            string
	initial                []string // the crates that the registry does not have yet
}

func (r *remotes) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&r.repository, "repository", os.Getenv("GITHUB_REPOSITORY"), "GitHub `owner/name` to release in")
	f.StringVar(&r.api, "github-api", os.Getenv("GITHUB_API_URL"), "base `address` of a GitHub Enterprise server's API")
	f.StringVar(&r.actor, "actor", os.Getenv("GITHUB_ACTOR"), "`login` of who releases, who is to be an owner of what is published")
	f.StringVar(&r.environment, "environment", "", "`name` of the GitHub environment that this job runs in, to warn where it lets in more than the release branch")
}

// open returns a crate's remotes.
func (r *remotes) open() (func(*plan.Plan) release.Remotes, error) {
	client, err := github.New(github.Options{Repository: r.repository, Token: os.Getenv("GITHUB_TOKEN"), API: r.api})
	if err != nil {
		return nil, errors.Join(err, errors.New("name the repository (--repository owner/name)"))
	}
	return func(p *plan.Plan) release.Remotes {
		return release.Remotes{
			GitHub: client, RegistryToken: registryToken(p), Actor: r.actor, InitialRelease: slices.Contains(r.initial, p.Crate), Environment: r.environment, Again: commandLine(),
		}
	}, nil
}

// releaseSigner is the signer of a release, nil where there is none: a library has
// nothing to sign, and the release knows.
func (o *options) releaseSigner() (*sign.Signer, error) {
	signer, err := o.signing.signer()
	if errors.Is(err, sign.ErrNoToken) {
		return nil, nil
	}
	return signer, err
}

// secrets are the values that the plan's steps may ask for.
func secrets(p *plan.Plan) step.Secrets {
	return step.Secrets{plan.SecretRegistryToken: registryToken(p)}
}

// registryToken is the token of the registry that the plan publishes to, where
// cargo looks for it.
func registryToken(p *plan.Plan) string {
	if p.Publish.Registry != "" {
		if token := os.Getenv("CARGO_REGISTRIES_" + cargo.EnvName(p.Publish.Registry) + "_TOKEN"); token != "" {
			return token
		}
	}
	return os.Getenv("CARGO_REGISTRY_TOKEN")
}

// commandLine is this process's command, for a person to run again.
func commandLine() string {
	quoted := make([]string, len(os.Args))
	for i, a := range os.Args {
		if quoted[i] = a; strings.ContainsAny(a, " \t\n'\"\\$`&|;<>()*?[]#~!{}") || a == "" {
			quoted[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		if i > 0 && os.Args[i-1] == "--identity-token" {
			quoted[i] = "…"
		}
	}
	return strings.Join(quoted, " ")
}
