package assemble

import (
	"strings"
	"testing"

	"dagger/slipway/ci/sign"
)

// TestCheckCaller checks which identities may sign what another job has built.
func TestCheckCaller(t *testing.T) {
	const own = "https://github.com/acme/shims"
	workflow := own + "/.github/workflows/action-build.yml@refs/heads/main"
	for _, tt := range []struct {
		name, subject, repository, ref, want string
	}{
		{"its own workflow", workflow, own, "refs/heads/main", ""},
		{"a person", "someone@example.org", "", "", ""},
		{"no certificate", "", "", "", ""},
		{"another repository calls it", workflow, "https://github.com/evil/shims", "refs/heads/main", "another repository"},
		{"a repository whose name begins alike", own + "2/.github/workflows/action-build.yml@refs/heads/main", own, "refs/heads/main", "another repository"},
		{"no repository at all", workflow, "", "refs/heads/main", "another repository"},
		{"a branch calls the main branch's", workflow, own, "refs/heads/attacker", `the run is on "refs/heads/attacker"`},
		{"a tag named like the branch", workflow, own, "refs/tags/main", `the run is on "refs/tags/main"`},
	} {
		err := checkCaller(sign.Identity{Subject: tt.subject, Repository: tt.repository, Ref: tt.ref}, "main")
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}
