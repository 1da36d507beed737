package local

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dagger/slipway/ci/step"
)

// onDisk returns how many bytes the files below a directory take on the disk.
func onDisk(t *testing.T, dir string) (sum int64) {
	t.Helper()
	check(t, filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		var st unix.Stat_t
		err = errors.Join(err, unix.Lstat(name, &st))
		sum += st.Blocks * 512
		return err
	}))
	return sum
}

// all returns a step that runs the probe and keeps /out.
func all(args ...string) step.Step {
	s := probe(args...)
	s.Outputs = []step.Output{{Name: "all", Path: "/out", Dir: true}}
	return s
}

// TestSparseOutputs checks that what a step leaves counts by the sizes of its files against the limit for
// the disk, and that nothing is kept of a step that left more.
func TestSparseOutputs(t *testing.T) {
	m := newMachine(t)
	const mib = 1 << 20
	size := func(n int) string { return strconv.Itoa(n * mib) }
	for what, s := range map[string]step.Step{
		"a file":        all("sparse", "/out/x", size(1025)),
		"several files": all("sparse", "/out/x", size(600), ";", "sparse", "/out/y", size(600)),
		"several names": all("sparse", "/out/x", size(600), ";", "hardlink", "/out/x", "/out/y"),
		"a single file": func() step.Step {
			s := probe("sparse", "/out/x", size(1025))
			s.Outputs = []step.Output{{Name: "all", Path: "/out/x"}}
			return s
		}(),
		"in a closed directory": all("mkdir", "/out/d", ";", "sparse", "/out/d/x", size(1025), ";", "chmod", "0", "/out/d"),
	} {
		t.Run(what, func(t *testing.T) {
			r := m.runner(t)
			r.limits.Disk = 1 << 30
			_, err := r.Run(t.Context(), s)
			wantError(t, err, `running step "probe": it was ended because it left files of more than 1.0 GiB, holes included`, "raise the limit with --limits disk=")
			var limit *step.LimitError
			if !errors.As(err, &limit) || limit.Limit != "disk" {
				t.Errorf("the error is a %T", err)
			}
			for _, pattern := range []string{"steps/*", "tmp/run-*/work/step-*"} {
				if left, _ := filepath.Glob(filepath.Join(m.cache, pattern)); len(left) > 0 {
					t.Errorf("it leaves %v", left)
				}
			}
		})
	}
}

// TestSparseCopies checks that holes take no room in the copies that slipway makes, that a step is
// not blamed for what an earlier one has left, and that contents are the same.
func TestSparseCopies(t *testing.T) {
	m := newMachine(t)
	r := m.runner(t)
	r.limits.Disk = 1 << 30
	run(t, r, all("sparse", "/out/x", strconv.Itoa(900<<20), ";", "write", "/out/y", "data"))
	more := all("sparse", "/out/z", strconv.Itoa(900<<20), ";", "cat", "/out/y")
	more.Name, more.Mounts = "more", []step.Mount{{Path: "/out", Step: "probe", Output: "all"}}
	if got := run(t, r, more).Stdout; !strings.Contains(got, "data") {
		t.Errorf("the copy holds %q", got)
	}
	to := filepath.Join(t.TempDir(), "to")
	check(t, r.Export(t.Context(), "more", "all", to))
	for name, size := range map[string]int64{"x": 900 << 20, "y": 4, "z": 900 << 20} {
		if info, err := os.Stat(filepath.Join(to, name)); err != nil || info.Size() != size {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	for _, dir := range []string{m.cache, to} {
		if used := onDisk(t, dir); used > 100<<20 {
			t.Errorf("%s takes %d bytes of the disk", dir, used)
		}
	}
}

// TestCopyContent copies files with holes in every place.
func TestCopyContent(t *testing.T) {
	const piece = 1 << 20
	for _, form := range []string{"", "-", "x", "-x", "x-", "x-x", "-x-", "--xx--x-"} {
		dir := t.TempDir()
		in, err := os.Create(filepath.Join(dir, "in"))
		check(t, err)
		check(t, in.Truncate(int64(len(form)*piece)))
		for i, c := range form {
			if c == 'x' {
				_, err := in.WriteAt([]byte(strings.Repeat(strconv.Itoa(i), piece)), int64(i*piece))
				check(t, err)
			}
		}
		out, err := os.Create(filepath.Join(dir, "out"))
		check(t, err)
		check(t, copyContent(t.Context(), out, in))
		check(t, errors.Join(in.Close(), out.Close()))
		want, err := os.ReadFile(filepath.Join(dir, "in"))
		check(t, err)
		if got, err := os.ReadFile(filepath.Join(dir, "out")); err != nil || string(got) != string(want) {
			t.Errorf("%q: the copy differs: %v", form, err)
		}
	}
}

// TestTimeOfReading checks that what slipway reads of a step's outputs counts as the step's time.
func TestTimeOfReading(t *testing.T) {
	m := newMachine(t)
	r := m.runner(t)
	r.limits.Time = 3 * time.Second
	var args []string
	for i := range 4 { // a minute of reading
		args = append(args, "sparse", "/out/"+strconv.Itoa(i), strconv.Itoa(15<<30), ";")
	}
	begin := time.Now()
	_, err := r.Run(t.Context(), all(append(args, "print", "done")...))
	wantError(t, err, "it was ended because it ran for more than 3s", "--limits time=")
	if took := time.Since(begin); took > 13*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestCopiesStop checks that copying and reading end with their context, which is no damage.
func TestCopiesStop(t *testing.T) {
	m := newMachine(t)
	s := all("write", "/out/x", "made")
	run(t, m.runner(t), s)
	ctx, stop := context.WithCancelCause(t.Context())
	r := m.runner(t)
	run(t, r, s)
	stop(errors.New("enough"))
	kept := glob(t, filepath.Join(m.cache, "steps", "*", "out", "0"))
	to := t.TempDir()
	_, digesting := digestTree(ctx, kept)
	for what, err := range map[string]error{"copying": copyTree(ctx, kept, to), "digesting": digesting, "exporting": r.Export(ctx, "probe", "all", filepath.Join(to, "x"))} {
		if err == nil || !strings.Contains(err.Error(), "enough") || strings.Contains(err.Error(), "damaged") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if left, _ := os.ReadDir(to); len(left) > 0 {
		t.Errorf("copied %v", left)
	}
	glob(t, filepath.Join(m.cache, "steps", "*", "out", "0"))
	if got := run(t, m.runner(t), s); !got.Cached {
		t.Error("the result was dropped")
	}
}
