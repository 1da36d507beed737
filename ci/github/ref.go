package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// ref is a git reference or an annotated tag, with the object that it points to.
type ref struct {
	Object struct {
		Type string `json:"type"`
		SHA  string `json:"sha"`
	} `json:"object"`
}

// Tag returns the commit that a tag points to, resolving annotated tags, or "" if there is no
// such tag.
func (c *Client) Tag(ctx context.Context, tag string) (string, error) {
	var r ref
	if _, err := c.do(ctx, http.MethodGet, c.path("git/ref/tags/%s", tag), nil, &r); errors.Is(err, ErrNotFound) {
		return "", nil
	} else if err != nil {
		return "", fmt.Errorf("looking for the tag %q: %w", tag, err)
	}
	for depth := 0; r.Object.Type == "tag"; depth++ {
		if depth > 10 {
			return "", fmt.Errorf("looking for the tag %q: it is a tag of a tag, more than ten deep", tag)
		}
		if _, err := c.do(ctx, http.MethodGet, c.path("git/tags/%s", r.Object.SHA), nil, &r); err != nil {
			return "", fmt.Errorf("reading the annotated tag %q: %w", tag, err)
		}
	}
	return r.Object.SHA, nil
}

// CreateTag creates a lightweight tag at a commit.
func (c *Client) CreateTag(ctx context.Context, tag, commit string) error {
	body := map[string]string{"ref": "refs/tags/" + tag, "sha": commit}
	if _, err := c.do(ctx, http.MethodPost, c.path("git/refs"), body, nil); err != nil {
		return fmt.Errorf("creating the tag %q: %w", tag, err)
	}
	return nil
}

// OnBranch reports whether a commit is on a branch at GitHub, not in a local clone.
func (c *Client) OnBranch(ctx context.Context, commit, branch string) (bool, error) {
	var answer struct {
		Status string `json:"status"` // of the branch relative to the commit
	}
	_, err := c.do(ctx, http.MethodGet, c.path("compare/%s...%s?per_page=1", commit, branch), nil, &answer)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("asking whether commit %s is on branch %q: %w", commit, branch, err)
	}
	return answer.Status == "ahead" || answer.Status == "identical", nil
}

// Immutable reports whether new releases of the repository will be immutable. It returns false
// if it cannot tell: reading the setting takes a permission that a release does not need
// ("Administration", read), and old servers do not have it.
func (c *Client) Immutable(ctx context.Context) (bool, error) {
	var setting struct {
		Enabled bool `json:"enabled"`
	}
	_, err := c.do(ctx, http.MethodGet, c.path("immutable-releases"), nil, &setting)
	var status *StatusError
	if errors.As(err, &status) && (status.Code == http.StatusForbidden || status.Code == http.StatusNotFound) {
		return false, nil // not allowed, off or not supported
	}
	if err != nil {
		return false, fmt.Errorf("asking whether releases are immutable: %w", err)
	}
	return setting.Enabled, nil
}

// Rights describes what the token may do, as far as a release is concerned.
type Rights struct {
	Login string // "" if GitHub does not tell, as with a workflow's token
	Write bool
}

// Rights returns what the token may do with the repository. For a workflow's token GitHub reports
// neither a user nor permissions; then Write is true, and the first write tells.
func (c *Client) Rights(ctx context.Context) (Rights, error) {
	var r struct {
		Permissions *struct {
			Push bool `json:"push"`
		} `json:"permissions"`
	}
	if _, err := c.do(ctx, http.MethodGet, fmt.Sprintf("repos/%s/%s", c.owner, c.repo), nil, &r); err != nil {
		return Rights{}, fmt.Errorf("asking for the repository %q: %w", c.owner+"/"+c.repo, err)
	}
	if c.anonymous {
		return Rights{}, nil
	}
	rights := Rights{Write: r.Permissions == nil || r.Permissions.Push}
	var user struct {
		Login string `json:"login"`
	}
	if _, err := c.do(ctx, http.MethodGet, "user", nil, &user); err == nil {
		rights.Login = user.Login
	}
	return rights, nil
}
