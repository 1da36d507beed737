package build

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/beneath"
	"dagger/slipway/ci/cargo"
	"dagger/slipway/ci/plan"
	"dagger/slipway/ci/step"
)

// linked is a runner whose only step has left a directory. It exports from there like the real
// runners do.
type linked struct {
	step.Runner
	dir string
}

func (r linked) Export(_ context.Context, name, output, to string) error {
	d, err := beneath.OpenDir(r.dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return step.CopyOutput(step.Step{Name: name}, step.Output{Name: output, Path: "/" + output}, d, output, to)
}

// TestResolvedLock checks that what is built in a workspace without a lock file is described by the
// one that the fetch has made.
func TestResolvedLock(t *testing.T) {
	text := "version = 4\n\n[[package]]\nname = \"itoa\"\nversion = \"1.0.0\"\n"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, plan.OutputLock), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c := &Crate{Runner: linked{dir: dir}, Workspace: &cargo.Workspace{}}
	b := &Built{}
	if err := c.judge(t.Context(), b, step.Step{Name: plan.StepFetch}, step.Result{}); err != nil {
		t.Fatal(err)
	}
	if len(b.Lock.Packages) != 1 || b.Lock.Packages[0].Name != "itoa" || b.Lock.SHA256 != sha256.Sum256([]byte(text)) {
		t.Errorf("the lock file is %v", b.Lock)
	}
}

// TestLockOutput checks that a symbolic link is rejected as the lock file.
func TestLockOutput(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, plan.OutputLock)); err != nil {
		t.Fatal(err)
	}
	_, err := (&Crate{Runner: linked{dir: dir}}).checkLock(t.Context())
	for _, want := range []string{`output "lock" of step "fetch"`, `is a symbolic link to "/etc/hostname"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, expected %q", err, want)
		}
	}
}
