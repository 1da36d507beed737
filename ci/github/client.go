// Package github is what a release asks of GitHub, on google/go-github: releases,
// their assets, tags, commits and pull requests of one repository. Its functions
// look or act once; when to act, and when to look again, its caller decides.
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
	"dagger/slipway/ci/transport"
)

// Options say which repository, where and as whom.
type Options struct {
	Repository string // owner/name
	// Token is a token of GitHub; "" asks as nobody, who may read public things.
	Token string
	// API is the base address of a GitHub Enterprise server's API, "" for GitHub.
	API string
}

// Client asks about one repository.
type Client struct {
	api         *gh.Client
	owner, repo string
	anonymous   bool         // there is no token
	uploads     *http.Client // asks once: what is sent may be gigabytes
}

var repositoryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$`)

// longestWait is how long GitHub may ask to wait: the time in which a limit of
// rate ends is an hour at most.
const longestWait = 15 * time.Minute

// maxAnswer is the size over which an answer of the API is not read: one page of a
// hundred releases with long notes has some MiB.
const maxAnswer = 64 << 20

// New makes a client. It asks nothing.
func New(o Options) (*Client, error) {
	if err := errors.Join(address.Check("GitHub's API (--github-api)", o.API), address.Check("the GitHub repository (--repository)", o.Repository)); err != nil {
		return nil, err
	}
	if !repositoryName.MatchString(o.Repository) {
		return nil, fmt.Errorf("checking the GitHub repository %s: expected owner/name", quote.Line(o.Repository))
	}
	c := &Client{anonymous: o.Token == ""}
	c.owner, c.repo, _ = strings.Cut(o.Repository, "/")
	asking := transport.NewCareful(time.Minute, longestWait)
	// The token goes to GitHub's own origins and no other, wherever they redirect to.
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
		if err := transport.CheckSecret(u); err != nil && o.Token != "" {
			return nil, fmt.Errorf("checking where the token of GitHub goes: %w", err)
		}
		origins[transport.Origin(u)] = true
	}
	return c, nil
}

// Repository is the repository that is asked about, as owner/name.
func (c *Client) Repository() string { return c.owner + "/" + c.repo }

// authorization adds the token to requests for certain origins.
type authorization struct {
	next    http.RoundTripper
	token   string
	origins map[string]bool
}

func (a authorization) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Del("Authorization")
	if a.token != "" && a.origins[transport.Origin(req.URL)] {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	return a.next.RoundTrip(req)
}

// path is an address below the repository's.
func (c *Client) path(format string, args ...any) string {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = strings.ReplaceAll(url.PathEscape(s), "%2F", "/")
		}
	}
	return fmt.Sprintf("repos/%s/%s/", c.owner, c.repo) + fmt.Sprintf(format, args...)
}

// do sends a request with a JSON body, nil for none, and reads the JSON answer.
func (c *Client) do(ctx context.Context, method, path string, body, answer any) (*gh.Response, error) {
	req, err := c.api.NewRequest(method, path, body)
	if err != nil {
		return nil, err
	}
	resp, err := c.api.Do(ctx, req, answer)
	return resp, short(err)
}

// ErrNotFound is the error for what is not there, or may not be seen.
var ErrNotFound = errors.New("GitHub has no such thing, or the token may not see it")

// short makes an error that a person can read, and [errors.Is] ErrNotFound of 404.
func short(err error) error {
	var answer *gh.ErrorResponse
	var limit *gh.RateLimitError
	var abuse *gh.AbuseRateLimitError
	switch {
	case errors.As(err, &limit):
		return &StatusError{Code: http.StatusTooManyRequests, Wait: max(time.Until(limit.Rate.Reset.Time), 0) + time.Second, text: "GitHub's limit of requests an hour is reached"}
	case errors.As(err, &abuse):
		return &StatusError{Code: http.StatusTooManyRequests, Wait: abuse.GetRetryAfter(), text: "GitHub's secondary limit of rate is reached"}
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

// StatusError is an answer of GitHub that is none.
type StatusError struct {
	Code int
	// Wait is how long GitHub asks to wait.
	Wait time.Duration

	text string
}

func (e *StatusError) Error() string { return e.text }

// Transient reports whether an error may pass (the connection failed, the server
// did, or there were too many requests) and how long GitHub asks to wait. What was
// asked for may have been done all the same.
func Transient(err error) (wait time.Duration, ok bool) {
	var status *StatusError
	if errors.As(err, &status) {
		return status.Wait, (status.Code >= 500 || status.Code == http.StatusTooManyRequests) && status.Wait <= longestWait
	}
	var network *url.Error
	return 0, errors.As(err, &network) && !errors.Is(err, context.Canceled)
}
