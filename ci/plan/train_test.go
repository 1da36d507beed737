package plan

import (
	"slices"
	"strings"
	"testing"

	"dagger/slipway/ci/finding"
)

func newTrain(t *testing.T, crates ...string) *Plan {
	t.Helper()
	train, err := New(readDir(t, example), Request{Crates: crates})
	if err != nil {
		t.Fatalf("New(%q): %v", crates, err)
	}
	return train
}

func TestTrainOrder(t *testing.T) {
	tests := []struct {
		crates []string
		want   string
	}{
		{nil, "fetcher/v0.5.0 shimkit/v0.3.1 shim-core/v0.2.0"},
		{[]string{"shim-core", "fetcher", "shimkit"}, "fetcher/v0.5.0 shimkit/v0.3.1 shim-core/v0.2.0"},
		{[]string{"shim-core@0.2.0", "shimkit"}, "shimkit/v0.3.1 shim-core/v0.2.0"},
		{[]string{"shim-demo", "shim-core"}, "shim-core/v0.2.0 shim-demo/v0.1.0"},
		{[]string{"shim-core"}, "shim-core/v0.2.0"},
	}
	for _, tt := range tests {
		var tags []string
		for _, p := range newTrain(t, tt.crates...).Crates {
			tags = append(tags, p.Tag)
		}
		if got := strings.Join(tags, " "); got != tt.want {
			t.Errorf("the train of %q is %q, want %q", tt.crates, got, tt.want)
		}
	}
}

// TestTrainPlans checks that a crate's plan is the same in a train and alone.
func TestTrainPlans(t *testing.T) {
	w := readDir(t, example)
	for _, source := range []Source{{}, {Commit: commit, Directory: "libs", Dirty: true, Branches: []string{"main"}}} {
		train, err := New(w, Request{Source: source})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range train.Crates {
			alone := newPlan(t, w, Request{Crates: []string{c.Name + "@" + c.Version}, Source: source})
			if got, want := planJSON(t, planned{Of(c), c}), planJSON(t, alone); got != want || digest(t, Of(c)) != digest(t, alone) {
				t.Errorf("%s: the plan is in a train\n%s\nalone\n%s", c.Tag, got, want)
			}
		}
	}
}

func TestTrainDigest(t *testing.T) {
	want := digest(t, newTrain(t))
	for _, crates := range [][]string{nil, {"shim-core", "shimkit", "fetcher"}, {"shimkit@0.3.1", "fetcher", "shim-core@0.2.0"}} {
		if got := digest(t, newTrain(t, crates...)); got != want {
			t.Errorf("the train of %q has digest %s, want %s", crates, got, want)
		}
	}
	seen := map[string]string{want: "all"}
	for _, crates := range [][]string{{"shimkit", "shim-core"}, {"shimkit", "fetcher"}, {"shimkit"}} {
		name, d := strings.Join(crates, ","), digest(t, newTrain(t, crates...))
		if before, dup := seen[d]; dup {
			t.Errorf("the train of %q has the digest of %q", name, before)
		}
		seen[d] = name
	}
	if c := newTrain(t).Crates[1]; seen[digest(t, Of(c))] != "shimkit" {
		t.Error("a train of one crate is not the plan of that crate")
	}
}

func TestTrainGolden(t *testing.T) {
	text := func(train *Plan) string {
		text, err := train.Text()
		if err != nil {
			t.Fatal(err)
		}
		text = strings.ReplaceAll(text, digest(t, train), "sha256:TRAIN")
		for _, p := range train.Crates {
			text = strings.ReplaceAll(text, digest(t, Of(p)), "sha256:PLAN-OF-"+p.Name)
		}
		return text
	}
	train := newTrain(t)
	goldenPlan(t, "train.txt", Of(train.Crates[0]), text(train))
	raw, err := train.JSON()
	if err != nil {
		t.Fatal(err)
	}
	// The crates' plans have golden files of their own.
	lines := strings.SplitAfter(string(raw), "\n")
	lines = slices.DeleteFunc(lines, func(l string) bool {
		return strings.HasPrefix(l, "      ") && !strings.HasPrefix(l, `      "tag"`) && !strings.HasPrefix(l, `      "crate"`)
	})
	goldenPlan(t, "train.json", Of(train.Crates[0]), strings.Join(lines, ""))

	part := newTrain(t, "shim-core", "shim-demo")
	goldenPlan(t, "train-part.txt", Of(part.Crates[0]), text(part))
	if got := part.Without(part.Crates[0]); !slices.Equal(got, []string{"shimkit"}) {
		t.Errorf("without shimkit, shim-core lacks %q", got)
	}
}

func TestTrainRefused(t *testing.T) {
	nowhere := map[string]string{"lib/Cargo.toml": "[package]\nname = \"lib\"\nversion = \"1.2.3\"\nedition = \"2024\"\npublish = false\n"}
	tests := []struct {
		name   string
		change map[string]string
		crates []string
		want   []string
	}{
		{"no such crate", nil, []string{"lib", "tokio"}, []string{`finding crate "tokio"`, "it has app, lib"}},
		{"another version", nil, []string{"lib@1.2.4"}, []string{`checking version "1.2.4"`, `crate "lib" is at "1.2.3"`, "lib/Cargo.toml"}},
		{"no version", nil, []string{"lib@"}, []string{`reading version ""`, "it is empty"}},
		{"two versions", nil, []string{"lib@1.2.3@1.2.3"}, []string{`reading version "1.2.3@1.2.3"`}},
		{"no name", nil, []string{"@1.2.3"}, []string{"checking crate name: it is empty"}},
		{"nothing", nil, []string{""}, []string{"checking crate name: it is empty"}},
		{"a list in one", nil, []string{"lib app"}, []string{`checking crate name "lib app"`}},
		{"twice", nil, []string{"lib", "lib@1.2.3"}, []string{`"lib" is listed twice`, "list it once"}},
		{"a hostile name", nil, []string{"../.."}, []string{`checking crate name "../.."`}},
		{"a hostile version", nil, []string{"lib@1.2; rm -rf"}, []string{`"1.2; rm -rf"`}},
		{"10 MB", nil, []string{strings.Repeat("a", 10<<20)}, []string{"it has 10485760 bytes"}},
		{"no crate goes to a registry", nowhere, nil, []string{"none of the workspace goes to a registry", "--crates"}},
		{"all at once", nil, []string{"tokio", "lib@9.9.9", "app@1.2.4"}, []string{`finding crate "tokio"`, `checking version "9.9.9"`, `checking version "1.2.4"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			train, err := New(read(t, base(tt.change)), Request{Crates: tt.crates})
			wantError(t, err, tt.want...)
			if train != nil {
				t.Errorf("there is a train: %v", train)
			}
			if s := err.Error(); len(s) > 600 || strings.ContainsAny(s, "\x00\u202e") {
				t.Errorf("error %q cannot be printed", s)
			}
		})
	}
	train, err := New(read(t, base(map[string]string{"Cargo.toml": "[workspace]\nmembers = [\"app\", \"lib\"]\n", ".cargo/config.toml": "include = \"x\"\n"})), Request{Crates: []string{"app", "lib"}})
	if err != nil {
		t.Fatal(err)
	}
	if found := train.Findings.Stopping(finding.Release); len(found) != 1 {
		t.Errorf("what is wrong with the workspace is not told once:\n%q", found.Lines())
	}
}
