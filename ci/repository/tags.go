package repository

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	wait "dagger/slipway/ci/transport"
)

// Limits on a list of tags. A release has a handful of tags, and a registry can send pages
// forever.
const (
	maxTags     = 100_000
	maxTagPages = 1_000
)

// Tags returns the repository's tags, or none if the repository does not exist. It reads the
// pages itself, because go-containerregistry has no bound on their number.
func (r *Repository) Tags(ctx context.Context) ([]string, error) {
	w, err := r.signIn(ctx)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: w, CheckRedirect: wait.CheckRedirect}
	var tags []string
	next := r.url("/tags/list")
	for pages := 0; next != nil; pages++ {
		if pages == maxTagPages || len(tags) > maxTags {
			return nil, fmt.Errorf("listing the tags of %q: the registry lists more than %d, or on more than %d pages, expected fewer", r.name, maxTags, maxTagPages)
		}
		var page []string
		if page, next, err = tagPage(ctx, client, next); missing(err) {
			return nil, nil
		} else if err != nil {
			return nil, fmt.Errorf("listing the tags of %q: %w", r.name, err)
		}
		tags = append(tags, page...)
	}
	return tags, nil
}

// tagPage returns the tags on one page, and the address of the next page, nil for none (OCI
// distribution specification 1.1, "Listing Tags").
func tagPage(ctx context.Context, client *http.Client, at *url.URL) ([]string, *url.URL, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	if err := transport.CheckError(resp, http.StatusOK); err != nil {
		return nil, nil, err
	}
	var list struct {
		Tags []string `json:"tags"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		return nil, nil, fmt.Errorf("reading the list: %w", err)
	}
	link := resp.Header.Get("Link")
	if link == "" {
		return list.Tags, nil, nil
	}
	next, err := nextPage(at, link)
	return list.Tags, next, err
}

// nextPage returns the address in a Link header (RFC 8288). It must be another page of the same
// list.
func nextPage(at *url.URL, link string) (*url.URL, error) {
	target, _, closed := strings.Cut(link, ">")
	target, opened := strings.CutPrefix(target, "<")
	if !opened || !closed {
		return nil, errors.New("reading the address of the next page: expected it between < and >")
	}
	next, err := at.Parse(target)
	if err != nil {
		return nil, errors.New("reading the address of the next page: it is not a URL")
	}
	if wait.Origin(next) != wait.Origin(at) || next.Path != at.Path {
		return nil, fmt.Errorf("the next page of the list is at %s, expected %s", wait.Origin(next)+next.EscapedPath(), wait.Origin(at)+at.EscapedPath())
	}
	return next, nil
}
