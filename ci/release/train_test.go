package release

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/Masterminds/semver/v3"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/triple"
)

// newTrain returns a release of two crates, "app" and "other", each with its own runner.
func newTrain(t *testing.T) (*Release, []*runner) {
	t.Helper()
	rel, first := newRelease(t)
	member := func(name string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("[package]\nname = \"" + name + "\"\nversion = \"1.2.3\"\nedition = \"2024\"\npublish = false\n")}
	}
	w, err := cargo.Read(fstest.MapFS{
		"Cargo.toml":        {Data: []byte("[workspace]\nmembers = [\"app\", \"other\"]\n")},
		"Cargo.lock":        {Data: []byte("version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \"other\"\nversion = \"1.2.3\"\n")},
		"app/Cargo.toml":    member("app"),
		"app/src/main.rs":   {Data: []byte("fn main() {}")},
		"other/Cargo.toml":  member("other"),
		"other/src/main.rs": {Data: []byte("fn main() {}")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if rel.Plan, err = plan.New(w, plan.Request{Crates: []string{"other", "app"}, Toolchain: "rust:1.96.0"}); err != nil {
		t.Fatal(err)
	}
	rel.Workspace, rel.Apart = w, true
	second := &runner{stdout: maps.Clone(first.stdout), fail: map[string]error{}, files: map[string][]byte{}}
	const target = `{"name": "%[1]s", "version": "1.2.3", "manifest_path": "/src/%[1]s/Cargo.toml", "publish": [], "targets": [{"name": "%[1]s", "kind": ["bin"]}], "dependencies": []}`
	first.stdout[plan.StepMetadata] = fmt.Sprintf(`{"workspace_root": "/src", "packages": [`+target+`, `+strings.ReplaceAll(target, "[1]", "[2]")+`]}`, "app", "other")
	second.stdout[plan.StepMetadata] = first.stdout[plan.StepMetadata]
	for _, t := range []string{triple.X8664, triple.AArch64} {
		first.stdout[plan.StepCrates(t)] = "0app v1.2.3 (/src/app)\t\t\n"
		second.stdout[plan.StepCrates(t)] = "0other v1.2.3 (/src/other)\t\t\n"
		second.files[plan.StepBuild(t)+"/"+plan.OutputBinary("other")] = first.files[plan.StepBuild(t)+"/"+plan.OutputBinary("app")]
	}
	rel.Runners = []step.Runner{first, second}
	return rel, []*runner{first, second}
}

func TestTrainDryRun(t *testing.T) {
	train, _ := newTrain(t)
	var told []string
	train.Tell = func(what string) { told = append(told, what) }
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
	for _, name := range []string{"app", "other"} {
		if files := left(t, filepath.Join(train.Out, name)); len(files) != 12 || !slices.Contains(files, name+"-x86_64-linux-musl.tar.gz") {
			t.Errorf("%s: wrote %q", name, files)
		}
	}
	if of, err := handover.Of(train.Out); err != nil || of != s.Digest {
		t.Errorf("the summary has digest %s, the directory %s, %v", s.Digest, of, err)
	}
	want := []string{
		"app/v1.2.3, 1 of 2: running the steps", "other/v1.2.3, 2 of 2: running the steps",
		"app/v1.2.3, 1 of 2: signing and packaging", "other/v1.2.3, 2 of 2: signing and packaging",
	}
	if !slices.Equal(told, want) {
		t.Errorf("told %q", told)
	}
}

// TestTrainDryRunFails checks that nothing is packaged unless all crates are built and tested.
func TestTrainDryRunFails(t *testing.T) {
	train, runners := newTrain(t)
	runners[1].fail[plan.StepTest(triple.X8664)] = errors.New("tests failed")
	s, err := train.DryRun(t.Context())
	says(t, err, `releasing "other/v1.2.3"`, "tests failed")
	if s != nil || left(t, train.Out) != nil {
		t.Errorf("summary %+v, files %q", s, left(t, train.Out))
	}
}

// TestTrainStaged checks that several crates can be staged in one job and packaged in another, and
// that what is packaged can be taken by a third.
func TestTrainStaged(t *testing.T) {
	train, _ := newTrain(t)
	want, err := train.DryRun(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	train, _ = newTrain(t)
	staged, err := train.Stage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if names := left(t, train.Out); !slices.Equal(names, []string{"app", "other", stagedPlan}) {
		t.Errorf("staged %q", names)
	}
	there, _ := newTrain(t)
	there.Runners = nil
	if err := there.UseStaged(Staged{Dir: train.Out, Digest: staged.Digest}, filepath.Join(t.TempDir(), "copy")); err != nil {
		t.Fatal(err)
	}
	got, err := there.DryRun(t.Context())
	if err != nil || got.Digest != want.Digest || got.Runner != "fake, in another job" {
		t.Errorf("in two jobs: %+v, %v\nin one: %+v", got, err, want)
	}
	taken, _ := newTrain(t)
	taken.Runners, taken.Prebuilt = nil, &assemble.Prebuilt{Dir: there.Out, Digest: got.Digest}
	s, err := taken.DryRun(t.Context())
	if err != nil || len(s.Crates) != 2 || !reflect.DeepEqual(s.Crates[1].Artifacts, want.Crates[1].Artifacts) || !strings.Contains(s.Crates[0].Signed, "by an earlier dry run") {
		t.Errorf("taken: %+v, %v", s, err)
	}
}

// TestTrainNeedsSource checks that a source that is not a commit of the release branch is
// rejected before any server is asked: there is none here.
func TestTrainNeedsSource(t *testing.T) {
	train, runners := newTrain(t)
	_, err := train.Publish(t.Context())
	says(t, err, "it is not a git repository with a commit")
	train.Plan.Source = plan.Source{Commit: strings.Repeat("ab", 20), ReleaseBranch: "main", OnReleaseBranch: true}
	for _, c := range train.Plan.Crates {
		c.Signing = ""
	}
	_, err = train.Publish(t.Context())
	says(t, err, "--repository owner/name", "nothing was changed anywhere")
	if len(runners[0].ran)+len(runners[1].ran) > 0 {
		t.Errorf("ran %q, %q", runners[0].ran, runners[1].ran)
	}
}

// TestFailedSteps checks that the error of a single crate without any effect performed is
// unchanged.
func TestFailedSteps(t *testing.T) {
	rel, _ := newRelease(t)
	n, why := begin(t, rel), errors.New("tests failed")
	if s, err := n.failed(n.crates[0].blame(why)); err != why || s != nil {
		t.Errorf("the error is %v, the report %v", err, s)
	}
	rel, _ = newTrain(t)
	n = begin(t, rel)
	s, err := n.failed(n.crates[1].blame(why))
	says(t, err, `releasing "other/v1.2.3": tests failed`, "not begun   app/v1.2.3", "This run published nothing")
	if s != nil {
		t.Errorf("the report is %v", s)
	}
}

func TestComesBefore(t *testing.T) {
	before := func(name, version, registry string, publishable bool) *plan.Crate {
		return &plan.Crate{Name: name, Version: version, Publish: plan.Publish{Publishable: publishable, Registry: registry}}
	}
	wanted, err := semver.NewConstraint("^1.2.0")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		before *plan.Crate
		want   bool
	}{
		{"in the train", before("kit", "1.2.3", "ours", true), true},
		{"a version that is not accepted", before("kit", "2.0.0", "ours", true), false},
		{"a crate that is not published", before("kit", "1.2.3", "ours", false), false},
		{"another registry", before("kit", "1.2.3", "", true), false},
		{"another crate", before("other", "1.2.3", "ours", true), false},
	} {
		p := &crate{plan: before("core", "1.0.0", "ours", true), before: []*plan.Crate{tt.before}}
		if got := p.comesBefore("kit", wanted); got != tt.want {
			t.Errorf("%s: %t", tt.name, got)
		}
	}
}

// TestTrainOutIsLink checks that a directory that cannot be written to is found before anything
// is built, whichever crate it is for.
func TestTrainOutIsLink(t *testing.T) {
	for name, run := range map[string]func(*Release) error{
		"dry run": func(train *Release) error { _, err := train.DryRun(t.Context()); return err },
		"release": func(train *Release) error { _, err := train.Publish(t.Context()); return err },
	} {
		for what, place := range map[string]func(string) error{
			"is a symbolic link": func(at string) error { return os.Symlink(t.TempDir(), at) },
			"is a file":          func(at string) error { return os.WriteFile(at, nil, 0o644) },
		} {
			train, runners := newTrain(t)
			train.Plan.Source = plan.Source{Commit: strings.Repeat("ab", 20), ReleaseBranch: "main", OnReleaseBranch: true}
			for _, c := range train.Plan.Crates {
				c.Signing = ""
			}
			if err := errors.Join(os.MkdirAll(train.Out, 0o755), place(filepath.Join(train.Out, "other"))); err != nil {
				t.Fatal(err)
			}
			says(t, run(train), what, "--out")
			if len(runners[0].ran)+len(runners[1].ran) > 0 {
				t.Errorf("%s: ran %q, %q", name, runners[0].ran, runners[1].ran)
			}
		}
	}
}
