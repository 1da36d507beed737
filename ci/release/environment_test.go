package release

import (
	"strings"
	"testing"

	"dagger/slipway/ci/github"
)

func TestExposed(t *testing.T) {
	patterns := func(list ...github.Pattern) github.Environment { return github.Environment{Patterns: list} }
	for _, tt := range []struct {
		name string
		e    github.Environment
		want string // "" for no finding
	}{
		{"the release branch alone", patterns(github.Pattern{Name: "main", Type: "branch"}), ""},
		{"on a server without tags", patterns(github.Pattern{Name: "main"}), ""},
		{"no policy", github.Environment{Any: true}, "admits every branch:"},
		{"protected branches", github.Environment{Protected: true}, "admits every protected branch:"},
		{"a pattern", patterns(github.Pattern{Name: "*", Type: "branch"}), `admits branch "*":`},
		{"a branch more", patterns(github.Pattern{Name: "main", Type: "branch"}, github.Pattern{Name: "dev", Type: "branch"}), `admits branch "main", branch "dev":`},
		{"a tag of that name", patterns(github.Pattern{Name: "main", Type: "tag"}), `admits tag "main":`},
		{"another branch", patterns(github.Pattern{Name: "master", Type: "branch"}), `admits branch "master":`},
		{"a name that is a workflow command", patterns(github.Pattern{Name: "x\n::error::", Type: "branch"}), `admits branch "x\n::error::":`},
		{"nothing", github.Environment{}, "no branch by its name"},
	} {
		got := exposed("release", "main", tt.e)
		if tt.want == "" && got != "" || tt.want != "" && (!strings.Contains(got, tt.want) || !strings.HasPrefix(got, "WARNING: ") || !strings.Contains(got, "docs/actions.md")) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
