// Package credential binds secrets to the servers they are for. The token of a cargo registry is
// only sent to the registry that it was provided for, whatever a workspace configures.
package credential

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/secret"
	"dagger/slipway/ci/transport"
)

// CratesIO is the index of crates.io (The Cargo Book, "Registry Index", "Sparse Protocol"), and
// the only index that gets the crates.io token.
const CratesIO = "sparse+https://index.crates.io/"

// Registries looks up the tokens of cargo registries.
type Registries struct {
	// Lookup returns the value of an environment variable, under the names that cargo uses for
	// tokens (The Cargo Book, "Configuration", "Credentials"). It is called when a token is
	// needed.
	Lookup func(variable string) string
	// How describes how the user can provide the value of a variable. It may be nil.
	How func(variable string) string
}

// Variable returns the name of the variable that holds a registry's token; "" is crates.io.
func Variable(registry string) string {
	if registry == "" {
		return "CARGO_REGISTRY_TOKEN"
	}
	return "CARGO_REGISTRIES_" + cargo.EnvName(registry) + "_TOKEN"
}

// IndexVariable returns the name of the variable that holds a registry's index (The Cargo Book,
// "Configuration", "registries.<name>.index"). The registry's token is only sent to that index.
func IndexVariable(registry string) string {
	return "CARGO_REGISTRIES_" + cargo.EnvName(registry) + "_INDEX"
}

// Has reports whether a token was provided for a registry.
func (r Registries) Has(registry string) bool {
	return r.Lookup != nil && r.Lookup(Variable(registry)) != ""
}

// Missing returns the error for a registry without a token.
func (r Registries) Missing(registry string) error {
	how := r.how(Variable(registry))
	if registry == "" {
		return fmt.Errorf("checking the token of crates.io: there is none: pass it as %s", how)
	}
	return fmt.Errorf("checking the token of registry %q: there is none: pass it as %s; the token of crates.io is not sent there", registry, how)
}

// how describes how the user can provide the value of a variable.
func (r Registries) how(variable string) string {
	if r.How != nil {
		return r.How(variable)
	}
	return "$" + variable
}

// For returns the token of a registry with the given index, or an empty token if none was
// provided. For crates.io (registry ""), an empty index means [CratesIO].
//
// It returns an error if the token was not provided for that index: if the index of crates.io is
// not crates.io's own, if the caller has not pinned the index in CARGO_REGISTRIES_NAME_INDEX
// (otherwise the workspace alone would decide where the token goes), or if the index is reached
// by plain HTTP.
func (r Registries) For(registry, index string) (Token, error) {
	if r.Lookup == nil {
		return Token{}, nil
	}
	value := secret.New(r.Lookup(Variable(registry)))
	if value.Empty() {
		return Token{}, nil
	}
	if registry == "" && index == "" {
		index = CratesIO
	}
	refuse := func(why error) (Token, error) {
		name := registry
		if name == "" {
			name = "crates.io"
		}
		return Token{}, fmt.Errorf("checking the token of registry %q: its index is %q: %w", name, index, why)
	}
	u, err := indexURL(index)
	if err != nil {
		return refuse(err)
	}
	if registry == "" && index != CratesIO {
		return refuse(fmt.Errorf("expected %s: the token of crates.io is only for crates.io; give the registry a name, and pass its token as $CARGO_REGISTRIES_NAME_TOKEN", CratesIO))
	}
	if registry != "" {
		pin := IndexVariable(registry)
		switch pinned := r.Lookup(pin); {
		case pinned == "":
			return refuse(fmt.Errorf("only the workspace says so: pass the index that the token is for as %s", r.how(pin)))
		case strings.TrimSuffix(pinned, "/") != strings.TrimSuffix(index, "/"):
			return refuse(fmt.Errorf("%s says that it is at %q", r.how(pin), pinned))
		}
	}
	if err := transport.CheckSecret(u); err != nil {
		return refuse(err)
	}
	return Token{text: value, origin: transport.Origin(u), cratesIO: registry == ""}, nil
}

func indexURL(index string) (*url.URL, error) {
	base, ok := strings.CutPrefix(index, "sparse+")
	u, err := url.Parse(base)
	if err != nil || !ok || u.Host == "" || u.User != nil {
		return nil, errors.New("expected a sparse index, like sparse+https://registry.example.org/index/")
	}
	return u, nil
}

// Token is the token of one registry.
type Token struct {
	text     secret.Text
	origin   string // of the index
	cratesIO bool
}

// Empty reports whether there is no token.
func (t Token) Empty() bool { return t.text.Empty() }

// Text returns the token, to be passed to cargo. cargo sends it wherever the index says, so
// CheckAddresses must have been called before.
func (t Token) Text() secret.Text { return t.text }

// At returns the token if u is on the server that the token is for, and "" otherwise.
func (t Token) At(u *url.URL) string {
	if t.Empty() || transport.Origin(u) != t.origin {
		return ""
	}
	return t.text.Reveal()
}

// CheckAddresses returns an error if the index's configuration would make cargo send the token
// to another server: to the API's address, or, if the registry requires authentication for all
// requests, to the download address. The addresses of crates.io are known to differ and pass.
func (t Token) CheckAddresses(api, download string, authRequired bool) error {
	if t.Empty() || t.cratesIO {
		return nil
	}
	check := map[string]string{"api": api}
	if authRequired {
		check["dl"] = download
	}
	for key, address := range check {
		u, err := url.Parse(address)
		if err != nil || transport.Origin(u) != t.origin {
			return fmt.Errorf("its config.json has %q at %q, expected it at %s as the index is: the registry's token is not sent to another server", key, address, t.origin)
		}
	}
	return nil
}
