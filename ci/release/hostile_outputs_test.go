package release

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"dagger/slipway/ci/assemble"
	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
	"dagger/slipway/ci/triple"
)

// guarded is a runner whose steps left a directory of hostile files. It exports them like the
// real runners do.
type guarded struct {
	*runner
	dir   string
	names map[string]string // below dir, by "step/output"
}

func (r guarded) Export(ctx context.Context, name, output, to string) error {
	at, ok := r.names[name+"/"+output]
	if !ok {
		return r.runner.Export(ctx, name, output, to)
	}
	d, err := beneath.OpenDir(r.dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return step.CopyOutput(step.Step{Name: name}, step.Output{Name: output, Path: "/" + at}, d, at, to)
}

// TestNothingIsLeft checks that no command leaves anything in --out if a binary is invalid.
func TestNothingIsLeft(t *testing.T) {
	t.Setenv("CANARY", "canary-77ab")
	for _, c := range []struct {
		name string
		make func(at string) error
		want string
	}{
		{"link", func(at string) error { return os.Symlink("/proc/self/environ", at) }, `"/bin" is a symbolic link to "/proc/self/environ"`},
		{"FIFO", func(at string) error { return unix.Mkfifo(at, 0o644) }, `"/bin" is a FIFO`},
		{"another file", func(at string) error { return os.WriteFile(at, []byte("not a program"), 0o755) }, "checking binary"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rel, r := newRelease(t)
			dir := t.TempDir()
			if err := c.make(filepath.Join(dir, "bin")); err != nil {
				t.Fatal(err)
			}
			rel.Runners = []step.Runner{guarded{r, dir, map[string]string{plan.StepBuild(triple.AArch64) + "/" + plan.OutputBinary("app"): "bin"}}}
			_, err := rel.DryRun(t.Context())
			says(t, err, c.want)
			says(t, rel.Build(t.Context()), c.want)
			if got := left(t, rel.Out); len(got) > 0 {
				t.Errorf("left %q", got)
			}
		})
	}
}

func TestBuild(t *testing.T) {
	rel, _ := newRelease(t)
	for range 2 { // the second run replaces what is there
		if err := rel.Build(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := left(t, rel.Out); !slices.Equal(got, []string{triple.AArch64, triple.X8664}) {
		t.Errorf("left %q", got)
	}
	for _, target := range []string{triple.AArch64, triple.X8664} {
		if info, err := os.Lstat(filepath.Join(rel.Out, target, "app")); err != nil || info.Mode() != 0o755 {
			t.Errorf("%s: %v, %v", target, info, err)
		}
	}
}

// TestOutIsNoLink checks that nothing is written through a link in the workspace.
func TestOutIsNoLink(t *testing.T) {
	rel, _ := newRelease(t)
	outside := t.TempDir()
	if err := os.Symlink(outside, rel.Out); err != nil {
		t.Fatal(err)
	}
	_, err := rel.DryRun(t.Context())
	says(t, err, "is a symbolic link to", outside, "--out")
	says(t, rel.Build(t.Context()), "is a symbolic link to", outside)
	if err := os.Remove(rel.Out); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(rel.Out, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(rel.Out, triple.X8664)); err != nil {
		t.Fatal(err)
	}
	says(t, rel.Build(t.Context()), "writing \"")
	if got := left(t, outside); len(got) > 0 {
		t.Errorf("written outside: %q", got)
	}
}

// TestPrebuiltIsCopied checks that the verified artifacts are a private copy, and that links and
// huge files are rejected.
func TestPrebuiltIsCopied(t *testing.T) {
	made, _ := newRelease(t)
	if _, err := made.DryRun(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(file string) error
		want   string
	}{
		{"link to the same bytes", func(file string) error { return link(file, file+".moved") }, "is a symbolic link to"},
		{"link outside", func(file string) error { _ = os.Remove(file); return os.Symlink("/proc/self/environ", file) }, `"/proc/self/environ"`},
		{"FIFO", func(file string) error { _ = os.Remove(file); return unix.Mkfifo(file, 0o644) }, "is a FIFO"},
		{"sparse file", func(file string) error { return os.Truncate(file, 1<<40) }, "has 1099511627776 bytes, expected at most"},
		{"none", func(string) error { return nil }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			rel, _ := newRelease(t)
			dir := filepath.Join(t.TempDir(), "dist")
			if err := os.CopyFS(dir, os.DirFS(made.Out)); err != nil {
				t.Fatal(err)
			}
			if err := c.change(filepath.Join(dir, "SHA256SUMS")); err != nil {
				t.Fatal(err)
			}
			rel.Prebuilt = &assemble.Prebuilt{Dir: dir}
			s, err := rel.DryRun(t.Context())
			if c.want != "" {
				says(t, err, "checking the artifacts in", dir, `"SHA256SUMS"`, c.want)
				return
			}
			if err != nil || len(s.Crates[0].Artifacts) != 12 {
				t.Fatalf("DryRun = %+v, %v", s, err)
			}
		})
	}
}

func link(file, moved string) error {
	outside := filepath.Join(filepath.Dir(filepath.Dir(file)), filepath.Base(moved))
	if err := os.Rename(file, outside); err != nil {
		return err
	}
	return os.Symlink(outside, file)
}
