package build

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dagger/slipway/ci/beneath"
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

// TestLockOutput checks that a symbolic link is rejected as the lock file.
func TestLockOutput(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, plan.OutputLock)); err != nil {
		t.Fatal(err)
	}
	err := (&Crate{Runner: linked{dir: dir}}).checkLock(t.Context())
	for _, want := range []string{`output "lock" of step "fetch"`, `is a symbolic link to "/etc/hostname"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, expected %q", err, want)
		}
	}
}
