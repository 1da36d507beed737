package registry

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"dagger/slipway/ci/credential"
)

// recorder is a server that records the tokens that it receives.
type recorder struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func record(t *testing.T, answer http.HandlerFunc) *recorder {
	t.Helper()
	r := &recorder{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		r.seen = append(r.seen, req.Header.Get("Authorization"))
		r.mu.Unlock()
		answer(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *recorder) got(secret string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.seen, secret)
}

// TestHostileIndex checks that a registry's token is only sent to the index's server: neither a
// redirect nor an address in the index's configuration can divert it.
func TestHostileIndex(t *testing.T) {
	thief := record(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	var own *recorder
	own = record(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "secret" && r.URL.Path == "/index/config.json":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/index/config.json":
			fmt.Fprintf(w, `{"dl": %q, "api": %q, "auth-required": true}`, thief.URL+"/dl", own.URL)
		case r.URL.Path == "/index/re/di/redirected":
			http.Redirect(w, r, thief.URL+"/stolen", http.StatusFound)
		default:
			fmt.Fprintln(w, `{"name":"abcd","vers":"1.0.0","cksum":"aa"}`)
		}
	})
	r, err := Open(t.Context(), "sparse+"+own.URL+"/index/", tokenFor(t, "sparse+"+own.URL+"/index/"))
	if err != nil {
		t.Fatal(err)
	}
	if versions, err := r.Versions(t.Context(), "abcd"); err != nil || len(versions) != 1 || !own.got("secret") {
		t.Errorf("the right server: %v, %v, token there: %t", versions, err, own.got("secret"))
	}
	_, _ = r.Versions(t.Context(), "redirected")
	_, _ = r.Download(t.Context(), Version{Name: "abcd", Version: "1.0.0"})
	if thief.got("secret") || len(thief.seen) != 2 {
		t.Errorf("the other server was sent %q, expected two requests without a token", thief.seen)
	}
	if err := r.CheckAddresses(); err == nil || !strings.Contains(err.Error(), `"dl"`) || !strings.Contains(err.Error(), thief.URL) {
		t.Errorf("downloads of another server: %v", err)
	}
}

// TestHostileAddresses checks with which addresses in an index's configuration cargo may get
// the token.
func TestHostileAddresses(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	for name, tt := range map[string]struct {
		api, dl string
		auth    bool
		bad     bool
	}{
		"own":                    {"OWN/api", "OWN/dl", true, false},
		"downloads elsewhere":    {"OWN", "https://cdn.example.org", false, false},
		"private ones elsewhere": {"OWN", "https://cdn.example.org", true, true},
		"api elsewhere":          {"https://example.org", "OWN", false, true},
		"api on another port":    {other.URL, "OWN", false, true},
		"api by another scheme":  {"HTTPS", "OWN", false, true},
		"api with a user":        {"http://OWNHOST@example.org", "OWN", false, true},
		"api of no kind":         {"//example.org", "OWN", false, true},
		"an empty api":           {"", "OWN", false, true},
		"api of odd characters":  {"http://%zz", "OWN", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			var s *httptest.Server
			s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				host := strings.TrimPrefix(s.URL, "http://")
				fill := strings.NewReplacer("OWNHOST", host, "OWN", s.URL, "HTTPS", "https://"+host)
				fmt.Fprintf(w, `{"dl": %q, "api": %q, "auth-required": %t}`, fill.Replace(tt.dl), fill.Replace(tt.api), tt.auth)
			}))
			defer s.Close()
			r, err := Open(t.Context(), "sparse+"+s.URL+"/", tokenFor(t, "sparse+"+s.URL+"/"))
			if err != nil {
				t.Fatal(err)
			}
			if err := r.CheckAddresses(); tt.bad != (err != nil) {
				t.Errorf("the error is %v", err)
			}
			r.Token = credential.Token{}
			if err := r.CheckAddresses(); err != nil {
				t.Errorf("without a token: %v", err)
			}
		})
	}
}
