package release

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"dagger/slipway/ci/address"
	"dagger/slipway/ci/credential"
	"dagger/slipway/ci/github"
	"dagger/slipway/ci/repository"
	"dagger/slipway/ci/secret"
)

// Remotes is where a release is published, and as whom.
type Remotes struct {
	GitHub *github.Client
	// Registries provides the tokens of registries. The runners have the token of their crate's
	// registry too, for the steps that need it.
	Registries credential.Registries
	// Images is where images go.
	Images ImageRemotes
	// Actor is who releases, by user name in the registry; "" means the owner of the GitHub
	// token.
	Actor string
	// Initial names the crates that their registry does not have yet.
	Initial []string
	// ToolchainNamed means that the caller has named the toolchain image, instead of leaving the
	// choice to the workspace.
	ToolchainNamed bool
	// Environment is the GitHub deployment environment of this run, "" for none.
	Environment string
	// Again is the command that continues an interrupted release.
	Again string
}

// ImageRemotes is where images are released to.
type ImageRemotes struct {
	// Registry is a host, optionally with a port. Repository is the part before an image's
	// name, like owner/name; it is converted to lower case, as registries require.
	Registry, Repository string
	// Username and Password are the registry's credentials. Without a password those of the
	// docker config are used.
	Username string
	Password secret.Text
}

// repository returns the repository that an image is released to.
func (to ImageRemotes) repository(image string) (name.Repository, error) {
	if err := errors.Join(address.Check("the registry (--registry)", to.Registry), address.Check("the repository (--repository)", to.Repository)); err != nil {
		return name.Repository{}, err
	}
	if to.Registry == "" || to.Repository == "" {
		return name.Repository{}, fmt.Errorf("checking where images go: registry %q and repository %q: name both (--registry host, --repository owner/name)", to.Registry, to.Repository)
	}
	repo, err := name.NewRepository(to.Registry+"/"+strings.ToLower(to.Repository)+"/"+image, name.StrictValidation)
	if err != nil {
		return repo, fmt.Errorf("checking where image %q goes: %w", image, err)
	}
	return repo, nil
}

// local returns an image's name in its layout, for which no remote is needed.
func (to ImageRemotes) local(image string) string {
	if repo, err := to.repository(image); err == nil {
		return repo.String()
	}
	return "localhost/" + image
}

// keychain returns the credentials, or nil for those of the docker config.
func (to ImageRemotes) keychain(registry name.Registry) authn.Keychain {
	if to.Password.Empty() {
		return nil
	}
	return repository.Credentials(registry, to.Username, to.Password)
}
