package sign

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"dagger/slipway/ci/secret"
)

// TestHostileAddresses checks that identity tokens, and the credentials for requesting
// them, are not sent over plain HTTP to other machines and do not follow redirects.
func TestHostileAddresses(t *testing.T) {
	for _, address := range []string{"http://tokens.example.org/?x", "http://10.0.0.1/", "ftp://127.0.0.1/"} {
		if _, err := GitHubToken(secret.New(address), secret.New("bearer-secret"))(t.Context()); err == nil || !strings.Contains(err.Error(), "a token is not sent there") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", address, err)
		}
		if err := checkAddress(address); err == nil || !strings.Contains(err.Error(), "Fulcio") {
			t.Errorf("Fulcio at %s: %v", address, err)
		}
	}
	if err := checkAddress(PublicFulcio); err != nil {
		t.Error(err)
	}
	var stolen []string
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		stolen = append(stolen, r.Header.Get("Authorization"))
	}))
	defer thief.Close()
	sent := ""
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = r.Header.Get("Authorization")
		http.Redirect(w, r, thief.URL, http.StatusFound)
	}))
	defer own.Close()
	_, err := GitHubToken(secret.New(own.URL), secret.New("bearer-secret"))(t.Context())
	if err == nil || sent != "bearer bearer-secret" || len(stolen) != 1 || stolen[0] != "" {
		t.Errorf("%v: the right server was sent %q, the other one %q", err, sent, stolen)
	}
}
