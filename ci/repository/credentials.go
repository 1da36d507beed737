package repository

import (
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// credentials are those of one registry.
type credentials struct {
	registry name.Registry
	config   authn.AuthConfig
}

// Credentials is a keychain with a name and a password for one registry. No other
// one gets to see them.
func Credentials(registry name.Registry, username, password string) authn.Keychain {
	return credentials{registry, authn.AuthConfig{Username: username, Password: password}}
}

// Resolve implements authn.Keychain.
func (c credentials) Resolve(of authn.Resource) (authn.Authenticator, error) {
	if of.RegistryStr() != c.registry.RegistryStr() {
		return authn.Anonymous, nil
	}
	return authn.FromConfig(c.config), nil
}
