package workflows

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"dagger/slipway/ci/cargo"
)

// workflow is what the tests read of one.
type workflow struct {
	On          yaml.Node
	Permissions map[string]string
	Concurrency struct {
		Cancel string `yaml:"cancel-in-progress"`
	}
	Jobs map[string]job
}

type job struct {
	Uses        string
	Permissions map[string]string
	Env         map[string]string
	Secrets     yaml.Node
	Steps       []jobStep
}

type jobStep struct {
	Name, Uses, Run string
	Env, With       map[string]string
}

const repository = "../.."

// own are the workflows that this repository's own workspace needs.
func own(t *testing.T) map[string]string {
	t.Helper()
	const example = "examples/workspace"
	w, err := cargo.Read(os.DirFS(filepath.Join(repository, example)))
	if err != nil {
		t.Fatal(err)
	}
	files, err := New(w, Options{Workspace: example})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestOwnAreUpToDate(t *testing.T) {
	changes, err := Changes(os.DirFS(repository), own(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range changes {
		t.Errorf("%s is out of date: slipway workflows --workspace examples/workspace --write", f.Path)
	}
}

// parse reads the workflows, those of this repository and those of another.
func parse(t *testing.T, files map[string]string) map[string]workflow {
	t.Helper()
	parsed := map[string]workflow{}
	for name, text := range files {
		var w workflow
		if err := yaml.Unmarshal([]byte(text), &w); err != nil || len(w.Jobs) == 0 {
			t.Fatalf("reading %s: %v, %d jobs", name, err, len(w.Jobs))
		}
		parsed[path.Base(name)] = w
	}
	return parsed
}

func each(t *testing.T, check func(t *testing.T, files map[string]workflow)) {
	t.Run("own", func(t *testing.T) { check(t, parse(t, own(t))) })
	t.Run("of another", func(t *testing.T) {
		check(t, parse(t, makeFiles(t, shims(), Options{Slipway: pinned, Engine: true})))
	})
}

// TestPermissions holds every job's rights: these and no other.
func TestPermissions(t *testing.T) {
	want := map[string]string{
		"release.yml build": "contents:read id-token:write", "release.yml rehearse": "contents:read",
		"release.yml release": "contents:write", "release.yml reproduce": "contents:read",
		"action-build.yml build":          "contents:read id-token:write",
		"release-wasi-demo-app.yml build": "contents:read", "release-wasi-demo-app.yml sign": "contents:read id-token:write packages:write",
		"sign.yml sign": "contents:read id-token:write packages:write",
	}
	each(t, func(t *testing.T, files map[string]workflow) {
		got := map[string]string{}
		for name, w := range files {
			if w.Permissions == nil || len(w.Permissions) > 0 {
				t.Errorf("%s: permissions of all jobs are %v, want none", name, w.Permissions)
			}
			for id, j := range w.Jobs {
				var rights []string
				for _, key := range slices.Sorted(maps.Keys(j.Permissions)) {
					rights = append(rights, key+":"+j.Permissions[key])
				}
				got[name+" "+id] = strings.Join(rights, " ")
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("the permissions are %q, want %q", got, want)
		}
	})
}

// runsWorkspace matches commands that compile and run what the workspace says; a
// plan does not, nor does a release of what another job has built.
var runsWorkspace = regexp.MustCompile(`slipway (dist|build|test|reproduce|release-crate|release-train|release-demo-app)\b`)

func (s jobStep) runsWorkspace() bool {
	return runsWorkspace.MatchString(s.Run) && !strings.Contains(s.Run, "\"--dist=") && !strings.Contains(s.Run, " --plan ")
}

// TestNoTokenNearWorkspaceCode holds that a job which runs code of the workspace has
// nothing that publishes: neither the right nor a secret.
func TestNoTokenNearWorkspaceCode(t *testing.T) {
	each(t, func(t *testing.T, files map[string]workflow) {
		ran := 0
		for name, w := range files {
			for id, j := range w.Jobs {
				if !slices.ContainsFunc(j.Steps, jobStep.runsWorkspace) {
					continue
				}
				ran++
				for _, right := range []string{"contents", "packages", "actions", "attestations", "deployments"} {
					if j.Permissions[right] == "write" {
						t.Errorf("%s, job %s runs code of the workspace and may write %s", name, id, right)
					}
				}
				for _, s := range j.Steps {
					for variable, value := range s.Env {
						if strings.Contains(value, "secrets.") && value != "${{ secrets.GITHUB_TOKEN }}" {
							t.Errorf("%s, job %s runs code of the workspace and has %s = %s", name, id, variable, value)
						}
					}
				}
			}
		}
		if ran != 3 {
			t.Errorf("%d jobs run code of the workspace, want 3", ran)
		}
	})
}

// TestTokens holds which steps see a token, and that no job or workflow has one for all.
func TestTokens(t *testing.T) {
	want := []string{
		"release.yml Build the release again: GITHUB_TOKEN",
		"release.yml Verify what was built, and publish it: CARGO_REGISTRY_TOKEN",
		"release.yml Verify what was built, and publish it: GITHUB_TOKEN",
		"sign.yml Push, sign and tag the images: REGISTRY_PASSWORD",
	}
	each(t, func(t *testing.T, files map[string]workflow) {
		var got []string
		for name, w := range files {
			for id, j := range w.Jobs {
				if len(j.Env) > 0 || !j.Secrets.IsZero() {
					t.Errorf("%s, job %s has an environment or secrets for all of its steps", name, id)
				}
				for _, s := range j.Steps {
					for variable, value := range s.Env {
						if strings.Contains(value, "secrets.") || strings.Contains(value, "github.token") {
							got = append(got, name+" "+s.Name+": "+variable)
						}
					}
				}
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("tokens are in %q, want %q", got, want)
		}
	})
}

var fullCommit = regexp.MustCompile(`^[A-Za-z0-9-]+/[A-Za-z0-9._-]+(/[A-Za-z0-9._/-]+)?@[0-9a-f]{40}$`)

// TestNothingBecomesCode holds that shells see no expression, that actions are pinned
// and that no checkout leaves a token behind.
func TestNothingBecomesCode(t *testing.T) {
	variable := regexp.MustCompile(`"[^"$]*\$[A-Z_]+[^"$]*"`)
	each(t, func(t *testing.T, files map[string]workflow) {
		for name, w := range files {
			if w.Concurrency.Cancel == "true" {
				t.Errorf("%s cancels a release that has begun", name)
			}
			for id, j := range w.Jobs {
				for _, s := range append(slices.Clone(j.Steps), jobStep{Uses: j.Uses}) {
					if strings.Contains(s.Run, "${{") || strings.Contains(s.With["script"], "${{") {
						t.Errorf("%s, job %s: an expression reaches a shell: %s", name, id, s.Run)
					}
					if strings.HasPrefix(s.Run, "slipway ") && strings.Contains(variable.ReplaceAllString(s.Run, ""), "$") {
						t.Errorf("%s, job %s: a variable is not quoted: %s", name, id, s.Run)
					}
					if s.Uses != "" && !strings.HasPrefix(s.Uses, "./") && !fullCommit.MatchString(s.Uses) {
						t.Errorf("%s, job %s: %s is not pinned by a commit", name, id, s.Uses)
					}
					if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != "false" {
						t.Errorf("%s, job %s: the checkout leaves its token behind", name, id)
					}
				}
			}
		}
	})
}
