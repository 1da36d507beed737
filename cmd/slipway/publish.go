package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/release"
	"dagger/slipway/ci/sign"
	"dagger/slipway/ci/step"
)

// remotes holds the flags that say where a release is published, and as whom.
type remotes struct {
	repository, api, actor string
	environment            string
	initial                []string // the crates that the registry does not have yet
}

func (r *remotes) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&r.repository, "repository", os.Getenv("GITHUB_REPOSITORY"), "GitHub `owner/name` to release in")
	apiFlag(f, &r.api)
	f.StringVar(&r.actor, "actor", os.Getenv("GITHUB_ACTOR"), "`login` of who releases, who is to be an owner of what is published")
	f.StringVar(&r.environment, "environment", "", "`name` of the GitHub environment that this job runs in, to warn where it lets in more than the release branch")
}

// open returns a function for a crate's remotes.
func (r *remotes) open(c *cobra.Command) (func(*plan.Plan) release.Remotes, error) {
	client, err := github.New(github.Options{Repository: r.repository, Token: os.Getenv("GITHUB_TOKEN"), API: r.api})
	if err != nil {
		return nil, errors.Join(err, errors.New("name the repository (--repository owner/name)"))
	}
	return func(p *plan.Plan) release.Remotes {
		to := release.Remotes{
			GitHub: client, Registries: registries(), Actor: r.actor, InitialRelease: slices.Contains(r.initial, p.Crate), Environment: r.environment, Again: commandLine(c),
		}
		if named := c.Flag("toolchain"); named != nil && named.Value.String() != "" {
			to.Toolchain = p.Toolchain
		}
		return to
	}, nil
}

// releaseSigner returns the signer of a release, or nil if no identity is available. That is no
// error here, because a library has nothing to sign; the release itself checks it.
func (o *options) releaseSigner(ctx context.Context) (*sign.Signer, error) {
	signer, err := o.signing.signer(ctx)
	if errors.Is(err, sign.ErrNoToken) {
		return nil, nil
	}
	return signer, err
}

// secrets returns the values that the plan's steps may use.
func secrets(p *plan.Plan) step.Secrets {
	token, err := registries().For(p.Publish.Registry, p.Publish.Index)
	if err != nil {
		return nil // the release reports the error before it runs anything
	}
	return step.Secrets{plan.SecretRegistryToken: token.Reveal()}
}

// registries returns the tokens of registries from the environment variables that cargo uses.
func registries() credential.Registries { return credential.Registries{Lookup: os.Getenv} }

// commandLine returns this process's command line, quoted for a shell and without secrets.
func commandLine(c *cobra.Command) string {
	quoted := shownArguments(os.Args, func(name string) bool {
		f := c.Flags().Lookup(name)
		if f == nil {
			return false
		}
		_, ok := f.Value.(secretFlag)
		return ok
	})
	for i, a := range quoted {
		if strings.ContainsAny(a, " \t\n'\"\\$`&|;<>()*?[]#~!{}") || a == "" {
			quoted[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
