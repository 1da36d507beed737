package githubd

// Environment is the deployment branch policy of an environment.
type Environment struct {
	// Custom allows the branches in Branches, Protected all protected branches. With neither,
	// all branches are allowed.
	Custom, Protected bool
	Branches          []string
}

// SetEnvironment creates or changes an environment.
func (s *Server) SetEnvironment(name string, e Environment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.environments == nil {
		s.environments = map[string]Environment{}
	}
	s.environments[name] = e
}

// getEnvironment handles GET /repos/{owner}/{repo}/environments/{environment_name}.
func getEnvironment(c *call) *answer {
	name := c.params["environment_name"]
	e, found := c.s.environments[name]
	if !found {
		return c.notFound()
	}
	o := object{
		"id": c.s.id, "node_id": nodeID("EN", c.s.id), "name": name, "url": c.url() + "/environments/" + name,
		"html_url": c.webURL() + "/deployments/activity_log?environments_filter=" + name, "created_at": stamp(c.s.created), "updated_at": stamp(c.s.created),
		"protection_rules": []any{}, "deployment_branch_policy": nil,
	}
	if e.Custom || e.Protected {
		o["deployment_branch_policy"] = object{"protected_branches": e.Protected, "custom_branch_policies": e.Custom}
		o["protection_rules"] = []any{object{"id": 1, "node_id": nodeID("GA", 1), "type": "branch_policy"}}
	}
	return ok(o)
}

// listBranchPolicies handles GET
// /repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies.
func listBranchPolicies(c *call) *answer {
	e, found := c.s.environments[c.params["environment_name"]]
	if !found {
		return c.notFound()
	}
	list := []any{}
	for i, name := range e.Branches {
		list = append(list, object{"id": i + 1, "node_id": nodeID("GA", int64(i+1)), "name": name, "type": "branch"})
	}
	return ok(object{"total_count": len(list), "branch_policies": list})
}
