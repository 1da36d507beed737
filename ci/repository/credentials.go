package repository

import (
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"dagger/slipway/ci/secret"
)

// credentials is a keychain for one registry.
type credentials struct {
	registry name.Registry
	config   authn.AuthConfig
}

// Credentials returns a keychain with a username and a password for one registry. They are not
// used for any other.
func Credentials(registry name.Registry, username string, password secret.Text) authn.Keychain {
	return credentials{registry, authn.AuthConfig{Username: username, Password: password.Reveal()}}
}

// Resolve implements authn.Keychain.
func (c credentials) Resolve(of authn.Resource) (authn.Authenticator, error) {
	if of.RegistryStr() != c.registry.RegistryStr() {
		return authn.Anonymous, nil
	}
	return authn.FromConfig(c.config), nil
}
