package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/githubd"
)

// TestHostileEnvironment checks that a release from an environment which allows other
// branches than the release branch is reported in the log and the summary.
func TestHostileEnvironment(t *testing.T) {
	w, _ := local(t)
	s := stack(t)
	h := newFakeGitHub(t, s, example(t))
	_, p := signedDist(t, w, s, h)
	for _, tt := range []struct {
		name string
		set  *githubd.Environment
		want string // "" if there is no warning
	}{
		{"not there", nil, "could not check"},
		{"every branch", &githubd.Environment{}, "admits every branch"},
		{"protected branches", &githubd.Environment{Protected: true}, "admits every protected branch"},
		{"a pattern", &githubd.Environment{Custom: true, Branches: []string{"main", "release-*"}}, `branch "release-*"`},
		{"the release branch", &githubd.Environment{Custom: true, Branches: []string{"main"}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.set != nil {
				h.SetEnvironment("release", *tt.set)
			}
			r, summary := p, filepath.Join(t.TempDir(), "summary.md")
			r.flags = append(slices.Clone(p.flags), "--environment", "release")
			r.env = append(slices.Clone(p.env), "GITHUB_STEP_SUMMARY="+summary)
			got := w.release(t, r).wantCode(t, 0)
			for what, text := range map[string]string{"stdout": got.stdout, "stderr": got.stderr, "the job summary": read(t, summary)} {
				text = strings.ReplaceAll(text, `\*`, "*") // undo Markdown's escapes
				warned := strings.Contains(text, "environment &quot;release&quot;") || strings.Contains(text, `environment "release"`)
				if warned != (tt.want != "") || tt.want != "" && !strings.Contains(text, tt.want) {
					t.Errorf("%s says of the environment, expected %q:\n%s", what, tt.want, last(text))
				}
			}
		})
	}
}
