package credential

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// TestTokenIsHidden checks that no way of formatting shows a token, even inside other values.
func TestTokenIsHidden(t *testing.T) {
	const value = "s3cret-value"
	token, err := Registries{Lookup: func(string) string { return value }}.For("", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{token, &token, struct{ T Token }{token}} {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
			raw = append(raw, fmt.Sprintf(verb, v)...)
		}
		if s := string(raw); strings.Contains(s, value) || strings.Contains(strings.ToLower(s), fmt.Sprintf("%x", value)) {
			t.Errorf("%T is printed as %q", v, raw)
		}
	}
}

// TestFor checks which token is returned for which registry.
func TestFor(t *testing.T) {
	env := map[string]string{
		"CARGO_REGISTRY_TOKEN": "crates-io's", "CARGO_REGISTRIES_OTHER_TOKEN": "other's", "CARGO_REGISTRIES_MY_REG_TOKEN": "mine",
		"CARGO_REGISTRIES_LOOSE_TOKEN": "loose's", "CARGO_REGISTRIES_PINNED_TOKEN": "pinned's", "CARGO_REGISTRIES_PINNED_INDEX": "sparse+https://pinned.example.org/index/",
	}
	const there = "sparse+https://registry.example.org/"
	for name, tt := range map[string]struct {
		registry, index string
		want            string // "" for none
		err             string
	}{
		"crates.io":                     {"", CratesIO, "crates-io's", ""},
		"crates.io, index unknown":      {"", "", "crates-io's", ""},
		"crates.io elsewhere":           {"", there, "", "the token of crates.io is only for crates.io"},
		"crates.io by plain HTTP":       {"", "sparse+http://index.crates.io/", "", "only for crates.io"},
		"crates.io with a port":         {"", "sparse+https://index.crates.io:8443/", "", "only for crates.io"},
		"crates.io as a user":           {"", "sparse+https://index.crates.io@example.org/", "", "expected a sparse index"},
		"crates.io as a domain's start": {"", "sparse+https://index.crates.io.example.org/", "", "only for crates.io"},
		"crates.io on loopback":         {"", "sparse+http://127.0.0.1:1/", "", "only for crates.io"},
		"a named one":                   {"other", there, "other's", ""},
		"a named one with a dash":       {"my-reg", there, "mine", ""},
		"a named one without a token":   {"third", there, "", ""},
		"a named one on loopback":       {"other", "sparse+http://127.0.0.1:1/", "other's", ""},
		"on loopback, IPv6":             {"other", "sparse+http://[::1]:1/", "other's", ""},
		"by its name":                   {"other", "sparse+http://localhost:1/", "other's", ""},
		"by plain HTTP":                 {"other", "sparse+http://registry.example.org/", "", "neither an https address"},
		"by plain HTTP, private":        {"other", "sparse+http://10.0.0.1/", "", "neither an https address"},
		"a name like loopback":          {"other", "sparse+http://127.0.0.1.example.org/", "", "neither an https address"},
		"a name like localhost":         {"other", "sparse+http://localhost.example.org/", "", "neither an https address"},
		"loopback as a user":            {"other", "sparse+http://127.0.0.1@example.org/", "", "expected a sparse index"},
		"all addresses":                 {"other", "sparse+http://0.0.0.0:1/", "", "neither an https address"},
		"another scheme":                {"other", "sparse+ftp://registry.example.org/", "", "neither an https address"},
		"git":                           {"other", "https://registry.example.org/index", "", "expected a sparse index"},
		"no index":                      {"other", "", "", "expected a sparse index"},
		"pinned":                        {"pinned", "sparse+https://pinned.example.org/index", "pinned's", ""},
		"not pinned":                    {"loose", there, "", "pass the index that the token is for as $CARGO_REGISTRIES_LOOSE_INDEX"},
		"pinned elsewhere":              {"pinned", there, "", "$CARGO_REGISTRIES_PINNED_INDEX says that it is at"},
	} {
		t.Run(name, func(t *testing.T) {
			lookup := func(n string) string {
				if n == IndexVariable("other") || n == IndexVariable("my-reg") {
					return tt.index // the index that the caller has pinned
				}
				return env[n]
			}
			token, err := Registries{Lookup: lookup}.For(tt.registry, tt.index)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) || !token.Empty() {
					t.Errorf("the error is %v", err)
				}
				for _, secret := range env {
					if err != nil && strings.Contains(err.Error(), secret) && !strings.HasPrefix(secret, "sparse+") {
						t.Errorf("the error has the token: %v", err)
					}
				}
				return
			}
			if err != nil || token.Text().Reveal() != tt.want {
				t.Errorf("it is %q, %v; expected %q", token.Text().Reveal(), err, tt.want)
			}
		})
	}
}

// TestAt checks that a token is only returned for its server: the same scheme, host and port.
func TestAt(t *testing.T) {
	token, err := Registries{Lookup: func(string) string { return "" }}.For("x", "")
	if err != nil || !token.Empty() {
		t.Fatal(token, err)
	}
	lookup := func(n string) string {
		return map[string]string{"CARGO_REGISTRIES_X_TOKEN": "t", "CARGO_REGISTRIES_X_INDEX": "sparse+https://Registry.example.org/index/"}[n]
	}
	if token, err = (Registries{Lookup: lookup}).For("x", "sparse+https://Registry.example.org/index/"); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"https://registry.example.org/index/a": "t", "https://registry.example.org:443/": "t", "https://REGISTRY.example.org./": "t", "http://registry.example.org/": "",
		"https://registry.example.org:444/": "", "https://a.registry.example.org/": "", "https://example.org/": "", "https://registry.example.org@evil.example/": "",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := token.At(u); got != want {
			t.Errorf("%s gets %q, expected %q", address, got, want)
		}
	}
}

func TestMissing(t *testing.T) {
	for registry, want := range map[string]string{"": "$CARGO_REGISTRY_TOKEN", "my-reg": "$CARGO_REGISTRIES_MY_REG_TOKEN"} {
		if err := (Registries{}).Missing(registry); !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", registry, err)
		}
	}
}
