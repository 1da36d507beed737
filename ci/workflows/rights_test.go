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

// workflow is the part of a workflow that the tests read.
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

// own returns the workflows for this repository's own workspace.
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

// parse parses workflows by path.
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

// TestPermissions pins the permissions of every job.
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

// verbs lists the commands that the workflows may run, each with the flags with which it runs
// no code of the workspace because it uses another job's results; "always" means that it never
// does.
var verbs = map[string][]string{
	"stage": nil, "build": nil, "test": nil, "reproduce": nil, "release-train": nil,
	"dist": {"--staged="}, "release-crate": {"--staged=", "--dist="}, "release-demo-app": {"--staged=", "--dist=", "--plan"},
	"plan": {"always"}, "verify": {"always"},
}

// shellOnly lists the names of steps that do not run slipway but only compare two values in a
// shell.
var shellOnly = []string{"Refuse other branches", "Compare with the plan of the build"}

// runsWorkspace reports whether the step runs code of the workspace. It assumes so for anything
// that is not in the tables above.
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

// privileged returns the reasons why the job must not run code of the workspace: a permission
// to sign or publish, a secret, or an environment, whose secrets the code could request.
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
			// GITHUB_TOKEN has the job's permissions, which are checked above.
			if strings.Contains(value, "secrets.") && value != "${{ secrets.GITHUB_TOKEN }}" {
				reasons = append(reasons, variable+" = "+value)
			}
		}
	}
	return reasons
}

// TestNothingRunsBesideAToken checks that a job with a permission or a secret for signing or
// publishing runs no code of the workspace.
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

// TestRunsWorkspace checks the rule that the test above relies on.
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

// TestDigestsTravelApart checks that a job compares every artifact of another job with a digest
// from that job's outputs.
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

// TestTokens pins which steps get a token, and checks that no job or workflow sets one for all
// steps.
func TestTokens(t *testing.T) {
	want := []string{
		"release.yml Build the release again: GITHUB_TOKEN",
		"release.yml Verify the build and publish it: CARGO_REGISTRY_TOKEN",
		"release.yml Verify the build and publish it: GITHUB_TOKEN",
		"sign.yml Make the images from the build; push, sign and tag them: REGISTRY_PASSWORD",
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

// TestNothingBecomesCode checks that shell scripts contain no expressions, that actions are
// pinned by commit, and that checkouts do not keep the token.
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
