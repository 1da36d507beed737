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
	Environment string
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
		"release.yml release": "actions:read contents:write", "release.yml reproduce": "contents:read",
		"action-build.yml build": "contents:read", "action-build.yml rehearse": "contents:read", "action-build.yml sign": "contents:read id-token:write",
		"release-wasi-demo-app.yml build": "contents:read", "release-wasi-demo-app.yml rehearse": "contents:read",
		"release-wasi-demo-app.yml sign": "contents:read id-token:write packages:write",
		"sign.yml sign":                  "contents:read id-token:write packages:write",
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

// verbs are the commands that the workflows may run, and what makes one run nothing of
// the workspace: a flag with which it takes what another job has built, "always", or
// nothing.
var verbs = map[string][]string{
	"stage": nil, "build": nil, "test": nil, "reproduce": nil, "release-train": nil,
	"dist": {"--staged="}, "release-crate": {"--staged=", "--dist="}, "release-demo-app": {"--staged=", "--dist=", "--plan"},
	"plan": {"always"}, "verify": {"always"},
}

// shellOnly are the names of the steps that run no slipway, and nothing else but a
// comparison of two words.
var shellOnly = []string{"Refuse other branches", "Compare with the plan that was built"}

// runsWorkspace reports whether the step runs code of the workspace. What the table
// above does not know is taken for a step that does.
func (s jobStep) runsWorkspace() bool {
	if s.Run == "" || slices.Contains(shellOnly, s.Name) {
		return false
	}
	words := strings.Fields(s.Run)
	if words[0] != "slipway" || strings.ContainsAny(s.Run, ";|&`\n") || strings.Contains(s.Run, "$(") {
		return true
	}
	return !slices.ContainsFunc(verbs[words[1]], func(quiet string) bool {
		return quiet == "always" || slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(strings.Trim(w, `"`), quiet) })
	})
}

// privileged are the reasons why code of the workspace must not run in a job: a right
// that signs or publishes, a secret, an environment, whose secrets it could ask for.
func (j job) privileged() []string {
	var reasons []string
	for right, access := range j.Permissions {
		if access == "write" {
			reasons = append(reasons, right+": write")
		}
	}
	if j.Environment != "" {
		reasons = append(reasons, "environment "+j.Environment)
	}
	for _, s := range j.Steps {
		for variable, value := range s.Env {
			// that one has the rights of the job, which are seen above
			if strings.Contains(value, "secrets.") && value != "${{ secrets.GITHUB_TOKEN }}" {
				reasons = append(reasons, variable+" = "+value)
			}
		}
	}
	return reasons
}

// TestNothingRunsBesideAToken holds that a job with a right or a secret that signs or
// publishes runs nothing of the workspace.
func TestNothingRunsBesideAToken(t *testing.T) {
	each(t, func(t *testing.T, files map[string]workflow) {
		var ran, held []string
		for name, w := range files {
			for id, j := range w.Jobs {
				reasons, runs := j.privileged(), slices.ContainsFunc(j.Steps, jobStep.runsWorkspace)
				if runs {
					ran = append(ran, name+" "+id)
				}
				if len(reasons) > 0 && len(j.Steps) > 0 {
					held = append(held, name+" "+id)
				}
				if len(reasons) > 0 && runs {
					t.Errorf("%s, job %s runs code of the workspace and has %q", name, id, reasons)
				}
			}
		}
		slices.Sort(ran)
		slices.Sort(held)
		if want := []string{"action-build.yml build", "release-wasi-demo-app.yml build", "release.yml reproduce"}; !slices.Equal(ran, want) {
			t.Errorf("code of the workspace runs in %q, want %q", ran, want)
		}
		if want := []string{"action-build.yml sign", "release.yml release", "sign.yml sign"}; !slices.Equal(held, want) {
			t.Errorf("rights and secrets are in %q, want %q", held, want)
		}
	})
}

// TestRunsWorkspace holds the rule that the test above reads the workflows by.
func TestRunsWorkspace(t *testing.T) {
	for run, want := range map[string]bool{
		`slipway dist "--out=x" "--crate=$CRATE"`:     true,
		`slipway dist "--staged=x" "--crate=$CRATE"`:  false,
		`slipway dist "--crate=--staged"`:             true,
		`slipway release-demo-app --plan`:             false,
		`slipway release-demo-app --stage`:            true,
		`slipway release-crate --dry-run "--dist=$D"`: false,
		`slipway release-crate --dry-run`:             true,
		`slipway stage "--out=x"`:                     true,
		`slipway unknown`:                             true,
		`cargo build`:                                 true,
		`slipway plan; cargo test`:                    true,
		"slipway plan\ncargo test":                    true,
		`slipway plan "--crate=$(cargo run)"`:         true,
		`slipway plan "--source=$SOURCE" && ./build`:  true,
	} {
		if got := (jobStep{Run: run}).runsWorkspace(); got != want {
			t.Errorf("%q runs code of the workspace: %t, want %t", run, got, want)
		}
	}
}

// TestDigestsTravelApart holds that whatever a job takes from another's artifact is
// compared with a digest that it gets as that job's output.
func TestDigestsTravelApart(t *testing.T) {
	each(t, func(t *testing.T, files map[string]workflow) {
		compared := 0
		for name, w := range files {
			for id, j := range w.Jobs {
				fetches := slices.ContainsFunc(j.Steps, func(s jobStep) bool { return strings.HasPrefix(s.Uses, "actions/download-artifact@") })
				for _, s := range j.Steps {
					takes := strings.Contains(s.Run, "--staged=") || strings.Contains(s.Run, "--dist=")
					if !takes {
						continue
					}
					compared++
					from := s.Env["DIGEST"]
					if !fetches || !strings.Contains(s.Run, `-digest=$DIGEST"`) || from != "${{ needs.build.outputs.digest }}" && from != "${{ inputs.digest }}" {
						t.Errorf("%s, job %s, step %q takes an artifact and compares it with %q", name, id, s.Name, from)
					}
				}
			}
		}
		if compared != 6 {
			t.Errorf("%d steps take an artifact, want 6", compared)
		}
	})
}

// TestTokens holds which steps see a token, and that no job or workflow has one for all.
func TestTokens(t *testing.T) {
	want := []string{
		"release.yml Build the release again: GITHUB_TOKEN",
		"release.yml Verify what was built, and publish it: CARGO_REGISTRY_TOKEN",
		"release.yml Verify what was built, and publish it: GITHUB_TOKEN",
		"sign.yml Make the images of what was built; push, sign and tag them: REGISTRY_PASSWORD",
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
