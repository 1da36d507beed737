package hostile

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dagger/slipway/e2e/githubd"
	"dagger/slipway/e2e/kit"
	"dagger/slipway/e2e/kit/forge"
	"dagger/slipway/e2e/kit/sigstore"
)

// TestHostileEnvironment checks that a release from an environment which allows other
// branches than the release branch is reported in the log and the summary.
func TestHostileEnvironment(t *testing.T) {
	w, _ := kit.Local(t)
	s := sigstore.Open(t)
	h := forge.New(t, s, kit.Example(t))
	_, p := forge.SignedDist(t, w, s, h)
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
			r.Flags = append(slices.Clone(p.Flags), "--environment", "release")
			r.Env = append(slices.Clone(p.Env), "GITHUB_STEP_SUMMARY="+summary)
			got := w.Release(t, r).WantCode(t, 0)
			for what, text := range map[string]string{"stdout": got.Stdout, "stderr": got.Stderr, "the job summary": kit.Read(t, summary)} {
				text = strings.ReplaceAll(text, `\*`, "*") // undo Markdown's escapes
				warned := strings.Contains(text, "environment &quot;release&quot;") || strings.Contains(text, `environment "release"`)
				if warned != (tt.want != "") || tt.want != "" && !strings.Contains(text, tt.want) {
					t.Errorf("%s says of the environment, expected %q:\n%s", what, tt.want, kit.Tail(text))
				}
			}
		})
	}
}
