package plan

import (
	"strings"
	"testing"
)

func TestCheckRelease(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	good := Source{Commit: commit, Branch: "main", ReleaseBranch: "main", OnReleaseBranch: true}
	if err := good.CheckRelease(); err != nil {
		t.Errorf("on the release branch: %v", err)
	}
	for name, tt := range map[string]struct {
		change func(*Source)
		want   string
	}{
		"no repository": {func(s *Source) { *s = Source{} }, "no git repository with a commit"},
		"dirty tree":    {func(s *Source) { s.Dirty = true }, "files differ from commit " + commit},
		"not on the release branch": {
			func(s *Source) { s.OnReleaseBranch = false },
			`commit ` + commit + ` is not on branch "main"`,
		},
	} {
		s := good
		tt.change(&s)
		if err := s.CheckRelease(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got error %v, want one with %q", name, err, tt.want)
		}
	}
}
