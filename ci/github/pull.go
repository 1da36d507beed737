package github

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// Change is a commit to propose in a pull request.
type Change struct {
	// Base is the branch to change, and From the commit of it that the change is based on.
	Base, From string
	// Branch is the name of the pull request's branch.
	Branch      string
	Title, Body string
	Files       map[string]string // complete contents by path
}

// Pull is a pull request.
type Pull struct {
	Number int    `json:"number"`
	URL    string `json:"html_url"`
}

// Propose opens a pull request with one commit, or returns the one already open for the branch.
// It returns an error if the base branch is no longer at change.From, because the files could
// revert later commits.
func (c *Client) Propose(ctx context.Context, change Change) (Pull, error) {
	if open, err := c.pull(ctx, change); err != nil || open.Number != 0 {
		return open, err
	}
	at, err := c.branch(ctx, change.Base)
	if err != nil {
		return Pull{}, err
	}
	if at != change.From {
		return Pull{}, fmt.Errorf("proposing a change of branch %q: it is at commit %s, and the change was made on %s: pull, and run again", change.Base, at, change.From)
	}
	if err := c.pushCommit(ctx, change); err != nil {
		return Pull{}, fmt.Errorf("proposing a change of branch %q: %w", change.Base, err)
	}
	var made Pull
	body := map[string]string{"title": change.Title, "body": change.Body, "head": change.Branch, "base": change.Base}
	if _, err := c.do(ctx, http.MethodPost, c.path("pulls"), body, &made); err != nil {
		return Pull{}, fmt.Errorf("opening the pull request of branch %q: %w", change.Branch, err)
	}
	return made, nil
}

// pull returns the open pull request of the change's branch, or the zero value.
func (c *Client) pull(ctx context.Context, change Change) (Pull, error) {
	var open []Pull
	query := url.Values{"state": {"open"}, "head": {c.owner + ":" + change.Branch}, "base": {change.Base}}
	if _, err := c.do(ctx, http.MethodGet, c.path("pulls")+"?"+query.Encode(), nil, &open); err != nil {
		return Pull{}, fmt.Errorf("looking for the pull request of branch %q: %w", change.Branch, err)
	}
	if len(open) == 0 {
		return Pull{}, nil
	}
	return open[0], nil
}

// branch returns the commit that a branch points to.
func (c *Client) branch(ctx context.Context, name string) (string, error) {
	var r ref
	if _, err := c.do(ctx, http.MethodGet, c.path("git/ref/heads/%s", name), nil, &r); err != nil {
		return "", fmt.Errorf("looking for the branch %q: %w", name, err)
	}
	return r.Object.SHA, nil
}

// object is the SHA of a git object.
type object struct {
	SHA string `json:"sha"`
}

// gitCommit is a commit and its tree.
type gitCommit struct {
	object
	Tree object `json:"tree"`
}

// pushCommit creates the commit and its branch. A branch that already has the same tree was
// left by an earlier run and is kept.
func (c *Client) pushCommit(ctx context.Context, change Change) error {
	var base gitCommit
	var tree, made object
	if _, err := c.do(ctx, http.MethodGet, c.path("git/commits/%s", change.From), nil, &base); err != nil {
		return err
	}
	var entries []map[string]string
	for _, name := range slices.Sorted(maps.Keys(change.Files)) {
		entries = append(entries, map[string]string{"path": name, "mode": "100644", "type": "blob", "content": change.Files[name]})
	}
	if _, err := c.do(ctx, http.MethodPost, c.path("git/trees"), map[string]any{"base_tree": base.Tree.SHA, "tree": entries}, &tree); err != nil {
		return err
	}
	there, err := c.branch(ctx, change.Branch)
	if err == nil {
		var left gitCommit
		if _, err := c.do(ctx, http.MethodGet, c.path("git/commits/%s", there), nil, &left); err != nil {
			return err
		}
		if left.Tree.SHA != tree.SHA {
			return fmt.Errorf("branch %q already exists with different files: delete it, or open its pull request by hand", change.Branch)
		}
		return nil
	}
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	commit := map[string]any{"message": change.Title + "\n\n" + change.Body, "tree": tree.SHA, "parents": []string{change.From}}
	if _, err := c.do(ctx, http.MethodPost, c.path("git/commits"), commit, &made); err != nil {
		return err
	}
	_, err = c.do(ctx, http.MethodPost, c.path("git/refs"), map[string]string{"ref": "refs/heads/" + change.Branch, "sha": made.SHA}, nil)
	return err
}
