package ci_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestWorkflowRunsEverything checks that the jobs of ci.yml run all that `make lint test` does,
// except what needs a Dagger engine.
func TestWorkflowRunsEverything(t *testing.T) {
	var workflow struct {
		Jobs map[string]struct {
			Strategy struct {
				Matrix struct{ Subject []string }
			}
			Steps []struct{ Uses, Run string }
		}
	}
	readYAML(t, ".github/workflows/ci.yml", &workflow)
	var got []string
	for _, job := range workflow.Jobs {
		for _, step := range job.Steps {
			if step.Run == "" {
				continue
			}
			target, ok := strings.CutPrefix(step.Run, "make ")
			if !ok {
				t.Errorf("ci.yml runs %q, expected only targets of the Makefile", step.Run)
			}
			if target == `"e2e-$SUBJECT" SHORT=-short` {
				for _, subject := range job.Strategy.Matrix.Subject {
					got = append(got, "e2e-"+subject)
				}
				continue
			}
			got = append(got, target)
		}
	}
	tests := regexp.MustCompile(`(?m)^e2e: (.*?) ##`).FindStringSubmatch(readFile(t, "Makefile"))
	if tests == nil {
		t.Fatal("the Makefile has no target e2e")
	}
	want := append([]string{"lint", "unit"}, strings.Fields(tests[1])...)
	want = slices.DeleteFunc(want, func(target string) bool { return target == "e2e-dagger" })
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("ci.yml runs the targets %q, expected %q", got, want)
	}
}

// TestWorkflowPins checks that ci.yml uses the same commits of actions as the workflows that
// slipway generates: a pin is raised in ci/workflows/workflows.go and here at once.
func TestWorkflowPins(t *testing.T) {
	const generated = ".github/workflows/release.yml"
	pin := regexp.MustCompile(`uses: ([^.\s]\S*@\S+ # \S+)`)
	pins := pin.FindAllStringSubmatch(readFile(t, ".github/workflows/ci.yml"), -1)
	if len(pins) == 0 {
		t.Fatal("ci.yml uses no action that is pinned, expected actions/checkout")
	}
	for _, p := range pins {
		if !strings.Contains(readFile(t, generated), p[0]) {
			t.Errorf("ci.yml uses %q, which %s does not: expected the pins of ci/workflows/workflows.go", p[1], generated)
		}
	}
}

// TestDependabotModules checks that the dependencies of every module are kept up to date, by one
// pull request for all: apart, none would pass TestModulesAgree.
func TestDependabotModules(t *testing.T) {
	var config struct {
		Updates []struct {
			Ecosystem   string `yaml:"package-ecosystem"`
			Directories []string
		}
	}
	readYAML(t, ".github/dependabot.yml", &config)
	var got []string
	for _, u := range config.Updates {
		if u.Ecosystem == "gomod" && got == nil {
			got = u.Directories
		} else if u.Ecosystem == "gomod" {
			t.Error("dependabot.yml has two entries for Go modules, expected one")
		}
	}
	var want []string
	for _, pattern := range []string{"go.mod", "*/go.mod", "*/*/go.mod"} {
		files, err := filepath.Glob(filepath.Join("..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			want = append(want, "/"+strings.Trim(strings.TrimSuffix(filepath.ToSlash(f), "go.mod"), "./"))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("dependabot.yml keeps the modules in %q, expected %q", got, want)
	}
}

// readFile returns a file of the repository.
func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// readYAML decodes a file of the repository.
func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(readFile(t, name)), into); err != nil {
		t.Fatalf("reading %s: %v", name, err)
	}
}
