package githubd

import (
	"context"
	"testing"
)

// TestGithubdEnvironment checks that anyone who may read the repository can read which
// branches may use an environment.
func TestGithubdEnvironment(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t)
	c := w.client(Read)
	_, _, err := c.Repositories.GetEnvironment(ctx, owner, repo, "release")
	denied(t, err, 404, "Not Found")
	w.SetEnvironment("release", Environment{})
	e, _, err := c.Repositories.GetEnvironment(ctx, owner, repo, "release")
	if err != nil || e.DeploymentBranchPolicy != nil {
		t.Errorf("an environment for all: %+v, %v", e, err)
	}
	w.SetEnvironment("release", Environment{Custom: true, Branches: []string{"main", "v*"}})
	e, _, err = c.Repositories.GetEnvironment(ctx, owner, repo, "release")
	if err != nil || !e.DeploymentBranchPolicy.GetCustomBranchPolicies() || e.DeploymentBranchPolicy.GetProtectedBranches() {
		t.Errorf("an environment for some: %+v, %v", e, err)
	}
	list, _, err := c.Repositories.ListDeploymentBranchPolicies(ctx, owner, repo, "release")
	if err != nil || list.GetTotalCount() != 2 || list.BranchPolicies[1].GetName() != "v*" {
		t.Errorf("its branches: %+v, %v", list, err)
	}
}
