package sigstack

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"dagger/slipway/e2e/sigstack/fault"
)

func inject(t *testing.T, p *fault.Proxy, f fault.Fault) {
	t.Helper()
	if err := p.Inject(f); err != nil {
		t.Fatal(err)
	}
}

// TestStackFulcioRefuses checks that cosign stops without contacting other servers.
func TestStackFulcioRefuses(t *testing.T) {
	s := start(t)
	c := newJudge(t, 2, s.CosignEnv())
	c.write(t, blob, "a tarball")
	inject(t, s.Fulcio, fault.Status(401, 0))
	if out, err := c.run(sign2(token(t, s, nil))...); err == nil || !strings.Contains(out, "401") {
		t.Errorf("with a Fulcio that answers 401: %v, %s", err, out)
	}
	if n := s.Rekor.Count(""); n != 0 {
		t.Errorf("Rekor was asked %d times without a certificate", n)
	}
	s.Fulcio.Clear()
	c.must(t, sign2(token(t, s, nil))...)
	c.must(t, verify2...)
}

// TestStackRekorLosesItsAnswer checks that Rekor itself answers 409 to a second attempt
// after a lost response.
func TestStackRekorLosesItsAnswer(t *testing.T) {
	s := start(t)
	c := newJudge(t, 2, s.CosignEnv())
	c.write(t, blob, "a tarball")
	inject(t, s.Rekor, fault.Fault{Kind: fault.Lose, Method: http.MethodPost, Path: "/api/v1/log/entries", Times: 1})
	c.must(t, sign2(token(t, s, nil))...)
	c.must(t, verify2...)
	var statuses []int
	for _, r := range s.Rekor.Requests() {
		statuses = append(statuses, r.Status)
	}
	if len(statuses) < 3 || statuses[0] != 0 || statuses[1] != 409 || statuses[2] != 200 {
		t.Errorf("Rekor answered %v; expected nothing, then 409, then 200 for the entry that exists", statuses)
	}
}

// TestStackTokens verifies the endpoint's tokens with the issuer's published keys.
func TestStackTokens(t *testing.T) {
	s := start(t)
	var keys jose.JSONWebKeySet
	get(t, s.IssuerURL+"/.well-known/jwks", "", 200, &keys)
	url := s.TokenRequestURL() + "&audience=sigstore"
	get(t, url, "", 401, nil)
	get(t, url, "bearer wrong", 401, nil)
	claims := func() (jwt.Claims, map[string]any) {
		t.Helper()
		var answer struct{ Value string }
		get(t, url, "bearer "+s.TokenRequestToken(), 200, &answer)
		parsed, err := jwt.ParseSigned(answer.Value, []jose.SignatureAlgorithm{jose.RS256})
		if err != nil {
			t.Fatal(err)
		}
		var standard jwt.Claims
		all := map[string]any{}
		if err := parsed.Claims(keys, &standard, &all); err != nil {
			t.Fatal(err)
		}
		return standard, all
	}
	valid := func() jwt.Expected { // evaluated late, because a token is not valid before the second in which it was issued
		return jwt.Expected{Issuer: Issuer, AnyAudience: jwt.Audience{Audience}, Time: time.Now()}
	}
	standard, all := claims()
	if err := standard.ValidateWithLeeway(valid(), 0); err != nil {
		t.Errorf("the token is not valid: %v", err)
	}
	if all["repository"] != Repository || all["job_workflow_ref"] != strings.TrimPrefix(Identity, "https://github.com/") {
		t.Errorf("the token is for %v in %v", all["job_workflow_ref"], all["repository"])
	}
	s.HandOut(Expired())
	if standard, _ := claims(); standard.ValidateWithLeeway(valid(), 0) != jwt.ErrExpired {
		t.Errorf("the token ends at %s, expected an expired one", standard.Expiry.Time())
	}
	s.HandOut(nil)
	if standard, _ := claims(); standard.ValidateWithLeeway(valid(), 0) != nil {
		t.Error("the token is not valid again")
	}
	if n := s.Tokens.Count("/token"); n != 5 {
		t.Errorf("the endpoint counted %d requests, expected 5", n)
	}
}

// get requests url and decodes the JSON response into v.
func get(t *testing.T, url, authorization string, status int, v any) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	answer, err := loopback.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != status {
		t.Fatalf("GET %s: %s, %s; expected %d", url, answer.Status, raw, status)
	}
	if v != nil {
		if err := json.Unmarshal(raw, v); err != nil {
			t.Fatalf("GET %s: %v in %s", url, err, raw)
		}
	}
}

// TestStackOneAtATime checks that a second stack is refused, and that after Close all
// servers have stopped and another stack can start.
func TestStackOneAtATime(t *testing.T) {
	before := http.DefaultTransport
	first, err := Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if http.DefaultTransport != before {
		t.Error("the default transport stayed replaced")
	}
	if _, err := Start(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "has one already") {
		t.Errorf("starting a second one: %v", err)
	}
	get(t, first.RekorURL+"/api/v1/log", "", 200, nil)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{first.FulcioURL, first.RekorURL, first.TSAURL, first.IssuerURL, first.Tokens.URL} {
		if answer, err := http.Get(url); err == nil {
			_ = answer.Body.Close()
			t.Errorf("%s still answers", url)
		}
	}
	s := start(t)
	c := newJudge(t, 2, s.CosignEnv())
	c.write(t, blob, "a tarball")
	c.must(t, sign2(token(t, s, nil))...)
	c.must(t, verify2...)
}
