package release

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/publish"
	"dagger/slipway/ci/triple"
)

// newTrain returns a train of two releases of the same crate, each with its own runner.
func newTrain(t *testing.T) (*Train, []*runner) {
	t.Helper()
	train := &Train{Plan: &plan.Train{Schema: plan.TrainSchema}}
	var runners []*runner
	for _, dir := range []string{"one", "two"} {
		r, fake := newRelease(t)
		r.Out = filepath.Join(t.TempDir(), dir)
		train.Plan.Crates = append(train.Plan.Crates, r.Plan)
		train.Releases = append(train.Releases, r)
		runners = append(runners, fake)
	}
	return train, runners
}

func TestTrainDryRun(t *testing.T) {
	train, _ := newTrain(t)
	var told []string
	for _, r := range train.Releases {
		r.Tell = func(what string) { told = append(told, what) }
	}
	s, err := train.DryRun(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	digest, err := train.Plan.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if !s.DryRun || s.Published || s.Plan != digest || len(s.Crates) != 2 || s.Crates[1].Tests[0].Passed != 3 {
		t.Errorf("summary %+v", s)
	}
	if first, second := left(t, train.Releases[0].Out), left(t, train.Releases[1].Out); len(first) == 0 || !slices.Equal(first, second) {
		t.Errorf("wrote %q and %q", first, second)
	}
	if want := []string{"app/v1.2.3, 1 of 2: dry run", "app/v1.2.3, 2 of 2: dry run"}; !slices.Equal(told, want) {
		t.Errorf("told %q", told)
	}
}

func TestTrainDryRunFails(t *testing.T) {
	train, runners := newTrain(t)
	runners[1].fail[plan.StepTest(triple.X8664)] = errors.New("tests failed")
	s, err := train.DryRun(t.Context())
	says(t, err, `releasing "app/v1.2.3"`, "tests failed")
	if s != nil {
		t.Errorf("summary %+v", s)
	}
}

// TestTrainNeedsSource checks that a source that is not a commit of the release branch is
// rejected before any server is asked: there is none here.
func TestTrainNeedsSource(t *testing.T) {
	train, runners := newTrain(t)
	_, err := train.Publish(t.Context(), func(*plan.Plan) Remotes { return Remotes{} })
	says(t, err, "it is not a git repository with a commit")
	for _, p := range train.Plan.Crates {
		p.Source = plan.Source{Commit: strings.Repeat("ab", 20), ReleaseBranch: "main", OnReleaseBranch: true}
		p.Signing = ""
	}
	_, err = train.Publish(t.Context(), func(*plan.Plan) Remotes { return Remotes{} })
	says(t, err, "--repository owner/name", "nothing was changed anywhere")
	if len(runners[0].ran)+len(runners[1].ran) > 0 {
		t.Errorf("ran %q, %q", runners[0].ran, runners[1].ran)
	}
}

// TestFailedSteps checks that the error of a single release without any effect performed is
// unchanged.
func TestFailedSteps(t *testing.T) {
	p := &publishing{Release: &Release{Plan: &plan.Plan{Crate: "kit", Tag: "kit/v1.2.3"}}, github: &publish.GitHub{}}
	why := errors.New("tests failed")
	if err := p.failed(why, []*publishing{p}); err != why {
		t.Errorf("the error is %v", err)
	}
	says(t, p.failed(why, []*publishing{p, p}), `releasing "kit/v1.2.3": tests failed`, "not begun   kit/v1.2.3", "This run published nothing")
}

func TestComesBefore(t *testing.T) {
	before := func(name, version, registry string, publishable bool) *plan.Plan {
		return &plan.Plan{Crate: name, Version: version, Publish: plan.Publish{Publishable: publishable, Registry: registry}}
	}
	wanted, err := semver.NewConstraint("^1.2.0")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		before *plan.Plan
		want   bool
	}{
		{"in the train", before("kit", "1.2.3", "ours", true), true},
		{"a version that is not accepted", before("kit", "2.0.0", "ours", true), false},
		{"a crate that is not published", before("kit", "1.2.3", "ours", false), false},
		{"another registry", before("kit", "1.2.3", "", true), false},
		{"another crate", before("other", "1.2.3", "ours", true), false},
	} {
		p := &publishing{Release: &Release{Plan: before("core", "1.0.0", "ours", true)}, before: []*plan.Plan{tt.before}}
		if got := p.comesBefore("kit", wanted); got != tt.want {
			t.Errorf("%s: %t", tt.name, got)
		}
	}
}

// TestTrainOutIsLink checks that a directory that cannot be written to is found before anything
// is built, whichever crate it is for.
func TestTrainOutIsLink(t *testing.T) {
	for name, run := range map[string]func(*Train) error{
		"dry run": func(train *Train) error { _, err := train.DryRun(t.Context()); return err },
		"release": func(train *Train) error {
			_, err := train.Publish(t.Context(), func(*plan.Plan) Remotes { return Remotes{} })
			return err
		},
	} {
		for what, place := range map[string]func(string) error{
			"is a symbolic link": func(at string) error { return os.Symlink(t.TempDir(), at) },
			"is a file":          func(at string) error { return os.WriteFile(at, nil, 0o644) },
		} {
			train, runners := newTrain(t)
			for _, r := range train.Releases {
				r.Plan.Source = plan.Source{Commit: strings.Repeat("ab", 20), ReleaseBranch: "main", OnReleaseBranch: true}
				r.Plan.Signing = ""
			}
			if err := place(train.Releases[1].Out); err != nil {
				t.Fatal(err)
			}
			says(t, run(train), what, "--out")
			if len(runners[0].ran)+len(runners[1].ran) > 0 {
				t.Errorf("%s: ran %q, %q", name, runners[0].ran, runners[1].ran)
			}
		}
	}
}
