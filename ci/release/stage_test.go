package release

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/handover"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/report"
	"dagger/slipway/ci/staged"
	"dagger/slipway/ci/triple"
)

// stagedRelease stages a release of crate "app", and returns the directory and the summary.
func stagedRelease(t *testing.T) (Staged, *report.Report) {
	t.Helper()
	rel, _ := newRelease(t)
	rel.Out = filepath.Join(t.TempDir(), "staged")
	s, err := rel.Stage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return Staged{Dir: rel.Out, Digest: s.Digest}, s
}

// elsewhere returns the same release in another job, without a runner.
func elsewhere(t *testing.T) (*Release, *runner) {
	t.Helper()
	rel, r := newRelease(t)
	rel.Runners = nil
	return rel, r
}

// TestStaged checks that a release staged in one job and packaged in another gives the same
// bytes and results as one made in a single job.
func TestStaged(t *testing.T) {
	from, said := stagedRelease(t)
	if !said.Staged || said.Crates[0].Signed != "" || len(said.Crates[0].Tests) != 2 || !strings.Contains(said.Text("there"), "--staged there --staged-digest "+string(from.Digest)) {
		t.Errorf("the summary is %+v\n%s", said, said.Text("there"))
	}
	rel, _ := elsewhere(t)
	if err := rel.UseStaged(from, filepath.Join(t.TempDir(), "copy")); err != nil {
		t.Fatal(err)
	}
	got, err := rel.DryRun(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	whole, r := newRelease(t)
	want, err := whole.DryRun(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Crates[0].Artifacts, want.Crates[0].Artifacts) || !reflect.DeepEqual(got.Crates[0].Tests, want.Crates[0].Tests) || got.Digest != want.Digest {
		t.Errorf("in two jobs: %+v\nin one: %+v", got, want)
	}
	if digest, err := handover.Of(rel.Out); err != nil || digest != got.Digest {
		t.Errorf("the summary has digest %s, the directory %s, %v", got.Digest, digest, err)
	}
	if got.Runner != "fake, in another job" || len(r.ran) == 0 {
		t.Errorf("the runner is %q", got.Runner)
	}
}

// TestStagedLies checks that claims of the build job that contradict the plan are rejected,
// even if the digest is right.
func TestStagedLies(t *testing.T) {
	write := func(name, content string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(dir, "app", name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	x8664 := "outputs/build-" + triple.X8664 + "/bin/app"
	for _, tt := range []struct {
		name, want string
		change     func(*testing.T, string)
	}{
		{"another compiler", "has Rust 1.95.0", write("answers/toolchain.txt", "release: 1.95.0\n")},
		{"a compiler that is no version", "reading `rustc --version --verbose`", write("answers/toolchain.txt", "release: \"; x\n")},
		{"another reading of the workspace", "only cargo says", write("answers/metadata.txt", strings.Replace(metadata, "1.2.3", "1.2.4", 1))},
		{"no reading of the workspace", "reading the output of `cargo metadata`", write("answers/metadata.txt", "")},
		{"a crate that the lock file does not have", "evil", write("answers/crates-"+triple.X8664+".txt", crates+"1evil v1.0.0\t\t\n")},
		{"no tree at all", "reading the output of `cargo tree`", write("answers/crates-"+triple.X8664+".txt", "::add-mask::\n")},
		{"a script for a binary", "checking binary", write(x8664, "#!/bin/sh\n")},
		{"another plan", "it is of another plan", func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, stagedPlan), []byte("{}\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}},
		{"no plan", "it has no plan.json", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, stagedPlan)); err != nil {
				t.Fatal(err)
			}
		}},
		{"a crate more", `"evil" is not part of this plan`, func(t *testing.T, dir string) {
			if err := os.CopyFS(filepath.Join(dir, "evil"), os.DirFS(filepath.Join(dir, "app"))); err != nil {
				t.Fatal(err)
			}
		}},
		{"a file more", `"answers/upload.txt" is not part of this plan`, write("answers/upload.txt", "")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from, _ := stagedRelease(t)
			tt.change(t, from.Dir)
			var err error
			if from.Digest, err = handover.Of(from.Dir); err != nil {
				t.Fatal(err)
			}
			rel, _ := elsewhere(t)
			if err = rel.UseStaged(from, filepath.Join(t.TempDir(), "copy")); err == nil {
				_, err = rel.DryRun(t.Context())
			}
			says(t, err, tt.want)
			if got := left(t, rel.Out); len(got) > 0 {
				t.Errorf("wrote %q", got)
			}
		})
	}
}

// TestStagedLock checks that a staged lock file that differs from the workspace's is rejected.
func TestStagedLock(t *testing.T) {
	const serde = "\n[[package]]\nname = \"serde\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"0000000000000000000000000000000000000000000000000000000000000000\"\n"
	const lock = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"1.2.3\"\ndependencies = [\"serde\"]\n" + serde
	w, err := cargo.Read(fstest.MapFS{
		"Cargo.toml":   {Data: []byte("[package]\nname = \"app\"\nversion = \"1.2.3\"\nedition = \"2024\"\npublish = false\n[dependencies]\nserde = \"1\"\n")},
		"Cargo.lock":   {Data: []byte(lock)},
		"CHANGELOG.md": {Data: []byte("## [1.2.3]\n\n- First.\n")},
		"src/main.rs":  {Data: []byte("fn main() {}")},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(w, plan.Request{Crates: []string{"app@1.2.3"}, Toolchain: "rust:1.96.0"})
	if err != nil {
		t.Fatal(err)
	}
	rel, r := newRelease(t)
	rel.Workspace, rel.Plan = w, p
	r.files[plan.StepFetch+"/"+plan.OutputLock] = []byte(lock)
	r.stdout[plan.StepMetadata] = strings.Replace(metadata, `"dependencies": []`, `"dependencies": [{"name": "serde", "req": "^1", "kind": null, "optional": false, "uses_default_features": true, "features": [], "target": null, "rename": null, "registry": null, "source": "registry+https://github.com/rust-lang/crates.io-index"}]`, 1)
	for _, target := range []string{triple.X8664, triple.AArch64} {
		r.stdout[plan.StepCrates(target)] = crates + "1serde v1.0.0\tMIT\t\n"
	}
	s, err := rel.Stage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ lock, want string }{
		"as it was":         {lock, ""},
		"a package more":    {lock + strings.Replace(serde, `"serde"`, `"evil"`, 1), "evil"},
		"another checksum":  {strings.Replace(lock, "0000", "1111", 1), "serde"},
		"another version":   {strings.Replace(lock, "1.0.0", "1.0.1", 1), "serde"},
		"nothing like that": {"::add-mask::", "lock file that cargo wrote"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "staged")
			err := errors.Join(os.CopyFS(dir, os.DirFS(rel.Out)), os.WriteFile(filepath.Join(dir, "app", "outputs", "fetch", "lock"), []byte(tt.lock), 0o644))
			if err != nil {
				t.Fatal(err)
			}
			digest, err := handover.Of(dir)
			if err != nil {
				t.Fatal(err)
			}
			if tt.want == "" && digest != s.Digest {
				t.Errorf("the digest is %s, reported was %s", digest, s.Digest)
			}
			there, _ := elsewhere(t)
			there.Workspace, there.Plan = w, p
			if err = there.UseStaged(Staged{Dir: dir, Digest: digest}, filepath.Join(t.TempDir(), "copy")); err == nil {
				_, err = there.DryRun(t.Context())
			}
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			says(t, err, tt.want)
		})
	}
}

// TestStagedBinary checks that the other target's valid binary is rejected.
func TestStagedBinary(t *testing.T) {
	from, _ := stagedRelease(t)
	a, b := staged.Path(filepath.Join(from.Dir, "app"), plan.StepBuild(triple.X8664), "bin/app"), staged.Path(filepath.Join(from.Dir, "app"), plan.StepBuild(triple.AArch64), "bin/app")
	if err := errors.Join(os.Rename(a, a+"1"), os.Rename(b, a), os.Rename(a+"1", b)); err != nil {
		t.Fatal(err)
	}
	rel, _ := elsewhere(t)
	says(t, rel.UseStaged(from, filepath.Join(t.TempDir(), "copy")), "its files have the digest", "that job reported "+string(from.Digest))
	var err error
	if from.Digest, err = handover.Of(from.Dir); err != nil {
		t.Fatal(err)
	}
	if err := rel.UseStaged(from, filepath.Join(t.TempDir(), "copy")); err != nil {
		t.Fatal(err)
	}
	_, err = rel.DryRun(t.Context())
	says(t, err, `checking binary "app": it is for`)
}

// TestStageFailures checks that nothing is staged unless every step succeeded, and that nothing
// is overwritten.
func TestStageFailures(t *testing.T) {
	rel, r := newRelease(t)
	r.fail[plan.StepTest(triple.AArch64)] = errors.New("failed")
	if _, err := rel.Stage(t.Context()); err == nil || left(t, filepath.Dir(rel.Out)) != nil && slices.Contains(left(t, filepath.Dir(rel.Out)), "dist") {
		t.Errorf("after a failed test: %v", err)
	}
	rel, r = newRelease(t)
	r.files[plan.StepBuild(triple.X8664)+"/bin/app"] = []byte("#!/bin/sh\n")
	_, err := rel.Stage(t.Context())
	says(t, err, "checking binary")
	if got := left(t, filepath.Dir(rel.Out)); len(got) > 0 {
		t.Errorf("it left %q", got)
	}
	rel, _ = newRelease(t)
	if err := errors.Join(os.MkdirAll(rel.Out, 0o755), os.WriteFile(filepath.Join(rel.Out, "mine"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	_, err = rel.Stage(t.Context())
	says(t, err, "expected that it is missing or empty")
}
