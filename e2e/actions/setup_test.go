package actions

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/githubd/description"
	"dagger/slipway/e2e/kit"
)

// asked maps the URLs in the set-up page to the API's operations.
var asked = map[string]string{
	"repos/OWNER/NAME/environments/release":                            "/repos/{owner}/{repo}/environments/{environment_name}",
	"repos/OWNER/NAME/environments/release/deployment-branch-policies": "/repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies",
	"repos/OWNER/NAME/rulesets":                                        "/repos/{owner}/{repo}/rulesets",
	"repos/OWNER/NAME/actions/permissions/workflow":                    "/repos/{owner}/{repo}/actions/permissions/workflow",
	"orgs/OWNER/teams/TEAM":                                            "/orgs/{org}/teams/{team_slug}",
}

var (
	ghCall  = regexp.MustCompile(`(?m)^    gh api (?:--method ([A-Z]+) )?([a-zA-Z/-]+)(.*)$`)
	ghField = regexp.MustCompile(` -([fF]) ([a-z_]+)=(\S+)`)
	ghBody  = regexp.MustCompile(`(?s)^\n(.*?)\n    EOF\n`)
)

// TestActionsSetUp checks the commands of docs/actions.md that set up a repository against
// GitHub's API description: the URLs, and every field of the bodies.
func TestActionsSetUp(t *testing.T) {
	page := kit.Read(t, kit.Root, "docs", "actions.md")
	var done []string
	for _, at := range ghCall.FindAllStringSubmatchIndex(page, -1) {
		method, address, rest := "GET", page[at[4]:at[5]], page[at[6]:at[7]]
		if at[2] >= 0 {
			method = page[at[2]:at[3]]
		}
		path, known := asked[address]
		if !known {
			t.Errorf("the page asks for %q, which this test does not know", address)
			continue
		}
		body := map[string]any{}
		for _, field := range ghField.FindAllStringSubmatch(rest, -1) {
			body[field[2]] = field[3]
			if field[1] == "F" {
				body[field[2]] = field[3] == "true"
			}
		}
		if strings.Contains(rest, "--input - <<'EOF'") {
			text := ghBody.FindStringSubmatch(page[at[1]:])
			if text == nil {
				t.Fatalf("%s %s: no end of what it sends", method, address)
			}
			if err := json.Unmarshal([]byte(text[1]), &body); err != nil {
				t.Errorf("%s %s sends what is no JSON: %v", method, address, err)
			}
		}
		for _, wrong := range violations(t, description.Operation{Method: method, Path: path}, body) {
			t.Errorf("%s %s: %s", method, address, wrong)
		}
		done = append(done, method+" "+filepath.Base(address))
	}
	want := []string{"GET TEAM", "PUT release", "POST deployment-branch-policies", "GET release", "GET deployment-branch-policies", "POST rulesets", "POST rulesets", "PUT workflow"}
	if !slices.Equal(done, want) {
		t.Errorf("the page has the calls %q, want %q", done, want)
	}
}

// TestActionsSetUpJudge checks that TestActionsSetUp would find an unknown field and an
// invalid value.
func TestActionsSetUpJudge(t *testing.T) {
	environment := description.Operation{Method: "PUT", Path: "/repos/{owner}/{repo}/environments/{environment_name}"}
	for _, body := range []map[string]any{
		{"deployment_branch_policies": nil},
		{"deployment_branch_policy": map[string]any{"custom_branch_policies": "yes", "protected_branches": false}},
		{"deployment_branch_policy": map[string]any{"custom_branch_policies": true}},
	} {
		if len(violations(t, environment, body)) == 0 {
			t.Errorf("%v is taken for right", body)
		}
	}
}

// violations returns how a request violates GitHub's API description.
func violations(t *testing.T, o description.Operation, body map[string]any) []string {
	t.Helper()
	d, err := description.Load([]description.Operation{o})
	kit.Check(t, err)
	var raw []byte
	if o.Method != http.MethodGet {
		raw, err = json.Marshal(body)
		kit.Check(t, err)
	}
	r, err := http.NewRequest(o.Method, "https://api.github.com"+o.Path, nil)
	kit.Check(t, err)
	r.Header.Set("Content-Type", "application/json")
	parameters := map[string]string{"owner": "OWNER", "repo": "NAME", "environment_name": "release", "org": "OWNER", "team_slug": "TEAM"}
	for name := range parameters {
		if !strings.Contains(o.Path, "{"+name+"}") {
			delete(parameters, name)
		}
	}
	return d.Request(o, r, parameters, raw)
}
