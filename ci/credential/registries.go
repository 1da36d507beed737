package credential

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/transport"
)

// CratesIO is the index of crates.io (The Cargo Book, "Registry Index", "Sparse
// Protocol"), and the only one that gets its token.
const CratesIO = "sparse+https://index.crates.io/"

// Registries are the tokens of cargo registries.
type Registries struct {
	// Lookup returns the value of a variable of the environment, by the names that cargo
	// has for tokens (The Cargo Book, "Configuration", "Credentials"). It is asked when a
	// token is needed.
	Lookup func(variable string) string
	// How says how a person gives the token that a variable names.
	How func(variable string) string
}

// Variable is the variable that holds the token of a registry, "" for crates.io.
func Variable(registry string) string {
	if registry == "" {
		return "CARGO_REGISTRY_TOKEN"
	}
	return "CARGO_REGISTRIES_" + cargo.EnvName(registry) + "_TOKEN"
}

// IndexVariable is the variable that holds the index of a registry (The Cargo Book,
// "Configuration", "registries.<name>.index"): a token is for that one alone.
func IndexVariable(registry string) string {
	return "CARGO_REGISTRIES_" + cargo.EnvName(registry) + "_INDEX"
}

// Has reports whether there is a token for a registry.
func (r Registries) Has(registry string) bool {
	return r.Lookup != nil && r.Lookup(Variable(registry)) != ""
}

// Missing is the error where there is no token for a registry.
func (r Registries) Missing(registry string) error {
	how := r.how(Variable(registry))
	if registry == "" {
		return fmt.Errorf("checking the token of crates.io: there is none: give it as %s", how)
	}
	return fmt.Errorf("checking the token of registry %q: there is none: give it as %s; that of crates.io is not sent there", registry, how)
}

// how says how a person gives what a variable names.
func (r Registries) how(variable string) string {
	if r.How != nil {
		return r.How(variable)
	}
	return "$" + variable
}

// For returns the token of a registry with that index, none where none was given; without
// an index crates.io is where it is. It is
// an error where the index is not what the token is for: one of crates.io's name that is
// not crates.io's, one that the caller has not named in CARGO_REGISTRIES_NAME_INDEX (the
// workspace alone would decide where the token goes), or one that is reached by plain HTTP.
func (r Registries) For(registry, index string) (Token, error) {
	if r.Lookup == nil {
		return Token{}, nil
	}
	value := NewText(r.Lookup(Variable(registry)))
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
		return refuse(fmt.Errorf("expected %s: the token of crates.io is for crates.io alone; give a registry a name, and its token as $CARGO_REGISTRIES_NAME_TOKEN", CratesIO))
	}
	if registry != "" {
		pin := IndexVariable(registry)
		switch pinned := r.Lookup(pin); {
		case pinned == "":
			return refuse(fmt.Errorf("the workspace says so, and nobody else: name the index that the token is for as %s", r.how(pin)))
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
	text     Text
	origin   string // of the index
	cratesIO bool
}

// Empty reports whether there is none.
func (t Token) Empty() bool { return t.text.Empty() }

// Reveal returns the token, for cargo, which sends it where the index says: CheckAddresses
// has to have been asked before.
func (t Token) Reveal() string { return t.text.Reveal() }

// At returns the token where a request goes to the server that it is for, else "".
func (t Token) At(u *url.URL) string {
	if t.Empty() || transport.Origin(u) != t.origin {
		return ""
	}
	return t.text.Reveal()
}

// CheckAddresses returns an error where the configuration of an index would have cargo
// send the token elsewhere: to the address of the API, and where all reading wants the
// token, to that of downloads. crates.io's own are known to be others.
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
