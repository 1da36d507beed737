package repository

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"

	"dagger/slipway/ci/secret"
)

// TestHostileRealm checks that a registry's username and password are only sent to a token server
// that is the registry itself.
func TestHostileRealm(t *testing.T) {
	const password = "realm-password"
	for _, elsewhere := range []bool{false, true} {
		t.Run(fmt.Sprintf("elsewhere: %t", elsewhere), func(t *testing.T) {
			var mu sync.Mutex
			asked := map[string]string{}
			tokens := func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				_, secret, _ := r.BasicAuth()
				raw, _ := io.ReadAll(r.Body)
				asked[r.Host] += secret + string(raw) + ";"
				_, _ = io.WriteString(w, `{"token":"t"}`)
			}
			thief := httptest.NewServer(http.HandlerFunc(tokens))
			defer thief.Close()
			next := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
			var own *httptest.Server
			own = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				realm := own.URL + "/token"
				if elsewhere {
					realm = thief.URL + "/token"
				}
				switch {
				case r.URL.Path == "/token":
					tokens(w, r)
				case r.Header.Get("Authorization") != "Bearer t":
					w.Header().Set("WWW-Authenticate", `Bearer realm="`+realm+`",service="x"`)
					w.WriteHeader(http.StatusUnauthorized)
				default:
					next.ServeHTTP(w, r)
				}
			}))
			defer own.Close()
			repo, err := name.NewRepository(strings.TrimPrefix(own.URL, "http://") + "/demo")
			if err != nil {
				t.Fatal(err)
			}
			_, err = New(repo, Credentials(repo.Registry, "user", secret.New(password))).Tags(t.Context())
			if elsewhere {
				if err == nil || !strings.Contains(err.Error(), "credentials are not sent there") && !strings.Contains(err.Error(), "invalid realm") || strings.Contains(err.Error(), password) {
					t.Errorf("the error is %v", err)
				}
				if len(asked) != 0 {
					t.Errorf("the servers were sent %q", asked)
				}
				return
			}
			if err != nil || !strings.Contains(asked[repo.RegistryStr()], password) {
				t.Errorf("the right server was sent %q: %v", asked, err)
			}
		})
	}
}

// TestGuard checks where a registry's credentials may be sent, and that requests without
// credentials always pass: layers may be stored elsewhere.
func TestGuard(t *testing.T) {
	for _, tt := range []struct {
		registry, address string
		good              bool
	}{
		{"ghcr.io", "https://ghcr.io/token", true},
		{"index.docker.io", "https://auth.docker.io/token", true},
		{"registry.gitlab.com", "https://gitlab.com/jwt/auth", true},
		{"registry.example.co.uk", "https://auth.example.co.uk/token", true},
		{"registry.example.co.uk", "https://auth.evil.co.uk/token", false},
		{"me.github.io", "https://evil.github.io/token", false},
		{"ghcr.io", "https://ghcr.io.evil.example/token", false},
		{"ghcr.io", "https://evil.example/token", false},
		{"ghcr.io", "http://ghcr.io/token", false},
		{"ghcr.io", "https://ghcr.io:8443/token", false},
		{"registry.example.org:5000", "https://registry.example.org:5000/token", true},
		{"registry.example.org:5000", "https://auth.example.org/token", false},
		{"10.0.0.1:5000", "http://10.0.0.1:5000/v2/", false},
		{"registry.local", "http://registry.local/v2/", false},
		{"127.0.0.1:5000", "http://127.0.0.1:5000/v2/", true},
		{"127.0.0.1:5000", "http://127.0.0.1:5001/v2/", false},
		{"localhost:5000", "http://127.0.0.1:5000/v2/", false},
	} {
		registry, err := name.NewRegistry(tt.registry)
		if err != nil {
			t.Fatal(err)
		}
		reached := false
		g := Guard(registry, roundTripper(func(*http.Request) (*http.Response, error) {
			reached = true
			return &http.Response{Body: http.NoBody}, nil
		}), MaxLayer)
		u, err := url.Parse(tt.address)
		if err != nil {
			t.Fatal(err)
		}
		for _, header := range []http.Header{{"Authorization": {"Basic x"}}, {"Content-Type": {"application/x-www-form-urlencoded"}}} {
			reached = false
			if _, err := g.RoundTrip(&http.Request{URL: u, Header: header}); (err == nil) != tt.good || reached != tt.good {
				t.Errorf("%s to %s: %v", tt.registry, tt.address, err)
			}
		}
		reached = false
		if _, err := g.RoundTrip(&http.Request{URL: u, Header: http.Header{}}); err != nil || !reached {
			t.Errorf("%s to %s without credentials: %v", tt.registry, tt.address, err)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
