package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"dagger/slipway/ci/quote"
)

// Environment describes which branches and tags may deploy to a deployment environment: their
// workflows can use its secrets once its reviewers approve.
type Environment struct {
	// Any means that every branch and tag may.
	Any bool
	// Protected means that every branch with a protection rule may.
	Protected bool
	// Patterns lists the names that may, if neither Any nor Protected is set.
	Patterns []Pattern
}

// Pattern is a deployment branch policy (GitHub REST API, "Deployment branch policies").
type Pattern struct {
	Name string `json:"name"` // with * and ? as in fnmatch
	Type string `json:"type"` // "branch" or "tag"; "" from servers that only support branches
}

// ErrUnseen is the error for a setting that the token may not see, or that does not exist.
var ErrUnseen = errors.New("the token has no access to it (actions: read), or it does not exist")

// Environment returns which branches and tags may deploy to an environment.
func (c *Client) Environment(ctx context.Context, name string) (Environment, error) {
	var settings struct {
		Policy *struct {
			Protected bool `json:"protected_branches"`
			Custom    bool `json:"custom_branch_policies"`
		} `json:"deployment_branch_policy"`
	}
	if err := c.setting(ctx, name, "", &settings); err != nil {
		return Environment{}, err
	}
	if settings.Policy == nil {
		return Environment{Any: true}, nil
	}
	e := Environment{Protected: settings.Policy.Protected}
	if !settings.Policy.Custom {
		return e, nil
	}
	var list struct {
		Total    int       `json:"total_count"`
		Policies []Pattern `json:"branch_policies"`
	}
	if err := c.setting(ctx, name, "/deployment-branch-policies", &list); err != nil {
		return Environment{}, err
	}
	if list.Total != len(list.Policies) {
		return Environment{}, fmt.Errorf("asking about environment %s: GitHub lists %d of %d branch policies", quote.Line(name), len(list.Policies), list.Total)
	}
	e.Patterns = list.Policies
	return e, nil
}

func (c *Client) setting(ctx context.Context, name, below string, answer any) error {
	_, err := c.do(ctx, http.MethodGet, c.path("environments/%s", name)+below, nil, answer)
	var status *StatusError
	if errors.As(err, &status) && (status.Code == http.StatusForbidden || status.Code == http.StatusNotFound) {
		err = ErrUnseen
	}
	if err != nil {
		return fmt.Errorf("asking about environment %s: %w", quote.Line(name), err)
	}
	return nil
}

// Only reports whether the environment admits the branch and nothing else.
func (e Environment) Only(branch string) bool {
	return !e.Any && !e.Protected && len(e.Patterns) == 1 && e.Patterns[0].Name == branch && e.Patterns[0].Type != "tag"
}
