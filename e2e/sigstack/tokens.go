package sigstack

import (
	"maps"
	"net/http"
	"path"
	"sync"
)

// tokens is the endpoint from which a job requests ID tokens, as documented by GitHub for
// ACTIONS_ID_TOKEN_REQUEST_URL: GET with a bearer token and a query parameter audience,
// answered with {"value": TOKEN}.
type tokens struct {
	issuer *issuer
	bearer string

	mu        sync.Mutex
	overrides Claims
}

// set changes the claims of later tokens.
func (t *tokens) set(overrides Claims) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.overrides = overrides
}

func (t *tokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if bearer(r.Header.Get("Authorization")) != t.bearer {
		http.Error(w, "no such bearer token", http.StatusUnauthorized)
		return
	}
	audience := r.URL.Query().Get("audience")
	if audience == "" { // GitHub's default is the owner's URL
		audience = "https://github.com/" + path.Dir(Repository)
	}
	t.mu.Lock()
	claims := Claims{"aud": audience}
	maps.Copy(claims, t.overrides)
	t.mu.Unlock()
	token, err := t.issuer.mint(claims)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeJSON(w, map[string]any{"count": len(token), "value": token})
}
