package transport

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestRedirects checks that neither secrets nor request bodies follow a redirect to another
// origin.
func TestRedirects(t *testing.T) {
	var seen []string
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		seen = append(seen, r.Header.Get("Authorization")+r.Header.Get("Cookie")+string(raw))
	}))
	defer other.Close()
	port := other.URL[strings.LastIndex(other.URL, ":"):]
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/same":
			http.Redirect(w, r, "/there", http.StatusTemporaryRedirect)
		case "/port":
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		case "/name":
			http.Redirect(w, r, "http://localhost"+port, http.StatusTemporaryRedirect)
		case "/twice":
			http.Redirect(w, r, "/port", http.StatusTemporaryRedirect)
		default:
			_, _ = io.WriteString(w, r.Header.Get("Authorization"))
		}
	}))
	defer own.Close()
	for _, c := range []*http.Client{New(time.Minute), NewCareful(time.Minute, time.Minute)} {
		for _, path := range []string{"/same", "/port", "/name", "/twice"} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				seen = nil
				req, err := http.NewRequestWithContext(t.Context(), method, own.URL+path, strings.NewReader("body-secret"))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", "secret")
				req.Header.Set("Cookie", "secret")
				resp, err := c.Do(req)
				if err == nil {
					raw, _ := io.ReadAll(resp.Body)
					_ = resp.Body.Close()
					if path == "/same" && string(raw) != "secret" {
						t.Errorf("%s within the origin lost the token: %q", method, raw)
					}
				}
				if refused := err != nil; refused != (method == http.MethodPost && path != "/same") {
					t.Errorf("%s %s: %v", method, path, err)
				}
				if s := strings.Join(seen, ""); strings.Contains(s, "secret") && !(method == http.MethodGet && s == "body-secret") {
					t.Errorf("%s %s: the other server was sent %q", method, path, s)
				}
			}
		}
	}
}

// TestCheckRedirect covers what the servers of TestRedirects cannot show: TLS and redirect
// chains.
func TestCheckRedirect(t *testing.T) {
	request := func(method, address string) *http.Request {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		return &http.Request{Method: method, URL: u, Header: http.Header{"Authorization": {"secret"}}}
	}
	for name, tt := range map[string]struct {
		via  []string
		to   string
		kept bool
		err  bool
	}{
		"same":                      {[]string{"https://a.example/x"}, "https://a.example/y", true, false},
		"same, with its port":       {[]string{"https://a.example/x"}, "https://a.example:443/y", true, false},
		"to plain HTTP":             {[]string{"https://a.example/x"}, "http://a.example/y", false, true},
		"to plain HTTP on loopback": {[]string{"https://a.example/x"}, "http://127.0.0.1/y", false, true},
		"another port":              {[]string{"https://a.example/x"}, "https://a.example:444/y", false, false},
		"a subdomain":               {[]string{"https://a.example/x"}, "https://b.a.example/y", false, false},
		"there and back":            {[]string{"https://a.example/x", "https://b.example/"}, "https://a.example/y", false, false},
		"to TLS":                    {[]string{"http://a.example/x"}, "https://a.example/y", false, false},
		"a longer chain":            {strings.Split(strings.Repeat("https://a.example/ ", 9)+"https://a.example/", " "), "https://a.example/", false, true},
	} {
		var via []*http.Request
		for _, address := range tt.via {
			via = append(via, request(http.MethodGet, address))
		}
		req := request(http.MethodGet, tt.to)
		err := CheckRedirect(req, via)
		if (err != nil) != tt.err || err == nil && (req.Header.Get("Authorization") != "") != tt.kept {
			t.Errorf("%s: %v, header %q", name, err, req.Header.Get("Authorization"))
		}
	}
}

// TestCheckSecret checks to which addresses a secret may be sent.
func TestCheckSecret(t *testing.T) {
	Tunnelled("tunnelled.test")
	for address, good := range map[string]bool{
		"https://a.example": true, "http://a.example": false, "http://127.0.0.1:1": true, "http://127.9.9.9": true, "http://[::1]": true, "http://localhost:80": true,
		"http://10.0.0.1": false, "http://192.168.0.1": false, "http://[::]": false, "http://0.0.0.0": false, "http://localhost.example": false, "http://a.localhost": false,
		"http://tunnelled.test:1": true, "http://a.tunnelled.test": false, "ftp://a.example": false, "https://": false, "a.example": false, "http://127.0.0.1.example": false, "http://2130706433": false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckSecret(u); (err == nil) != good || err != nil && !errors.Is(err, ErrPlain) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
