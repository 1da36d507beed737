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
	var found []Release
	var size int
	err := list(ctx, c, "releases", func(r Release) error {
		if r.Tag != tag {
			return nil
		}
		if size += len(r.Body) + len(r.Name); size > maxKept || len(found) == maxSameTag {
			return fmt.Errorf("more than %d have the tag %q, or their notes more than %d bytes, expected fewer: delete its drafts", maxSameTag, tag, maxKept)
		}
		found = append(found, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing the releases: %w", err)
	}
	return found, nil
}

// maxSameTag is how many releases of one tag are read: one is published, and a few may be drafts of
// interrupted runs.
const maxSameTag = 100

// PublishedTags returns the tags of all published releases that begin with prefix.
func (c *Client) PublishedTags(ctx context.Context, prefix string) ([]string, error) {
	var tags []string
	var size int
	err := list(ctx, c, "releases", func(r Release) error {
		if r.Draft || !strings.HasPrefix(r.Tag, prefix) {
			return nil
		}
		if size += len(r.Tag); size > maxKept {
			return fmt.Errorf("their tags have more than %d bytes, expected fewer", maxKept)
		}
		tags = append(tags, strings.Clone(r.Tag))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing the releases: %w", err)
	}
	return tags, nil
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
