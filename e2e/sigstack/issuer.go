package sigstack

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// issuer signs ID tokens and serves what verifiers need (OpenID Connect Discovery 1.0,
// section 4), in place of GitHub's issuer.
type issuer struct {
	key    *rsa.PrivateKey
	signer jose.Signer
}

const keyID = "stack"

func newIssuer() (*issuer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	signingKey := jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: keyID}}
	signer, err := jose.NewSigner(signingKey, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, err
	}
	return &issuer{key: key, signer: signer}, nil
}

// mint returns a token with the default claims and overrides.
func (i *issuer) mint(overrides Claims) (string, error) {
	return jwt.Signed(i.signer).Claims(map[string]any(defaultClaims(time.Now()).with(overrides))).Serialize()
}

// handler serves the discovery document and the keys.
func (i *issuer) handler() http.Handler {
	mux := http.NewServeMux()
	for url, below := range issuers {
		mux.HandleFunc("GET "+below+"/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, map[string]any{
				"issuer":                                url,
				"jwks_uri":                              url + "/.well-known/jwks",
				"subject_types_supported":               []string{"public", "pairwise"},
				"response_types_supported":              []string{"id_token"},
				"id_token_signing_alg_values_supported": []string{"RS256"},
				"scopes_supported":                      []string{"openid"},
			})
		})
		mux.HandleFunc("GET "+below+"/.well-known/jwks", func(w http.ResponseWriter, _ *http.Request) {
			public := jose.JSONWebKey{Key: &i.key.PublicKey, KeyID: keyID, Algorithm: string(jose.RS256), Use: "sig"}
			writeJSON(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public}})
		})
	}
	return mux
}

// issuers maps each issuer to the path below which it is served.
var issuers = map[string]string{Issuer: "", OtherIssuer: "/other"}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// toIssuer is a transport that sends requests for the issuers to a server on loopback, and
// refuses all others.
type toIssuer struct{ target *url.URL }

func (t toIssuer) RoundTrip(r *http.Request) (*http.Response, error) {
	got := r.URL.Scheme + "://" + r.URL.Host
	below, known := issuers[got]
	if !known {
		return nil, fmt.Errorf("asking %q: the stack reaches no issuer but %q and %q", got, Issuer, OtherIssuer)
	}
	r = r.Clone(r.Context())
	r.URL.Path = below + r.URL.Path
	r.URL.Scheme, r.URL.Host, r.Host = t.target.Scheme, t.target.Host, t.target.Host
	return loopback.RoundTrip(r)
}

// loopback ignores the environment's proxies, which cannot reach this machine.
var loopback = &http.Transport{}
