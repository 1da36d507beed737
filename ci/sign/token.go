package sign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"dagger/slipway/ci/secret"
	"dagger/slipway/ci/transport"
)

// TokenSource returns an OpenID Connect identity token for the audience "sigstore". It is
// called at the time of signing, because tokens expire within minutes.
type TokenSource func(ctx context.Context) (string, error)

// ErrNoToken is the error of a run that has to sign but has no identity. slipway never
// opens a browser.
var ErrNoToken = errors.New("finding an identity token to sign with: there is none: run in GitHub Actions with `permissions: id-token: write`, give a token (--identity-token), or sign with a key (--key)")

// tokenTime is the timeout of getting a token, retries included.
const tokenTime = 5 * time.Second

// GivenToken returns a source that always returns the given token.
func GivenToken(given secret.Text) TokenSource {
	return func(context.Context) (string, error) {
		token := strings.TrimSpace(given.Reveal())
		if strings.Count(token, ".") != 2 {
			return "", errors.New("reading the identity token: expected a JSON Web Token, three parts separated by dots")
		}
		return token, nil
	}
}

// GitHubToken returns a source that requests a token from the endpoint that GitHub Actions
// provides to a job with `id-token: write`: requestURL and bearer are the values of
// ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN. A request takes at most
// 5 seconds.
func GitHubToken(requestURL, bearer secret.Text) TokenSource {
	return func(ctx context.Context) (string, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, tokenTime, fmt.Errorf("no answer in %s", tokenTime))
		defer cancel()
		token, err := askGitHub(ctx, requestURL, bearer)
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return "", fmt.Errorf("getting an identity token from GitHub Actions: %w", err)
		}
		return token, nil
	}
}

func askGitHub(ctx context.Context, requestURL, bearer secret.Text) (string, error) {
	u, err := url.Parse(requestURL.Reveal())
	if err != nil || u.Host == "" {
		return "", errors.New("ACTIONS_ID_TOKEN_REQUEST_URL is not the address of an endpoint")
	}
	if err := transport.CheckSecret(&url.URL{Scheme: u.Scheme, Host: u.Host}); err != nil { // the rest of the URL identifies the job
		return "", fmt.Errorf("ACTIONS_ID_TOKEN_REQUEST_URL: %w", err)
	}
	query := u.Query()
	query.Set("audience", "sigstore")
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "bearer "+bearer.Reveal())
	resp, err := transport.New(0).Do(req)
	if err != nil {
		var cause *url.Error // its text contains the URL, which identifies the job
		if errors.As(err, &cause) {
			err = cause.Err
		}
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("it responds with %s; does the job have `permissions: id-token: write`?", resp.Status)
	}
	var answer struct {
		Value string `json:"value"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer); err != nil {
		return "", fmt.Errorf("reading its answer: %w", err)
	}
	return GivenToken(secret.New(answer.Value))(ctx)
}
