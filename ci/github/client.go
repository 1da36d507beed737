// Package github makes a release's requests to GitHub with google/go-github: releases, assets,
// tags, commits and pull requests of one repository. Each function reads or acts once; retrying
// is up to its caller.
package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"

	"dagger/slipway/ci/address"
	"dagger/slipway/ci/quote"
	"dagger/slipway/ci/secret"
	"dagger/slipway/ci/transport"
)

// Options configures a client.
type Options struct {
	Repository string // owner/name
	// Token is a GitHub token; without one requests are anonymous, which can only read public data.
	Token secret.Text
	// API is the base URL of a GitHub Enterprise server's API; "" means github.com.
	API string
}

// Client makes requests about one repository.
type Client struct {
	api         *gh.Client
	owner, repo string
	anonymous   bool         // there is no token
	uploads     *http.Client // for assets, which may be gigabytes; without retries
}

var repositoryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$`)

// longestWait is the longest wait that GitHub may ask for. A rate limit resets after an hour at
// most.
const longestWait = 15 * time.Minute

// maxAnswer is the size limit of an API response in bytes: a page of 100 releases with long
// notes has a few MiB.
const maxAnswer = 64 << 20

// New returns a client without making a request.
func New(o Options) (*Client, error) {
	if err := errors.Join(address.Check("GitHub's API (--github-api)", o.API), address.Check("the GitHub repository (--repository)", o.Repository)); err != nil {
		return nil, err
	}
	if !repositoryName.MatchString(o.Repository) {
		return nil, fmt.Errorf("checking the GitHub repository %s: expected owner/name", quote.Line(o.Repository))
	}
	c := &Client{anonymous: o.Token.Empty()}
	c.owner, c.repo, _ = strings.Cut(o.Repository, "/")
	asking := transport.NewCareful(time.Minute, longestWait)
	// The token is only sent to GitHub's own origins, wherever they redirect to.
	origins := map[string]bool{}
	asking.Transport = authorization{next: transport.Bounded{Next: asking.Transport, Limit: maxAnswer}, token: o.Token, origins: origins}
	c.uploads = &http.Client{Transport: authorization{next: http.DefaultTransport, token: o.Token, origins: origins}, CheckRedirect: transport.CheckRedirect}
	c.api = gh.NewClient(asking)
	if public := strings.TrimSuffix(c.api.BaseURL.String(), "/"); o.API != "" && strings.TrimSuffix(o.API, "/") != public {
		var err error
		if c.api, err = c.api.WithEnterpriseURLs(o.API, o.API); err != nil {
			return nil, fmt.Errorf("checking the address of GitHub's API %q: %w", o.API, err)
		}
	}
	for _, u := range []*url.URL{c.api.BaseURL, c.api.UploadURL} {
		if err := transport.CheckSecret(u); err != nil && !o.Token.Empty() {
			return nil, fmt.Errorf("checking where the GitHub token is sent: %w", err)
		}
		origins[transport.Origin(u)] = true
	}
	return c, nil
}

// Repository returns the repository as owner/name.
func (c *Client) Repository() string { return c.owner + "/" + c.repo }

// authorization adds the token to requests to the given origins.
type authorization struct {
	next    http.RoundTripper
	token   secret.Text
	origins map[string]bool
}

func (a authorization) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Del("Authorization")
	if !a.token.Empty() && a.origins[transport.Origin(req.URL)] {
		req.Header.Set("Authorization", "Bearer "+a.token.Reveal())
	}
	return a.next.RoundTrip(req)
}

// path returns an API path below the repository's, with string arguments escaped.
func (c *Client) path(format string, args ...any) string {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = strings.ReplaceAll(url.PathEscape(s), "%2F", "/")
		}
	}
	return fmt.Sprintf("repos/%s/%s/", c.owner, c.repo) + fmt.Sprintf(format, args...)
}

// do sends a request with a JSON body, nil for none, and decodes the JSON response into answer.
func (c *Client) do(ctx context.Context, method, path string, body, answer any) (*gh.Response, error) {
	req, err := c.api.NewRequest(method, path, body)
	if err != nil {
		return nil, err
	}
	resp, err := c.api.Do(ctx, req, answer)
	return resp, short(err)
}

// ErrNotFound is the error for something that does not exist or that the token may not see.
var ErrNotFound = errors.New("GitHub does not have it, or the token has no access to it")

// short returns a concise error. A 404 matches ErrNotFound.
func short(err error) error {
	var answer *gh.ErrorResponse
	var limit *gh.RateLimitError
	var abuse *gh.AbuseRateLimitError
	switch {
	case errors.As(err, &limit):
		return &StatusError{Code: http.StatusTooManyRequests, Wait: max(time.Until(limit.Rate.Reset.Time), 0) + time.Second, text: "GitHub's hourly rate limit is reached"}
	case errors.As(err, &abuse):
		return &StatusError{Code: http.StatusTooManyRequests, Wait: abuse.GetRetryAfter(), text: "GitHub's secondary rate limit is reached"}
	case !errors.As(err, &answer):
		return err
	}
	text := answer.Response.Status
	if answer.Message != "" {
		text += ": " + quote.Line(answer.Message)
	}
	for _, e := range answer.Errors {
		text += fmt.Sprintf(" (%s %s %s)", quote.Line(e.Field), quote.Line(e.Code), quote.Line(e.Message))
	}
	err = &StatusError{Code: answer.Response.StatusCode, text: fmt.Sprintf("GitHub answers %s to %s %s", text, answer.Response.Request.Method, answer.Response.Request.URL.Path)}
	if answer.Response.StatusCode == http.StatusNotFound {
		err = errors.Join(ErrNotFound, err)
	}
	return err
}

// StatusError is a response with a status other than 2xx.
type StatusError struct {
	Code int
	// Wait is how long GitHub asks to wait.
	Wait time.Duration

	text string
}

func (e *StatusError) Error() string { return e.text }

// Transient reports whether an error is transient (a network error, a 5xx status or rate
// limiting), and how long GitHub asks to wait. The request may have been carried out all the
// same.
func Transient(err error) (wait time.Duration, ok bool) {
	var status *StatusError
	if errors.As(err, &status) {
		return status.Wait, (status.Code >= 500 || status.Code == http.StatusTooManyRequests) && status.Wait <= longestWait
	}
	var network *url.Error
	return 0, errors.As(err, &network) && !errors.Is(err, context.Canceled)
}
