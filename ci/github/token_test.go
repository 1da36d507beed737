package github

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"dagger/slipway/ci/secret"
)

// TestHostileTokens checks that GitHub's token is only sent to the API's own origin.
func TestHostileTokens(t *testing.T) {
	var stolen []string
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		stolen = append(stolen, r.Header.Get("Authorization"))
	}))
	defer thief.Close()
	port := thief.URL[strings.LastIndex(thief.URL, ":"):]
	to, sent := "", ""
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = r.Header.Get("Authorization")
		http.Redirect(w, r, to, http.StatusTemporaryRedirect)
	}))
	defer own.Close()
	c, err := New(Options{Repository: "a/b", Token: secret.New("secret"), API: own.URL})
	if err != nil {
		t.Fatal(err)
	}
	for _, to = range []string{thief.URL, "http://localhost" + port} {
		_, _ = c.Releases(t.Context(), "x/v1.0.0")
		_ = c.Download(t.Context(), Asset{ID: 1, Size: 1}, t.TempDir()+"/asset")
		_ = c.Upload(t.Context(), 1, "name", "token_test.go")
		_, _ = c.CreateDraft(t.Context(), Draft{Tag: "x"})
	}
	if sent != "Bearer secret" {
		t.Errorf("the right server was sent %q", sent)
	}
	if len(stolen) == 0 || strings.Join(stolen, "") != "" {
		t.Errorf("the other server was sent %q", stolen)
	}
	for api, good := range map[string]bool{"http://github.example.org": false, "http://10.0.0.1/": false, "https://github.example.org": true, "http://127.0.0.1:1": true, "": true} {
		if _, err := New(Options{Repository: "a/b", Token: secret.New("secret"), API: api}); (err == nil) != good {
			t.Errorf("API %q: %v", api, err)
		}
		if _, err := New(Options{Repository: "a/b", API: api}); err != nil {
			t.Errorf("API %q without a token: %v", api, err)
		}
	}
}
