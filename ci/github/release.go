package github

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// Release is a GitHub release, published or a draft.
type Release struct {
	ID         int64  `json:"id"`
	Tag        string `json:"tag_name"`
	Name       string `json:"name"`
	Body       string `json:"body"`
	Draft      bool   `json:"draft"`
	Prerelease bool   `json:"prerelease"`
	URL        string `json:"html_url"`
	Commitish  string `json:"target_commitish"`
	// Immutable means that nobody can change its assets or its tag any more.
	Immutable bool `json:"immutable"`
}

// Releases returns all releases of a tag. Drafts are included if the token has write access;
// there may be several for one tag.
func (c *Client) Releases(ctx context.Context, tag string) ([]Release, error) {
	return c.list(ctx, func(r Release) bool { return r.Tag == tag })
}

// list returns the releases for which wanted returns true.
func (c *Client) list(ctx context.Context, wanted func(Release) bool) ([]Release, error) {
	var found []Release
	for page := 1; page > 0; {
		var list []Release
		resp, err := c.do(ctx, http.MethodGet, c.path("releases?per_page=100&page=%d", page), nil, &list)
		if err != nil {
			return nil, fmt.Errorf("listing the releases: %w", err)
		}
		for _, r := range list {
			if wanted(r) {
				found = append(found, r)
			}
		}
		page = resp.NextPage
	}
	return found, nil
}

// PublishedTags returns the tags of all published releases that begin with prefix.
func (c *Client) PublishedTags(ctx context.Context, prefix string) ([]string, error) {
	all, err := c.list(ctx, func(r Release) bool { return !r.Draft && strings.HasPrefix(r.Tag, prefix) })
	var tags []string
	for _, r := range all {
		tags = append(tags, r.Tag)
	}
	return tags, err
}

// Release returns a release by its ID.
func (c *Client) Release(ctx context.Context, id int64) (Release, error) {
	var r Release
	if _, err := c.do(ctx, http.MethodGet, c.path("releases/%d", id), nil, &r); err != nil {
		return r, fmt.Errorf("looking at release %d: %w", id, err)
	}
	return r, nil
}

// DeleteDraft deletes a draft. A missing draft is not an error, but a published release is.
func (c *Client) DeleteDraft(ctx context.Context, r Release) error {
	if !r.Draft {
		return fmt.Errorf("deleting the draft of release %q: it is published", r.Tag)
	}
	resp, err := c.do(ctx, http.MethodDelete, c.path("releases/%d", r.ID), nil, nil)
	if err != nil && (resp == nil || resp.StatusCode != http.StatusNotFound) {
		return fmt.Errorf("deleting the draft of release %q: %w", r.Tag, err)
	}
	return nil
}

// Published returns the published release of a tag.
func (c *Client) Published(ctx context.Context, tag string) (Release, error) {
	var r Release
	if _, err := c.do(ctx, http.MethodGet, c.path("releases/tags/%s", tag), nil, &r); err != nil {
		return r, fmt.Errorf("looking for the release %q: %w", tag, err)
	}
	return r, nil
}

// Draft holds the fields of a draft to create.
type Draft struct {
	Tag        string `json:"tag_name"`
	Commit     string `json:"target_commitish"`
	Name       string `json:"name"`
	Body       string `json:"body"`
	Prerelease bool   `json:"prerelease"`
}

// CreateDraft creates a draft, which only users with write access can see.
func (c *Client) CreateDraft(ctx context.Context, d Draft) (Release, error) {
	var r Release
	body := struct {
		Draft
		IsDraft bool `json:"draft"`
	}{d, true}
	if _, err := c.do(ctx, http.MethodPost, c.path("releases"), body, &r); err != nil {
		return r, fmt.Errorf("creating the draft of release %q: %w", d.Tag, err)
	}
	return r, nil
}

// Publish publishes a draft. latest makes it the repository's latest release.
func (c *Client) Publish(ctx context.Context, id int64, d Draft, latest bool) (Release, error) {
	var r Release
	body := struct {
		Draft
		IsDraft bool   `json:"draft"`
		Latest  string `json:"make_latest"`
	}{d, false, fmt.Sprint(latest)}
	if _, err := c.do(ctx, http.MethodPatch, c.path("releases/%d", id), body, &r); err != nil {
		return r, fmt.Errorf("publishing the release %q: %w", d.Tag, err)
	}
	return r, nil
}
