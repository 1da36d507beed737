package plan

import (
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
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
		"no repository": {func(s *Source) { *s = Source{} }, "not a git repository with a commit"},
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

// TestSourceOfOthers checks that a submodule or LFS pointer in the directory of a member stops the
// releases of those that depend on the member, and no others.
func TestSourceOfOthers(t *testing.T) {
	w := readDir(t, example)
	for _, tt := range []struct {
		file, crate string
		stops       bool
	}{
		{"crates/shim-demo/third", "shimkit@0.3.1", false},
		{"crates/shimkit/third", "shimkit@0.3.1", true},
		{"crates/shimkit/third", "shim-demo@0.1.0", true},
		{"crates/shimkit/third", "fetcher@0.5.0", false},
		{"crates/shimkit-other/third", "fetcher@0.5.0", true}, // of no member
		{"third", "shimkit@0.3.1", true},
	} {
		for _, source := range []Source{{Commit: commit, MissingSubmodules: []string{tt.file}}, {Commit: commit, LFSPointers: []string{tt.file}}} {
			p := newPlan(t, w, Request{Crates: []string{tt.crate}, Source: source})
			if err := p.Plan.Findings.Check("releasing", finding.Release); (err != nil) != tt.stops {
				t.Errorf("%s and %s: %v", tt.file, tt.crate, err)
			}
			if !slices.ContainsFunc(p.Plan.Findings, func(f finding.Finding) bool { return f.File == tt.file }) {
				t.Errorf("%s and %s: it is not reported", tt.file, tt.crate)
			}
		}
	}
}

// TestSourceInPlan checks that a plan and its digest include the workspace's directory, and that
// the plan reports what the source lacks.
func TestSourceInPlan(t *testing.T) {
	request := Request{Crates: []string{"fetcher@0.5.0"}, Source: Source{Commit: commit}}
	plain := newPlan(t, readDir(t, example), request)
	request.Source.Directory, request.Source.MissingSubmodules = "libs", []string{"third/party"}
	below := newPlan(t, readDir(t, example), request)
	text, err := below.Text()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{commit + `, directory "libs"` + "\n", "third/party: the submodule is not checked out", "git submodule update --init --recursive"} {
		if !strings.Contains(text, want) {
			t.Errorf("the plan does not say %q:\n%s", want, text)
		}
	}
	if err := below.Plan.Findings.Check("releasing", finding.Release); err == nil || !strings.Contains(err.Error(), "third/party") {
		t.Errorf("a release says %v", err)
	}
	if err := below.Plan.Findings.Check("dry run", finding.Everything); err != nil {
		t.Errorf("a dry run says %v", err)
	}
	if digest(t, plain) == digest(t, below) {
		t.Error("both have one digest")
	}
}
